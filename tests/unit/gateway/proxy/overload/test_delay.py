"""The share that is turned away follows the lag of a loop, and lets go of it with care."""

import math

from gateway.proxy.overload.delay import DelayControl


def lag(control: DelayControl, delay_s: float, seconds: float) -> None:
    for _ in range(round(seconds / 0.1)):
        control.sample(delay_s, 0.1)


def test_a_single_stall_is_no_overload() -> None:
    control = DelayControl(0.05)
    control.sample(0.12, 0.1)
    assert not control.is_over


def test_a_lasting_lag_closes_the_gate_and_twice_as_much_sheds() -> None:
    control = DelayControl(0.05)
    lag(control, 0.08, 2)
    assert control.is_over
    assert control.share == 0
    lag(control, 0.25, 2)
    assert 0.25 < control.share < 0.35


def test_never_is_everything_inside_turned_away() -> None:
    control = DelayControl(0.01)
    lag(control, 5.0, 60)
    assert control.share == 0.5


def test_it_is_over_within_two_seconds_of_the_lag_and_not_at_once() -> None:
    control = DelayControl(0.05)
    lag(control, 0.5, 5)
    lag(control, 0.0, 0.5)
    assert control.is_over
    lag(control, 0.0, 3.0)
    assert not control.is_over
    assert control.share == 0


def test_between_the_target_and_half_of_it_nothing_changes_back() -> None:
    control = DelayControl(0.05)
    lag(control, 0.08, 1)
    lag(control, 0.04, 20)
    assert control.is_over


def test_without_a_target_no_lag_is_too_long() -> None:
    control = DelayControl(math.inf)
    lag(control, 10.0, 5)
    assert not control.is_over
    assert control.share == 0
