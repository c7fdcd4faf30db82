"""Routes that fail or are slow just now, each with its cause; those that suffer from the same are one."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, NamedTuple

import msgspec

from console.state.health.causes import cause_of_failing, cause_of_slowness
from console.state.health.changes import change_before
from console.state.health.endpoints import FAILED_LATELY, EndpointHealth
from console.state.health.evidence import lines_of
from console.state.health.objectives import (
    GRAVE,
    error_burn,
    fails_gravely,
    is_gravely_late,
    latency_burn,
    objective_of,
)
from console.state.health.steps import failing_since, p99s, rise, streak
from console.state.health.words import Attention, Cause, Trend
from console.state.model import Model
from console.state.pulse import Lately
from console.state.reading import Reading, exchanges, history
from console.state.selection import Destination
from gateway.wire.history import HistoryView
from gateway.wire.live import AccessLine
from gateway.wire.views import RouteView

SLOW_LATELY: Final = exchanges("slow", limit=100)

_LATELY_S: Final = 5
_MINUTE_S: Final = 60
_CALM_S: Final = 15
_FEWEST_ERRORS: Final = 2
_FEWEST_REQUESTS: Final = 10
_GRAVE_ERRORS: Final = 5
_RISEN: Final = 2.0
_RISEN_MS: Final = 50.0
_BY_CONFIGURATION: Final = frozenset(
    {
        "upstream_timeout_first_byte",
        "upstream_timeout_total",
        "upstream_idle_timeout",
        "connect_timeout",
        "config_error",
    }
)
_USUAL_LIMIT_MS: Final = 1_000.0
_PROOF_S: Final = 60.0


class Evidence(NamedTuple):
    """What causes are taken from."""

    endpoints: Sequence[EndpointHealth]
    failed: Sequence[AccessLine]
    slow: Sequence[AccessLine]


def evidence(model: Model, endpoints: Sequence[EndpointHealth]) -> Evidence:
    since_s = model.now_s - _PROOF_S
    return Evidence(endpoints, lines_of(model.view(FAILED_LATELY), since_s), lines_of(model.view(SLOW_LATELY), since_s))


def course_of(name: str) -> Reading[HistoryView]:
    """From which it is told since when a route is as it is."""
    return history("route", name, window="15m", step="10s", every_s=10.0)


def troubled_routes(model: Model, routes: Iterable[RouteView], found: Evidence) -> list[Attention]:
    """In no order; each cause once."""
    each = (trouble_of(model, route, found) for route in routes)
    return _together([attention for attention in each if attention is not None])


def trouble_of(model: Model, route: RouteView, found: Evidence) -> Attention | None:
    """What is wrong with it, if anything is."""
    trouble = _failing(model, route, found) or _slow(model, route, found)
    if trouble is None or trouble.is_earlier:
        return trouble
    after = change_before(model, trouble.since_s, route)
    if after is None or not after.sequence or trouble.cause.reason not in _BY_CONFIGURATION:
        return msgspec.structs.replace(trouble, after=after)
    # What the gateway itself decides by its configuration began with another configuration: that is the cause.
    return msgspec.structs.replace(trouble, after=after, leads_to=Destination("changes", str(after.sequence)))


def _lately(model: Model, name: str, seconds: int) -> Lately | None:
    """None where the seconds are not listened to, or another time is looked at."""
    if model.at_s is not None or model.now_s - model.pulse.until_s > _LATELY_S:
        return None
    return model.pulse.lately("route", name, seconds)


def _failing(model: Model, route: RouteView, found: Evidence) -> Attention | None:
    recent, objective = route.recent, objective_of(route)
    ratio, errors = recent.error_ratio or 0.0, round((recent.error_ratio or 0.0) * recent.rate * recent.seconds)
    rate, told, over = recent.rate, Counter[str](), False
    lately = _lately(model, route.name, _LATELY_S)
    if not ratio and (lately is None or not lately.errors):
        return None
    minute = _lately(model, route.name, _MINUTE_S)
    if lately is not None and minute is not None:
        if lately.errors >= _FEWEST_ERRORS:
            ratio, rate = max(ratio, lately.error_ratio or 0.0), max(rate, lately.rate)
        errors = max(errors, minute.errors)
        told = _reasons(minute)
        calm = _lately(model, route.name, _CALM_S)
        over = calm is not None and not calm.errors and calm.requests >= _FEWEST_REQUESTS
    burn = error_burn(ratio, objective)
    is_grave = fails_gravely(ratio, objective)
    if (burn < 1.0 and not is_grave) or errors < _FEWEST_ERRORS:
        return None
    upstreams = [share.upstream for share in route.upstreams]
    lines = [line for line in found.failed if line.route == route.name]
    cause = cause_of_failing(upstreams, found.endpoints, lines, told)
    since_s, is_earlier = _failing_since(model, route.name, lines, over=over)
    is_worst = is_grave and errors >= _GRAVE_ERRORS and not over
    return Attention(
        kind="failing", severity="crit" if is_worst else "warn", subject=route.name, score=burn * rate, error_ratio=ratio,
        burn=burn, p99_ms=recent.p99_ms, rate=rate, cause=cause, since_s=since_s, is_earlier=is_earlier,
        trend="down" if over else _trend(lately, recent.error_ratio), leads_to=_leads_to(route.name, cause),
    )  # fmt: skip


def _slow(model: Model, route: RouteView, found: Evidence) -> Attention | None:
    recent, objective = route.recent, objective_of(route)
    if recent.p99_ms is None or recent.rate * recent.seconds < _FEWEST_REQUESTS:
        return None
    burn = latency_burn(recent, objective)
    limit_ms, since_s = objective.under_ms, None
    course = model.view(course_of(route.name))
    risen = rise(p99s(course.points), _RISEN, _RISEN_MS) if course is not None else None
    if risen is not None:
        since_s = risen.since_s
    is_grave = is_gravely_late(recent, objective)
    if limit_ms is None:
        limit_ms = _USUAL_LIMIT_MS
        burn = recent.p99_ms / limit_ms if recent.p99_ms > limit_ms else 0.0
        is_grave = burn >= GRAVE
    if burn < 1.0 and not is_grave:
        return None
    lines = [line for line in found.slow if line.route == route.name]
    cause = cause_of_slowness([share.upstream for share in route.upstreams], found.endpoints, lines)
    if since_s is None:
        since_s = _since_of_endpoint(cause, found.endpoints)
    return Attention(
        kind="slow", severity="crit" if is_grave else "warn", subject=route.name, score=burn * recent.rate, burn=burn,
        p99_ms=recent.p99_ms, limit_ms=limit_ms, rate=recent.rate, cause=cause, since_s=since_s,
        leads_to=_leads_to(route.name, cause),
    )  # fmt: skip


def _since_of_endpoint(cause: Cause, endpoints: Sequence[EndpointHealth]) -> float | None:
    """Where the route's course is too thin to tell: that of the endpoint to blame has what other routes sent there too."""
    blamed = (each for each in endpoints if (each.upstream, each.address) == (cause.upstream, cause.endpoint))
    return next((each.since_s for each in blamed if not each.is_earlier), None)


def _reasons(lately: Lately) -> Counter[str]:
    """Those that are not the client's; of an upstream's own answers the status is not among them."""
    counted = Counter[str]()
    for (source, reason), count in lately.failures.items():
        if source != "client":
            counted[reason] += count
    return counted


def _failing_since(model: Model, name: str, lines: Sequence[AccessLine], *, over: bool) -> tuple[float | None, bool]:
    """When the failures began, and whether that is only as far back as is known."""
    course = model.view(course_of(name))
    if course is not None:
        found = failing_since(course, model.now_s)
        if found is not None:
            exact = None if found.is_earlier else _first_failure(model, name, found.at_s)
            return exact if exact is not None else found.at_s, found.is_earlier
    seconds = [float(second.at_s) for second in model.pulse.seconds("route", name) if second.errors]
    began_s = streak(seconds, float(model.pulse.until_s), _MINUTE_S if over else _CALM_S)
    if began_s is not None:
        return began_s, began_s <= model.pulse.since_s + 1
    oldest = min((datetime.fromisoformat(line.at).timestamp() for line in lines if line.at), default=None)
    return oldest, oldest is not None


def _first_failure(model: Model, name: str, step_s: float) -> float | None:
    """The second of it, where seconds reach back so far."""
    if model.pulse.since_s > step_s:
        return None
    failed = [second.at_s for second in model.pulse.seconds("route", name) if second.errors and second.at_s >= step_s]
    return float(failed[0]) if failed else None


def _trend(lately: Lately | None, before: float | None) -> Trend:
    if lately is None or lately.requests < _FEWEST_ERRORS:
        return ""
    now, was = lately.error_ratio or 0.0, before or 0.0
    return "up" if now > was * 1.25 + 0.005 else "down" if now < was * 0.75 - 0.005 else "flat"


def _leads_to(route: str, cause: Cause) -> Destination:
    if cause.endpoint:
        return Destination("endpoint", f"{cause.upstream}/{cause.endpoint}")
    return Destination("route", route)


def _together(found: list[Attention]) -> list[Attention]:
    """What the same endpoint causes in the same way is one, under the name of the route it costs most."""
    merged: dict[tuple[str, ...], Attention] = {}
    for attention in sorted(found, key=lambda each: -each.score):
        cause = attention.cause
        key = (
            (attention.kind, cause.upstream, cause.endpoint) if cause.endpoint else (attention.kind, attention.subject)
        )
        first = merged.get(key)
        if first is None:
            merged[key] = attention
        else:
            known = [since for since in (first.since_s, attention.since_s) if since is not None]
            merged[key] = msgspec.structs.replace(
                first, also=(*first.also, attention.subject), score=first.score + attention.score,
                severity="crit" if "crit" in (first.severity, attention.severity) else first.severity,
                since_s=min(known, default=None), is_earlier=first.is_earlier or attention.is_earlier,
            )  # fmt: skip
    return list(merged.values())
