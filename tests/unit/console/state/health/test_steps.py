"""Since when."""

from console.state.health.steps import Beginning, Sample, failing_since, rise, streak
from tests.support.console import NOW_S
from tests.support.situations import course


def samples(*values: float) -> list[Sample]:
    return [Sample(10.0 * position, value) for position, value in enumerate(values)]


def test_a_step_begins_where_the_course_leaves_its_calm() -> None:
    found = rise(samples(5, 6, 5, 7, 5, 400, 420, 390))
    assert found is not None
    assert (found.since_s, found.before, found.now) == (50.0, 5, 400)


def test_one_low_value_does_not_end_what_goes_on() -> None:
    found = rise(samples(5, 6, 5, 400, 5, 420, 390, 410))
    assert found is not None
    assert found.since_s == 30.0


def test_an_earlier_rise_that_is_over_is_not_the_one_that_lasts() -> None:
    found = rise(samples(5, 400, 420, 5, 6, 5, 500, 480, 500))
    assert found is not None
    assert found.since_s == 60.0


def test_what_was_always_so_has_no_beginning() -> None:
    assert rise(samples(400, 410, 395, 405, 400)) is None


def test_what_is_over_has_no_beginning() -> None:
    assert rise(samples(5, 400, 420, 5, 6, 5)) is None


def test_a_course_of_errors_rises_from_none() -> None:
    found = rise(samples(0, 0, 0, 0, 0.5, 0.4, 0.5))
    assert found is not None
    assert found.since_s == 40.0


def test_a_streak_ends_at_the_first_long_gap_before_now() -> None:
    assert streak([1.0, 2.0, 50.0, 55.0, 60.0], until_s=61.0, longest_gap_s=10.0) == 50.0
    assert streak([1.0, 2.0], until_s=61.0, longest_gap_s=10.0) is None


def test_failures_began_with_their_rise_or_with_the_first_of_those_that_come_again_and_again() -> None:
    def began(*ratios: float) -> Beginning | None:
        found = failing_since(course("endpoint", "up/a:1", [(None, ratio) for ratio in ratios]), NOW_S)
        return found and Beginning(NOW_S - found.at_s, found.is_earlier)

    assert began(*[0.0] * 20, 0.5, 0.6, 0.5) == Beginning(30.0, is_earlier=False)
    assert began(*[0.0] * 14, 0.1, 0.0, 0.0, 0.0, 0.1, 0.0, 0.0, 0.0) == Beginning(80.0, is_earlier=False)
    assert began(0.1, 0.0, 0.1, 0.0, 0.1, 0.0) == Beginning(60.0, is_earlier=True)
    assert began(*[0.1] * 3, *[0.0] * 12) is None
