"""Windows that end now, and such that ended a while ago."""

import pytest

from gateway.telemetry.history.look import NOW, Look, Span

NOON = 1_799_998_560
"""A whole hour and more: steps of any size begin here."""


def test_a_look_at_now_begins_at_a_whole_ten_seconds_and_goes_to_the_second_that_runs() -> None:
    assert NOW.span(NOON + 7) == Span(NOON - 120, NOON - 60, NOON, NOON + 7, 1)


@pytest.mark.parametrize(
    ("window_s", "step_s", "start_s"),
    [(10, 1, -10), (60, 1, -60), (300, 10, -300), (900, 20, -900), (3600, 60, -3600), (21_600, 360, -21_600)],
)
def test_a_window_is_told_in_at_most_sixty_steps(window_s: int, step_s: int, start_s: int) -> None:
    span = Look(window_s).span(NOON)
    assert (span.start_s, span.step_s) == (NOON + start_s, step_s)
    assert window_s // step_s <= 60


def test_a_look_at_the_last_minutes_ends_at_a_whole_ten_seconds() -> None:
    assert Look(60, NOON - 93).span(NOON) == Span(NOON - 220, NOON - 160, NOON - 100, NOON - 100, 1)


def test_a_look_far_back_is_of_whole_minutes() -> None:
    span = Look(300, NOON - 7000).span(NOON)
    assert (span.start_s, span.end_s, span.step_s) == (NOON - 7320, NOON - 7020, 60)


def test_a_short_look_far_back_is_of_the_minute_it_lies_in() -> None:
    span = Look(10, NOON - 7011).span(NOON)
    assert (span.start_s, span.end_s) == (NOON - 7080, NOON - 7020)


def test_a_look_at_what_is_to_come_is_one_at_now() -> None:
    assert Look(60, NOON + 500).span(NOON) == Look(60).span(NOON)
