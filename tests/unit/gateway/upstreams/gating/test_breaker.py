"""The circuit breaker by the clock of the test: when it opens, how it probes, and what says nothing to it."""

from typing import Final

import pytest

from gateway.model.breaker import BreakerSettings, CircuitCause, CircuitState
from gateway.model.clock import SECOND_NS
from gateway.upstreams.gating.breaker import Breaker, Transition

SETTINGS: Final = BreakerSettings(min_requests=4, half_open_requests=2)
OPENED: Final = Transition(CircuitState.OPEN, CircuitCause.FAILURE_RATIO, 4, 2)
HALF_OPENED: Final = Transition(CircuitState.HALF_OPEN, CircuitCause.WAITED, 0, 0)


class Scene:
    def __init__(self, settings: BreakerSettings = SETTINGS) -> None:
        self.told: list[Transition] = []
        self.breaker = Breaker(settings, self.told.append)
        self.now_ns = 1_000 * SECOND_NS

    def admit(self) -> int:
        return self.breaker.admit(self.now_ns)

    def end(self, ticket: int, *, has_failed: bool | None) -> None:
        self.breaker.ended(ticket, self.now_ns, has_failed=has_failed)

    def run(self, *, good: int = 0, bad: int = 0) -> None:
        for has_failed in [False] * good + [True] * bad:
            self.end(self.admit(), has_failed=has_failed)

    def sleep(self, seconds: float) -> None:
        self.now_ns += round(seconds * SECOND_NS)

    def half_open(self) -> None:
        self.run(good=2, bad=2)
        self.sleep(5)
        self.breaker.look(self.now_ns)


def test_it_opens_when_the_share_of_failures_is_reached_among_enough_requests() -> None:
    scene = Scene()
    scene.run(bad=1, good=2)
    assert scene.breaker.state is CircuitState.CLOSED
    scene.run(bad=1)
    assert scene.told == [OPENED]
    assert not scene.admit()


def test_it_stays_closed_while_there_are_too_few_requests_or_too_few_failures() -> None:
    scene = Scene()
    scene.run(bad=3)
    assert scene.breaker.state is CircuitState.CLOSED
    scene = Scene()
    scene.run(good=60, bad=50)
    assert scene.breaker.state is CircuitState.CLOSED


@pytest.mark.parametrize(("wait_s", "opens"), [(8.0, True), (11.0, False), (500.0, False)])
def test_what_lies_further_back_than_the_window_does_not_count(wait_s: float, *, opens: bool) -> None:
    scene = Scene()
    scene.run(bad=3)
    scene.sleep(wait_s)
    scene.run(bad=1)
    assert (scene.breaker.state is CircuitState.OPEN) == opens


def test_who_has_left_and_who_began_before_it_opened_says_nothing() -> None:
    scene = Scene()
    for _ in range(50):
        scene.end(scene.admit(), has_failed=None)
    late = scene.admit()
    scene.half_open()
    scene.end(late, has_failed=True)
    assert scene.told == [OPENED, HALF_OPENED]


def test_open_for_long_enough_it_lets_so_many_through_at_a_time_and_no_more() -> None:
    scene = Scene()
    scene.run(good=2, bad=2)
    scene.sleep(4.9)
    assert (scene.admit(), scene.breaker.opens_in_ns(scene.now_ns)) == (0, SECOND_NS // 10)
    scene.sleep(0.1)
    probes = [scene.admit(), scene.admit()]
    assert all(probes)
    assert not scene.admit()
    assert scene.told[-1] == HALF_OPENED
    scene.end(probes[0], has_failed=None)
    assert scene.breaker.probes == 1
    assert scene.admit()
    assert not scene.admit()


def test_it_closes_when_enough_probes_have_passed_and_has_forgotten_what_was_before() -> None:
    scene = Scene()
    scene.half_open()
    scene.run(good=2)
    assert scene.told[-1] == Transition(CircuitState.CLOSED, CircuitCause.PROBES_PASSED, 2, 0)
    scene.run(bad=3)
    assert scene.breaker.state is CircuitState.CLOSED


def test_one_probe_that_fails_opens_it_for_as_long_again() -> None:
    scene = Scene()
    scene.half_open()
    scene.run(good=1, bad=1)
    assert scene.told[-1] == Transition(CircuitState.OPEN, CircuitCause.PROBE_FAILED, 2, 1)
    scene.sleep(4.9)
    assert not scene.admit()
    scene.sleep(0.1)
    assert scene.admit()


def test_an_end_stamped_a_little_earlier_than_the_last_is_counted_all_the_same() -> None:
    scene = Scene()
    scene.run(bad=3)
    scene.sleep(-2)
    scene.run(bad=1)
    assert scene.breaker.state is CircuitState.OPEN


def test_new_settings_are_in_force_at_once() -> None:
    scene = Scene()
    scene.run(good=2, bad=2)
    scene.breaker.configure(BreakerSettings(open_for_ns=SECOND_NS))
    scene.sleep(1)
    assert scene.admit()


def test_another_window_begins_empty() -> None:
    scene = Scene()
    scene.run(bad=3)
    scene.breaker.configure(BreakerSettings(min_requests=4, window_ns=SECOND_NS))
    scene.run(bad=3)
    assert scene.told == []
    scene.run(bad=1)
    assert [transition.requests for transition in scene.told] == [4]


def test_one_that_was_opened_in_another_worker_is_open_for_what_is_left_of_its_time_and_nobody_is_told() -> None:
    scene = Scene()
    before = scene.admit()
    scene.breaker.resume(scene.now_ns - 3 * SECOND_NS)
    assert (scene.breaker.state, scene.breaker.closed_ticket, scene.admit()) == (CircuitState.OPEN, 0, 0)
    assert scene.breaker.opens_in_ns(scene.now_ns) == 2 * SECOND_NS
    scene.end(before, has_failed=True)
    assert scene.told == []
    scene.sleep(2)
    assert scene.admit()
    assert scene.told == [HALF_OPENED]
