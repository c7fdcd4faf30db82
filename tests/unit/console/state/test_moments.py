"""Times as they are typed."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from console.state.moments import duration_s, moment

NOW_S = datetime(2026, 1, 31, 8, 0, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("7:05", "2026-01-31T07:05:00+00:00"),
        ("07:05:30", "2026-01-31T07:05:30+00:00"),
        ("14:05", "2026-01-30T14:05:00+00:00"),
        ("2026-01-29 14:05", "2026-01-29T14:05:00+00:00"),
        ("-10m", "2026-01-31T07:50:00+00:00"),
    ],
)
def test_a_time_of_day_is_the_last_one_that_was(text: str, at: str) -> None:
    assert moment(text, NOW_S, UTC) == int(datetime.fromisoformat(at).timestamp())


def test_a_time_of_day_is_local() -> None:
    assert moment("8:30", NOW_S, timezone(timedelta(hours=2))) == int(NOW_S) - 5_400


@pytest.mark.parametrize("text", ["noon", "25:00", "2026-02-30 10:00", "2026-02-01 10:00", "-10", "-"])
def test_what_is_no_time_or_still_to_come_is_said(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected|no time|still to come"):
        moment(text, NOW_S, UTC)


def test_durations_have_a_unit_and_are_not_nothing() -> None:
    assert [duration_s(text) for text in ("90s", "15m", "6h", "1d")] == [90, 900, 21_600, 86_400]
    for text in ("15", "0m", "-5m", "x"):
        with pytest.raises(ValueError, match="expected a duration"):
            duration_s(text)
