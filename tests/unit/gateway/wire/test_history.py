"""Windows of the recent past add up, and what was added can be taken away again."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.wire.history import WindowData

_counts = st.dictionaries(st.integers(0, 3), st.integers(0, 2), max_size=3)
_phases = st.dictionaries(st.sampled_from(["read_head", "ttfb", "write"]), st.integers(0, 2), max_size=3)
WINDOWS = st.lists(
    st.builds(
        lambda buckets, phases: WindowData(requests=sum(buckets.values()), buckets=buckets, phases_ns=phases),
        _counts,
        _phases,
    ),
    min_size=1,
    max_size=8,
)


def sum_of(windows: list[WindowData]) -> WindowData:
    total = WindowData()
    for window in windows:
        total.add(window)
    return total


def without_nothing(window: WindowData) -> tuple[int, dict[int, int], dict[str, int]]:
    """A count of nothing says the same as none."""
    return (
        window.requests,
        {bucket: count for bucket, count in window.buckets.items() if count},
        {phase: spent for phase, spent in window.phases_ns.items() if spent},
    )


@given(WINDOWS, st.integers(0, 8))
def test_a_sum_that_moved_on_is_the_sum_of_what_is_left(windows: list[WindowData], gone: int) -> None:
    total = sum_of(windows)
    for window in windows[:gone]:
        total.take_away(window)
    assert without_nothing(total) == without_nothing(sum_of(windows[gone:]))


def test_a_phase_that_took_no_time_is_taken_away_from_a_sum_without_it() -> None:
    first, second = WindowData(phases_ns={"read_head": 5}), WindowData(phases_ns={"read_head": 0})
    total = sum_of([first, second])
    total.take_away(first)
    total.take_away(second)
    assert total.phases_ns == {}
