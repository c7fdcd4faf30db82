"""Burn rates, and what follows from them."""

import pytest

from gateway.runtime.reading.burning import (
    Judged,
    budget_left,
    burn_view,
    burning_since,
    empty_in_s,
    judge,
)
from gateway.wire.slo import BurnView, SloState

NOON = 1_799_998_560


def burns(five: float, thirty: float, hour: float, six: float, *, rate: float = 10.0) -> list[BurnView]:
    """Shares of bad requests over the windows, at so many requests a second, for an objective of 99 %."""
    shares = {300: five, 1800: thirty, 3600: hour, 21_600: six}
    return [
        burn_view(
            window_s,
            window_s,
            Judged(round(rate * window_s * (1 - share)), round(rate * window_s * share)),
            0.99,
        )
        for window_s, share in shares.items()
    ]


def test_a_burn_of_one_spends_the_budget_just_as_it_should() -> None:
    assert burn_view(300, 300, Judged(990, 10), 0.99).burn == 1.0
    assert burn_view(300, 300, Judged(), 0.99).burn is None


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (burns(0.0, 0.0, 0.0, 0.0), "ok"),
        (burns(0.2, 0.2, 0.2, 0.03), "page"),
        (burns(0.1, 0.2, 0.2, 0.03), "ticket"),  # the last five minutes are better: what paged is over
        (burns(0.01, 0.07, 0.07, 0.07), "page"),  # six times over six hours and half an hour
        (burns(0.0, 0.02, 0.02, 0.02), "ticket"),
        (burns(0.02, 0.005, 0.02, 0.02), "ok"),
        (burns(0.2, 0.2, 0.2, 0.03, rate=0.5), "ticket"),  # next to no traffic does not page
    ],
)
def test_the_state_follows_the_windows_of_the_alerts(found: list[BurnView], expected: SloState) -> None:
    assert judge("availability", 0.99, found).state == expected


def test_it_says_which_windows_it_judges_by() -> None:
    found = judge("availability", 0.99, burns(0.2, 0.2, 0.2, 0.03))
    assert found.because == "20.0x over 1h, 20.0x over 5m; above 14.4x is a page"
    assert judge("availability", 0.99, burns(0.0, 0.0, 0.0, 0.0)).because == ""


def test_where_a_target_leaves_no_room_for_the_factor_it_says_what_is_judged_by_instead() -> None:
    assert judge("availability", 0.01, burns(1.0, 1.0, 1.0, 1.0)).because.endswith(
        "; above 0.909x is a page (90% bad is enough for a target by which all bad is no more than 1.01x)"
    )


def test_latency_has_no_rule_of_six_hours_that_pages() -> None:
    assert judge("latency", 0.99, burns(0.01, 0.07, 0.07, 0.07)).state == "ticket"


def test_an_objective_whose_budget_is_generous_can_still_be_missed() -> None:
    windows = [burn_view(window_s, window_s, Judged(0, 10 * window_s), 0.9) for window_s in (300, 1800, 3600, 21_600)]
    assert judge("availability", 0.9, windows).state == "page"


def test_what_is_left_and_how_long_it_lasts() -> None:
    longest, latest = burn_view(21_600, 21_600, Judged(9950, 50), 0.99), burn_view(300, 300, Judged(900, 100), 0.99)
    assert budget_left(longest) == 0.5
    assert empty_in_s(longest, latest) == 1080.0  # half of six hours, ten times as fast
    assert empty_in_s(longest, burn_view(300, 300, Judged(999, 1), 0.99)) is None
    spent = burn_view(21_600, 21_600, Judged(9000, 1000), 0.99)
    assert (budget_left(spent), empty_in_s(spent, latest)) == (-9.0, 0.0)
    assert budget_left(burn_view(21_600, 60, Judged(), 0.99)) is None


def test_it_burns_since_the_first_bad_minute_that_is_no_more_than_five_before_the_next() -> None:
    bad, good = Judged(90, 10), Judged(100, 0)
    minutes = {NOON - 60 * back: bad if back in {1, 2, 7, 20} else good for back in range(1, 60)}
    assert burning_since(0.99, minutes, {}, NOON) == NOON - 420
    tens = {NOON - 420: good, NOON - 410: good, NOON - 400: bad}
    assert burning_since(0.99, minutes, tens, NOON) == NOON - 400
    assert burning_since(0.99, {NOON - 1200: bad}, {}, NOON) is None
