"""What would be tried again of a request, in words."""

import pytest

from gateway.config.explaining.retries import retried_in_words, retries_view
from gateway.model.clock import MILLISECOND_NS
from gateway.model.retry import Retries, RetryMethods, RetryOn

BUDGET = "after up to 25ms, then longer, at most 250ms; within 20% of first tries and 3 a second"
MOST = f"at most 3 attempts, {BUDGET}"


@pytest.mark.parametrize(
    ("rule", "method", "words"),
    [
        (None, "GET", "once, where a kept connection turns out to have ended before it was used"),
        (None, "POST", "never"),
        (Retries(attempts=1), "GET", "never: attempts is 1"),
        (Retries(), "GET", f"on connect_error, reset, 502, 503; {MOST}"),
        (Retries(), "POST", f"on connect_error alone, where nothing was sent: POST is not idempotent; {MOST}"),
        (Retries(on=(503,)), "PATCH", f"on nothing: PATCH is not idempotent; {MOST}"),
        (
            Retries(on=(503,), per_try_timeout_ns=700 * MILLISECOND_NS),
            "GET",
            f"on 503; at most 3 attempts of 700ms each, {BUDGET}",
        ),
        (Retries(on=(RetryOn.TIMEOUT,), methods=RetryMethods.ANY), "POST", f"on timeout; {MOST}"),
        (
            Retries(on=(), hedge_after_ns=50 * MILLISECOND_NS),
            "GET",
            f"on nothing; without a body also sent to a second endpoint after 50ms; {MOST}",
        ),
    ],
)
def test_it_depends_on_rule_and_method(rule: Retries | None, method: str, words: str) -> None:
    assert retried_in_words(rule, method) == words


def test_a_rule_is_shown_with_every_key() -> None:
    view = retries_view(Retries(hedge_after_ns=50 * MILLISECOND_NS))
    assert (view.attempts, view.on, view.methods) == (3, ["connect_error", "reset", "502", "503"], "idempotent")
    assert (view.per_try_timeout_ms, view.backoff_first_ms, view.backoff_max_ms) == (None, 25.0, 250.0)
    assert (view.budget_ratio, view.budget_left, view.body_buffer, view.hedge_after_ms) == (0.2, None, 65_536, 50.0)
