"""Names looked up again and again: what is known stays known until something better is."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from gateway.model.snapshot import Snapshot
from gateway.model.upstream import Endpoint, Upstream
from gateway.runtime import resolver
from gateway.runtime.resolver import Resolved, Resolver, look_up, needs_lookup


def endpoint(address: str) -> Endpoint:
    host, _, port = address.rpartition(":")
    return Endpoint(address, host=host, port=int(port))


def snapshot(*addresses: str) -> Snapshot:
    upstream = Upstream("orders", tuple(endpoint(address) for address in addresses))
    return Snapshot(revision="0123456789ab", sequence=1, listeners=(), upstreams=(upstream,), routes=())


class Names:
    """A directory of names that a test may change; a name without an entry does not exist, one with None hangs."""

    def __init__(self, **entries: tuple[str, ...] | None) -> None:
        self.entries = entries
        self.asked: list[str] = []

    async def look_up(self, name: str) -> tuple[str, ...]:
        self.asked.append(name)
        if name not in self.entries:
            raise OSError(-2, "Name or service not known")
        found = self.entries[name]
        if found is None:
            await asyncio.Event().wait()
        return found or ()


def follow(
    names: Names, *steps: Callable[[Resolver], Awaitable[None]]
) -> tuple[Resolver, list[Resolved], list[tuple[str, str]]]:
    """A resolver after these steps, all it published, and all it complained of."""
    published: list[Resolved] = []
    troubles: list[tuple[str, str]] = []

    async def run() -> Resolver:
        made = Resolver(published.append, lambda name, why: troubles.append((name, why)), names.look_up)
        for step in steps:
            await step(made)
        return made

    return asyncio.run(run()), published, troubles


def test_every_endpoint_of_a_name_gets_its_addresses_and_literal_ones_are_not_asked_for() -> None:
    names = Names(orders=("10.0.0.1", "10.0.0.2"))
    resolved, published, _ = follow(names, lambda made: made.follow(snapshot("orders:80", "orders:81", "127.0.0.1:9")))
    assert names.asked == ["orders"]
    assert resolved.resolved == {"orders:80": ("10.0.0.1", "10.0.0.2"), "orders:81": ("10.0.0.1", "10.0.0.2")}
    assert published == [resolved.resolved]


def test_a_name_that_is_known_is_not_waited_for_again() -> None:
    names = Names(orders=("10.0.0.1",), files=("10.0.0.2",))
    follow(
        names,
        lambda made: made.follow(snapshot("orders:80")),
        lambda made: made.follow(snapshot("orders:80", "files:80")),
    )
    assert names.asked == ["orders", "files"]


async def look_again(made: Resolver) -> None:
    await made._look_up_all(made._addresses)
    made._publish()


def test_a_new_answer_is_published_and_the_same_is_not() -> None:
    names = Names(orders=("10.0.0.1",))

    async def move(_: Resolver) -> None:
        names.entries["orders"] = ("10.0.0.9",)

    _, published, _ = follow(names, lambda made: made.follow(snapshot("orders:80")), look_again, move, look_again)
    assert published == [{"orders:80": ("10.0.0.1",)}, {"orders:80": ("10.0.0.9",)}]


@pytest.mark.parametrize("answer", [(), "gone"], ids=["empty", "failed"])
def test_an_empty_or_failed_answer_keeps_the_last_good_and_is_told_once(answer: tuple[str, ...] | str) -> None:
    names = Names(orders=("10.0.0.1",))

    async def worsen(_: Resolver) -> None:
        if isinstance(answer, str):
            del names.entries["orders"]
        else:
            names.entries["orders"] = answer

    resolved, _, troubles = follow(
        names, lambda made: made.follow(snapshot("orders:80")), worsen, look_again, look_again
    )
    assert resolved.resolved == {"orders:80": ("10.0.0.1",)}
    assert [name for name, _ in troubles] == ["orders"]


def test_a_lookup_that_hangs_holds_nobody_up_and_is_not_repeated_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolver, "LOOKUP_DEADLINE_S", 0.05)
    names = Names(stuck=None, orders=("10.0.0.1",))
    resolved, _, troubles = follow(
        names, lambda made: made.follow(snapshot("stuck:80", "orders:80")), look_again, look_again
    )
    assert resolved.resolved == {"orders:80": ("10.0.0.1",)}
    assert names.asked.count("stuck") == 1
    assert [name for name, _ in troubles] == ["stuck"]


def test_names_that_are_gone_from_the_configuration_are_forgotten() -> None:
    names = Names(orders=("10.0.0.1",))
    resolved, published, _ = follow(
        names, lambda made: made.follow(snapshot("orders:80")), lambda made: made.follow(snapshot("127.0.0.1:80"))
    )
    assert resolved.resolved == {}
    assert published[-1] == {}


def test_the_system_resolver_knows_this_machine() -> None:
    assert "127.0.0.1" in asyncio.run(look_up("localhost"))


@pytest.mark.parametrize("name", ["nowhere.invalid", "x" * 100])
def test_what_the_system_does_not_know_is_an_error(name: str) -> None:
    with pytest.raises(OSError):
        asyncio.run(look_up(name))


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (endpoint("orders:80"), True),
        (endpoint("127.0.0.1:80"), False),
        (Endpoint("[::1]:80", host="::1", port=80), False),
        (Endpoint("unix:/run/x.sock", unix_path="/run/x.sock"), False),
    ],
)
def test_only_names_need_a_lookup(made: Endpoint, expected: bool) -> None:
    assert needs_lookup(made) is expected
