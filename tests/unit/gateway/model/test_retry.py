"""What a rule for further attempts says of reasons, statuses, methods and waiting."""

from gateway.model.clock import MILLISECOND_NS
from gateway.model.outcome import Reason
from gateway.model.retry import Backoff, Retries, RetryMethods, RetryOn, Suppression


def test_conditions_stand_for_the_reasons_with_which_attempts_end() -> None:
    rule = Retries(on=(RetryOn.CONNECT_ERROR, RetryOn.TIMEOUT, 503, 429))
    assert rule.statuses == {503, 429}
    assert rule.reasons == {
        Reason.CONNECT_REFUSED,
        Reason.CONNECT_TIMEOUT,
        Reason.DNS_ERROR,
        Reason.TLS_ERROR,
        Reason.UPSTREAM_TIMEOUT_FIRST_BYTE,
        Reason.UPSTREAM_IDLE_TIMEOUT,
    }
    assert (Retries(on=()).reasons, Retries(on=()).statuses) == (frozenset(), frozenset())


def test_by_default_only_requests_that_may_be_repeated_are() -> None:
    methods = ("GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE", "POST", "PATCH", "FOO")
    assert [method for method in methods if not Retries().allows(method)] == ["POST", "PATCH", "FOO"]
    assert all(Retries(methods=RetryMethods.ANY).allows(method) for method in methods)


def test_each_back_off_may_be_twice_as_long_as_the_one_before_up_to_a_bound() -> None:
    backoff = Backoff(25 * MILLISECOND_NS, 250 * MILLISECOND_NS)
    assert [backoff.longest_ns(retry) // MILLISECOND_NS for retry in (1, 2, 3, 4, 5, 90)] == [
        25,
        50,
        100,
        200,
        250,
        250,
    ]


def test_a_spent_budget_has_the_name_that_the_answer_gives_it() -> None:
    assert Suppression.BUDGET.value == Reason.RETRY_BUDGET_EXHAUSTED.value
