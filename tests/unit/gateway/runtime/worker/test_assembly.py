"""A snapshot compiled between other work of the loop."""

import asyncio
from collections.abc import Iterator

import msgspec
import pytest

from gateway.model.route import Match, Place, Route
from gateway.model.snapshot import Snapshot
from gateway.model.upstream import Upstream
from gateway.runtime.fleet.package import build_package, encode_slices
from gateway.runtime.worker.assembly import BUSY, Assembly, Pace
from gateway.wire.control import Begin, Slice, decode_down


class Preparation:
    """Keeps what it is given, and takes a while for it."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.routes: list[str] = []
        self.finished_steps = 0

    def add(self, route: Route) -> None:
        if route.name == "broken":
            raise ValueError("this route cannot be compiled")
        self.routes.append(route.name)

    def finish(self) -> Iterator[None]:
        for _ in range(3):
            self.finished_steps += 1
            yield

    def activate(self) -> None:
        raise AssertionError("activating is not the assembly's part")


def snapshot(*routes: str, upstreams: int = 0) -> Snapshot:
    return Snapshot(
        revision="0123456789ab",
        sequence=1,
        listeners=(),
        upstreams=tuple(Upstream(f"u{index}", ()) for index in range(upstreams)),
        routes=tuple(Route(name, index, Match(), Place("f", 1)) for index, name in enumerate(routes)),
    )


def messages(whole: Snapshot) -> tuple[Begin, list[Slice]]:
    begin, *slices = (decode_down(message) for message in build_package(whole, encode_slices(whole), {}).messages)
    assert isinstance(begin, Begin)
    return begin, [part for part in slices if isinstance(part, Slice)]


async def assemble(whole: Snapshot, pace: Pace = BUSY) -> tuple[Preparation, int]:
    """The finished preparation, and how often the loop got its turn meanwhile."""
    begin, slices = messages(whole)
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def on_done(failure: Exception | None) -> None:
        if failure is None:
            done.set_result(None)
        else:
            done.set_exception(failure)

    assembly = Assembly(begin, Preparation, on_done, pace)
    turns = 0
    for part in slices:
        assembly.extend(part)
        await asyncio.sleep(0)
        turns += 1
    while not done.done():
        await asyncio.sleep(0)
        turns += 1
    await done
    assert isinstance(assembly.preparation, Preparation)
    return assembly.preparation, turns


def test_all_routes_and_upstreams_arrive_in_order() -> None:
    names = [f"r{index}" for index in range(230)]
    preparation, _ = asyncio.run(assemble(snapshot(*names, upstreams=120)))
    assert preparation.routes == names
    assert [upstream.name for upstream in preparation.snapshot.upstreams] == [f"u{index}" for index in range(120)]
    assert preparation.finished_steps == 3


def test_a_snapshot_without_routes_is_whole_at_once() -> None:
    preparation, _ = asyncio.run(assemble(snapshot()))
    assert preparation.routes == []


def test_each_turn_ends_when_its_budget_is_used() -> None:
    names = [f"r{index}" for index in range(200)]
    _, turns = asyncio.run(assemble(snapshot(*names), pace=Pace(turn_ns=0, pause_s=0.0)))
    assert turns > 200


def test_a_failure_is_told_and_nothing_is_prepared() -> None:
    with pytest.raises(ValueError, match="cannot be compiled"):
        asyncio.run(assemble(snapshot("fine", "broken")))


def test_a_cancelled_assembly_says_nothing_more() -> None:
    async def cancel() -> list[Exception | None]:
        told: list[Exception | None] = []
        begin, slices = messages(snapshot("a"))
        assembly = Assembly(begin, Preparation, told.append, BUSY)
        assembly.cancel()
        assembly.extend(slices[0])
        await assemble(snapshot("a"))  # One that began later and ends is proof that this one would have ended.
        return told

    assert asyncio.run(cancel()) == []


def test_what_is_no_route_is_a_failure_too() -> None:
    async def assemble_nonsense() -> Exception | None:
        done: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()
        begin, _ = messages(snapshot("a"))
        assembly = Assembly(begin, Preparation, done.set_result, BUSY)
        assembly.extend(Slice(routes=[msgspec.Raw(b"\x01")]))
        return await done

    assert isinstance(asyncio.run(assemble_nonsense()), msgspec.ValidationError)
