"""The rolling maximum: what was seen within a minute counts, what is older does not, and nothing piles up."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.telemetry.merging.peaks import WINDOW_S, Peaks


def test_the_greatest_of_the_last_minute_counts() -> None:
    peaks = Peaks()
    for second, value in ((0, 7), (10, 3), (20, 5), (30, 1)):
        peaks.note("orders", value, second)
    assert peaks.read(30) == {"orders": 7}
    assert peaks.read(61) == {"orders": 5}
    assert peaks.read(81) == {"orders": 1}


def test_a_name_of_which_nothing_was_heard_for_a_minute_is_forgotten() -> None:
    peaks = Peaks()
    peaks.note("orders", 7, 0)
    assert peaks.read(WINDOW_S + 1) == {}


@given(st.lists(st.tuples(st.floats(0, 5), st.integers(0, 9)), max_size=60))
def test_it_is_the_maximum_to_the_second(steps: list[tuple[float, int]]) -> None:
    peaks, now_s = Peaks(), 0.0
    seen: list[tuple[int, int]] = []
    for pause_s, value in steps:
        now_s += pause_s
        peaks.note("a", value, int(now_s))
        seen.append((int(now_s), value))
    within = [value for second, value in seen if int(now_s) - second <= WINDOW_S]
    assert peaks.read(now_s) == ({"a": max(within)} if within else {})


def test_however_much_is_noted_a_minute_of_seconds_is_kept() -> None:
    peaks = Peaks()
    for step in range(10_000):
        peaks.note("a", 100_000 - step, step // 10)
    assert len(peaks._falling["a"]) <= WINDOW_S + 1
