"""Values made in slices, once for all who ask."""

import asyncio
import threading
import time

import pytest

from gateway.runtime.reading.shared import Fresh, Shared, Slices, Steps
from gateway.telemetry.history.look import NOW, Look


class Maker:
    def __init__(self, steps: int = 3) -> None:
        self.made: list[Look] = []
        self.version = 1
        self._steps = steps

    def make(self, look: Look) -> Steps[str]:
        self.made.append(look)
        for _ in range(self._steps):
            yield
        return f"{len(self.made)} of {look.window_s}"


def test_whoever_asks_while_it_is_made_or_within_a_second_gets_the_same() -> None:
    maker = Maker()
    shared = Shared(maker.make, lambda: maker.version, Slices())

    async def ask() -> None:
        answers = await asyncio.gather(*(shared.get(NOW) for _ in range(5)))
        assert {*answers, await shared.get(NOW)} == {"1 of 60"}
        assert await shared.get(Look(300)) == "2 of 300"

    asyncio.run(ask())
    assert maker.made == [NOW, Look(300)]


def test_another_version_is_made_anew_and_so_is_what_is_old() -> None:
    maker = Maker()
    shared = Shared(maker.make, lambda: maker.version, Slices(), fresh_s=0.05)

    async def ask() -> None:
        assert await shared.get(NOW) == "1 of 60"
        maker.version = 2
        assert await shared.get(NOW) == "2 of 60"
        deadline_s = time.monotonic() + 5
        while await shared.get(NOW) == "2 of 60":
            assert time.monotonic() < deadline_s
            await asyncio.sleep(0.01)

    asyncio.run(ask())


def test_the_looks_asked_for_longest_ago_are_let_go() -> None:
    maker = Maker()
    shared = Shared(maker.make, lambda: 1, Slices())

    async def ask() -> None:
        for window_s in (10, 20, 30, 40, 50, 10):
            await shared.get(Look(window_s))

    asyncio.run(ask())
    assert len(maker.made) == 6


def test_one_who_goes_away_does_not_take_it_from_the_others() -> None:
    shared = Shared(Maker().make, lambda: 1, Slices())

    async def ask() -> str:
        leaving, staying = asyncio.create_task(shared.get(NOW)), asyncio.create_task(shared.get(NOW))
        await asyncio.sleep(0)
        leaving.cancel()
        return await staying

    assert asyncio.run(ask()) == "1 of 60"


def slow(steps: int) -> Steps[str]:
    for _ in range(steps):
        until_s = time.perf_counter() + 0.002
        while time.perf_counter() < until_s:
            pass
        yield
    return "done"


async def turns_while(making: "asyncio.Future[list[str]]") -> int:
    turns = 0
    while not making.done():
        await asyncio.sleep(0)
        turns += 1
    return turns


@pytest.mark.parametrize(("values", "steps"), [(1, 20), (10, 5)])
def test_the_loop_goes_on_while_large_values_are_made_however_many_at_once(values: int, steps: int) -> None:
    slices = Slices()

    async def ask() -> int:
        return await turns_while(asyncio.gather(*(slices.make(slow(steps)) for _ in range(values))))

    # Two steps are a slice, and between any two slices of all of them there is a turn.
    assert asyncio.run(ask()) >= values * steps // 2 - values


def test_only_a_few_are_begun_at_once() -> None:
    begun: list[int] = []

    def steps(number: int) -> Steps[int]:
        begun.append(number)
        yield
        return number

    async def ask() -> None:
        slices = Slices()
        blocked = [asyncio.ensure_future(slices.make(endless())) for _ in range(3)]
        assert await asyncio.gather(*(slices.make(steps(number)) for number in range(5))) == list(range(5))
        blocked.append(asyncio.ensure_future(slices.make(endless())))
        late = asyncio.ensure_future(slices.make(steps(9)))
        for _ in range(20):
            await asyncio.sleep(0)
        assert 9 not in begun
        for each in blocked:
            each.cancel()
        assert await late == 9

    asyncio.run(ask())


def endless() -> Steps[int]:
    while True:
        time.sleep(0.0005)
        yield


def test_what_takes_long_is_kept_for_longer_and_what_nobody_looks_at_goes() -> None:
    made: list[Look] = []

    def make(look: Look) -> Steps[str]:
        made.append(look)
        return (yield from slow(50))

    async def ask() -> None:
        shared = Shared(make, lambda: 1, Slices(), fresh_s=0.001)
        began_s = time.monotonic()
        await shared.get(NOW)
        took_s = time.monotonic() - began_s
        await asyncio.sleep(took_s / 4)
        await shared.get(NOW)
        assert len(made) == 1
        shared.forget()
        await shared.get(NOW)
        assert len(made) == 2

    asyncio.run(ask())


def test_a_fresh_value_is_made_off_the_loop_once_for_all_and_again_for_another_version() -> None:
    made: list[int] = []
    version = 1

    def make() -> int:
        assert threading.current_thread() is not threading.main_thread()
        made.append(version)
        return version

    fresh = Fresh(make, lambda: version, 0)

    async def ask() -> None:
        nonlocal version
        assert {*await asyncio.gather(fresh.get(), fresh.get())} == {1}
        version = 2
        assert await fresh.get() == 2
        assert fresh.newest == 2

    asyncio.run(ask())
    assert made == [1, 2]
