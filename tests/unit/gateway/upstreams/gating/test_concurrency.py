"""The adaptive limit against a modelled upstream: it finds the capacity there is, and leaves it alone where it is not needed."""

from collections.abc import Callable

import pytest

from gateway.model.breaker import ConcurrencySettings
from gateway.model.clock import MILLISECOND_NS, SECOND_NS
from gateway.upstreams.gating.concurrency import FIRST_LIMIT, WINDOW_NS, ConcurrencyLimit

FAST_NS = 10 * MILLISECOND_NS


class Scene:
    """A window after another of requests as many as the limit allows, whose latency depends on how many there are."""

    def __init__(self, settings: ConcurrencySettings | None = None) -> None:
        self.limit = ConcurrencyLimit(settings or ConcurrencySettings())
        self.now_ns = SECOND_NS

    def run(self, windows: int, latency_ns: Callable[[int], int], *, offered: int | None = None) -> list[int]:
        limits = []
        for _ in range(windows):
            in_flight = self.limit.limit if offered is None else min(offered, self.limit.limit)
            for _ in range(10):
                self.now_ns += WINDOW_NS // 9 + 1
                self.limit.ended(latency_ns(in_flight), in_flight, self.now_ns)
            limits.append(self.limit.limit)
        return limits


def capacity(places: int) -> Callable[[int], int]:
    """An upstream with so many places: who finds none free waits."""
    return lambda in_flight: FAST_NS * max(1, in_flight) // min(places, max(1, in_flight))


def test_it_grows_while_latency_stays_what_it_is() -> None:
    scene = Scene()
    limits = scene.run(100, lambda _: FAST_NS)
    assert limits == sorted(limits)
    assert limits[-1] > 4 * FIRST_LIMIT


def test_it_does_not_grow_while_nobody_needs_it() -> None:
    assert set(Scene().run(50, lambda _: FAST_NS, offered=5)) == {FIRST_LIMIT}


@pytest.mark.parametrize("places", [10, 50, 200])
def test_it_settles_near_what_the_upstream_can_do(places: int) -> None:
    limits = Scene().run(400, capacity(places))[-100:]
    assert places * 0.8 < min(limits)
    assert max(limits) < max(3 * places, 3 * FIRST_LIMIT)


def test_it_shrinks_within_seconds_when_the_upstream_becomes_slow_and_finds_back() -> None:
    scene = Scene()
    before = scene.run(200, capacity(100))[-1]
    slow = scene.run(20, lambda in_flight: capacity(10)(in_flight) * 2)[-1]
    assert slow < before / 3
    assert scene.run(150, capacity(100))[-1] > 100


def test_an_upstream_that_is_slower_from_now_on_is_not_starved_for_long() -> None:
    scene = Scene()
    scene.run(100, lambda _: FAST_NS)
    limits = scene.run(400, lambda _: 4 * FAST_NS)
    assert min(limits) < FIRST_LIMIT
    assert limits[-1] > 2 * FIRST_LIMIT


def test_it_stays_within_its_bounds_which_may_change() -> None:
    scene = Scene(ConcurrencySettings(min=8, max=30))
    assert max(scene.run(100, lambda _: FAST_NS)) == 30
    assert min(scene.run(100, lambda in_flight: FAST_NS * in_flight**2)) >= 8
    scene.limit.configure(ConcurrencySettings(min=2, max=5))
    assert scene.limit.limit <= 5
