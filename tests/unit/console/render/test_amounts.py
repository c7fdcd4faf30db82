"""Amounts as people read them."""

from datetime import UTC, datetime, timedelta

import pytest

from console.render import amounts


@pytest.mark.parametrize(
    ("ratio", "text"),
    [
        (None, "-"), (0, "0%"), (0.00001, "<0.01%"), (0.0041, "0.41%"), (0.031, "3.1%"), (0.9999, "99.9%"), (1, "100%"),
    ],
)  # fmt: skip
def test_a_share_is_never_rounded_to_nothing_or_to_all(ratio: float | None, text: str) -> None:
    assert amounts.percent(ratio) == text


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 errors"), (1, "1 error"), (2, "2 errors"), (10_012, "10 012 errors")]
)
def test_one_of_a_thing_is_told_as_one(number: int, text: str) -> None:
    assert amounts.counted(number, "error") == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "-"), (0.84, "0.8ms"), (12.2, "12ms"), (812, "812ms"), (1_400, "1.4s"), (130_000, "2m10s")],
)
def test_a_duration_has_the_unit_that_fits(value: float | None, text: str) -> None:
    assert amounts.milliseconds(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "-"),
        (0, "0s"),
        (34, "34s"),
        (120, "2m"),
        (11_520, "3h12m"),
        (86_400 * 9 + 4 * 3600 + 59, "9d4h"),
        (-3, "0s"),
    ],
)
def test_an_age_has_its_two_largest_units(seconds: float | None, text: str) -> None:
    assert amounts.age(seconds) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (None, "-"),
        (820, "820B"),
        (1_434, "1.4KiB"),
        (12 * 1024**2, "12MiB"),
        (300 * 1024**2, "300MiB"),
        (5 * 1024**5, "5120TiB"),
    ],
)
def test_a_size_has_a_binary_unit(number: int | None, text: str) -> None:
    assert amounts.size(number) == text


@pytest.mark.parametrize(("value", "text"), [(None, "-"), (0, "0"), (0.2, "0.2"), (41.4, "41"), (10_012, "10 012")])
def test_a_rate_has_a_decimal_only_where_it_is_small(value: float | None, text: str) -> None:
    assert amounts.rate(value) == text


def test_a_time_of_another_day_is_told_with_its_day(monkeypatch: pytest.MonkeyPatch) -> None:
    at = datetime(2026, 1, 2, 3, 4, 5).astimezone()
    monkeypatch.setattr(amounts, "today", at.date)
    assert (amounts.clock(at.isoformat()), amounts.short_clock(at.isoformat())) == ("03:04:05", "03:04:05")
    monkeypatch.setattr(amounts, "today", (at + timedelta(days=1)).date)
    assert (amounts.clock(at.isoformat()), amounts.short_clock(at.isoformat())) == ("2026-01-02 03:04:05", "01-02")
    assert (amounts.clock(""), amounts.short_clock(None)) == ("-", "-")


def test_since_is_the_age_of_a_time() -> None:
    now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert amounts.since("2026-01-02T03:03:00+00:00", now) == "1m5s"
    assert amounts.since("", now) == "-"


def test_more_names_than_fit_are_counted() -> None:
    assert amounts.named([]) == "-"
    assert amounts.named(["a", "b", "c"]) == "a, b, c"
    assert amounts.named(["a", "b", "c", "d", "e"]) == "a, b, c and 2 more"
