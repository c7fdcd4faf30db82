"""Filters of the log while they are typed."""

from console.state.inside.log_filter import predicate_of, problem_of
from tests.support.gateway_views import record


def test_a_problem_has_its_column_and_what_is_fine_has_none() -> None:
    assert problem_of("level:warn text worker:2") == (None, "")
    column, message = problem_of("level:loud")
    assert (column, message) == (6, "expected debug, info, warning, error or critical")


def test_the_verdict_is_the_gateways() -> None:
    died = record(1, "error", "worker_died", worker=2)
    assert predicate_of("level:warn died worker:2")(died)
    assert not predicate_of("level:critical")(died)
    assert not predicate_of("level:(")(died)
