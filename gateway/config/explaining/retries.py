"""Further attempts in the words of the admin API: a route's rule, and what it means for a request."""

from gateway.config.forms.scalars import format_duration, format_ratio
from gateway.model.clock import MILLISECOND_NS, NEVER_NS
from gateway.model.retry import BUDGET_FLOOR_PER_S, HEDGED, IDEMPOTENT, Retries, RetryOn
from gateway.wire.views import RetriesView


def retries_view(rule: Retries) -> RetriesView:
    """Without what is left of its budget."""
    return RetriesView(
        attempts=rule.attempts,
        on=[item.value if isinstance(item, RetryOn) else str(item) for item in rule.on],
        methods=rule.methods.value,
        per_try_timeout_ms=_milliseconds(rule.per_try_timeout_ns),
        backoff_first_ms=rule.backoff.first_ns / MILLISECOND_NS,
        backoff_max_ms=rule.backoff.max_ns / MILLISECOND_NS,
        budget_ratio=rule.budget_ratio,
        body_buffer=rule.body_buffer,
        hedge_after_ms=_milliseconds(rule.hedge_after_ns),
    )


def retried_in_words(rule: Retries | None, method: str) -> str:
    """What would be tried again of a request of this method."""
    if rule is None:
        is_safe = method in IDEMPOTENT
        return "once, where a kept connection turns out to have ended before it was used" if is_safe else "never"
    if rule.attempts == 1:
        return "never: attempts is 1"
    told = [_conditions(rule, method)]
    if rule.hedge_after_ns != NEVER_NS and method in HEDGED:
        told.append(f"without a body also sent to a second endpoint after {format_duration(rule.hedge_after_ns)}")
    budget = f"{format_ratio(rule.budget_ratio)} of first tries and {BUDGET_FLOOR_PER_S} a second"
    most = f"at most {rule.attempts} attempts"
    if rule.per_try_timeout_ns != NEVER_NS:
        most += f" of {format_duration(rule.per_try_timeout_ns)} each"
    first, longest = format_duration(rule.backoff.first_ns), format_duration(rule.backoff.max_ns)
    return f"{'; '.join(told)}; {most}, after up to {first}, then longer, at most {longest}; within {budget}"


def _conditions(rule: Retries, method: str) -> str:
    on = [item.value if isinstance(item, RetryOn) else str(item) for item in rule.on]
    if rule.allows(method):
        return f"on {', '.join(on) or 'nothing'}"
    if RetryOn.CONNECT_ERROR in rule.on:
        return f"on {RetryOn.CONNECT_ERROR.value} alone, where nothing was sent: {method} is not idempotent"
    return f"on nothing: {method} is not idempotent"


def _milliseconds(duration_ns: int) -> float | None:
    return None if duration_ns >= NEVER_NS else duration_ns / MILLISECOND_NS
