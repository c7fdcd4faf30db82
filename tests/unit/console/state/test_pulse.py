"""Seconds as they are told."""

from console.state.messages import Event
from console.state.model import Model
from console.state.pulse import KEPT_S
from tests.support.situations import second


def heard(*ticks: Event) -> Model:
    model = Model()
    for tick in ticks:
        model.take(tick)
    return model


def test_the_last_seconds_add_up_and_know_how_long_they_were() -> None:
    model = heard(*(second(ago, {("route", "a"): (10, 0 if ago > 2 else 5)}) for ago in (4, 3, 2, 1)))
    lately = model.pulse.lately("route", "a", 2)
    assert (lately.seconds, lately.requests, lately.errors, lately.error_ratio) == (2, 20, 10, 0.5)
    assert lately.failures == {("upstream", "upstream_status"): 10}
    assert model.pulse.lately("route", "a", 60).seconds == 4


def test_seconds_that_are_told_twice_count_once() -> None:
    tick = second(1, {("route", "a"): (10, 0)})
    assert heard(tick, tick).pulse.lately("route", "a", 5).requests == 10


def test_a_series_that_is_idle_for_long_is_forgotten() -> None:
    ticks = [second(KEPT_S + 10, {("route", "a"): (1, 0)}), second(1, {("route", "b"): (1, 0)})]
    model = heard(*ticks)
    assert model.pulse.names("route") == ["b"]


def test_what_stands_still_does_not_hear_what_comes() -> None:
    model = heard(second(2, {("route", "a"): (1, 0)}))
    still = model.still()
    model.take(second(1, {("route", "a"): (1, 0)}))
    assert (still.pulse.lately("route", "a", 5).requests, model.pulse.lately("route", "a", 5).requests) == (1, 2)
