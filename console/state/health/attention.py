"""What needs attention, worst first: routes, upstreams that are protected, endpoints that no route suffers from yet, the
configuration, workers, sinks, scanners."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from console.state import reading
from console.state.health.endpoints import (
    FAILED_LATELY,
    EndpointHealth,
    course_of_endpoint,
    health_of_endpoints,
    seconds_of_endpoint,
)
from console.state.health.guarding import guarded_upstreams, storms, without_endpoint
from console.state.health.route_trouble import SLOW_LATELY, course_of, evidence, troubled_routes
from console.state.health.words import WORST_FIRST, Attention, Cause
from console.state.model import Model
from console.state.reading import AnyReading
from console.state.selection import Destination
from gateway.wire.changes import IncidentView
from gateway.wire.views import RouteView, StatusView

MOST: Final = 10
_MOST_COURSES: Final = 5
_UNMATCHED: Final = "_unmatched"
_BURST: Final = 5.0
_BURST_S: Final = 5
_TIMES_MORE: Final = 3.0
_SINK_S: Final = 3_600.0
_BLOCKED_S: Final = 300.0

_NOT_READY: Final = 1e9
_WORKER: Final = 1e6
_SINK: Final = 10.0
_REJECTED: Final = 20.0
_DIFFERS: Final = 1.0
"""Ranks of what is no traffic, beside burn times requests a second."""


def needed_for_attention(model: Model) -> list[AnyReading]:
    """What the ranking is made of; for the worst routes their course too, to say since when."""
    look = None, model.at_s
    wanted: list[AnyReading] = [
        reading.routes(*look), reading.upstreams(*look), reading.INCIDENTS, reading.REVISIONS,
    ]  # fmt: skip
    if model.at_s is None:
        wanted += [FAILED_LATELY, SLOW_LATELY, reading.UNMATCHED]
    return wanted


def courses_wanted(found: Sequence[Attention]) -> list[AnyReading]:
    wanted: list[AnyReading] = [course_of(each.subject) for each in found if each.kind in ("failing", "slow")]
    wanted += [
        course_of_endpoint(each.cause.upstream, each.cause.endpoint)
        for each in found
        if each.kind == "endpoint" or (each.kind == "slow" and each.cause.endpoint)
    ]
    # What has begun a moment ago has not risen yet in steps of ten seconds.
    wanted += [
        seconds_of_endpoint(each.cause.upstream, each.cause.endpoint)
        for each in found
        if each.kind == "slow" and each.cause.endpoint
    ]
    return wanted[:_MOST_COURSES]


def attention(model: Model) -> list[Attention]:
    """Worst first, all of it: who shows it cuts at MOST and says so."""
    look = None, model.at_s
    routes, upstreams = model.view(reading.routes(*look)), model.view(reading.upstreams(*look))
    all_upstreams = upstreams.upstreams if upstreams is not None else []
    endpoints, shut = health_of_endpoints(model, all_upstreams), without_endpoint(all_upstreams)
    found = troubled_routes(model, routes.routes, evidence(model, endpoints)) if routes is not None else []
    blamed = {(each.cause.upstream, each.cause.endpoint) for each in found}
    found += guarded_upstreams(all_upstreams, found, lambda name: _at(_newest(model, "panic_began", name)))
    allowed = _upstreams_of_promised(routes.routes) if routes is not None else set()
    found += [
        _of_endpoint(each)
        for each in endpoints
        if each.is_troubled
        and each.upstream not in shut
        and (each.upstream, each.address) not in blamed
        and not _is_allowed(each, allowed)
    ]
    if model.at_s is None:
        found += storms(routes.routes) if routes is not None else []
        found += [*_of_gateway(model), *_shortages(model), *_sinks(model), *_unmatched(model)]
    return sorted(found, key=lambda each: (WORST_FIRST.index(each.severity), -each.score))


def _upstreams_of_promised(routes: Sequence[RouteView]) -> set[str]:
    """Those all of whose routes have objectives of their own, so that these say how many errors are too many."""
    promised = {share.upstream for route in routes if route.slo is not None for share in route.upstreams}
    return promised - {share.upstream for route in routes if route.slo is None for share in route.upstreams}


def _is_allowed(endpoint: EndpointHealth, upstreams: set[str]) -> bool:
    """Whether its few errors are what its routes are allowed: of those that are not, the route is told already."""
    return endpoint.word == "errors" and endpoint.upstream in upstreams


def _of_endpoint(endpoint: EndpointHealth) -> Attention:
    reason = endpoint.failures[0] if endpoint.failures else None
    cause = Cause(
        reason=endpoint.word if endpoint.evidence else reason.reason if reason else "",
        count=reason.count if reason and not endpoint.evidence else 0,
        text=endpoint.evidence,
        upstream=endpoint.upstream,
        endpoint=endpoint.address,
        others_ms=endpoint.others_p99_ms,
    )
    return Attention(
        kind="endpoint",
        severity="warn" if endpoint.word in ("errors", "slow") else "crit",
        subject=f"{endpoint.upstream} {endpoint.address}",
        score=(endpoint.error_ratio or 0.0) * endpoint.rate,
        error_ratio=endpoint.error_ratio,
        p99_ms=endpoint.p99_ms,
        rate=endpoint.rate,
        cause=cause,
        since_s=endpoint.since_s,
        until_s=endpoint.until_s,
        trend="down" if endpoint.until_s is not None else "",
        leads_to=Destination("endpoint", f"{endpoint.upstream}/{endpoint.address}"),
    )


def _of_gateway(model: Model) -> list[Attention]:
    status, found = model.status, list[Attention]()
    if status is None:
        return found
    workers = [worker for worker in status.workers if worker.state in ("backing_off", "stopped", "starting")]
    for worker in workers:
        died = _newest(model, "worker_died", f"worker {worker.index}")
        found.append(
            Attention(
                kind="worker",
                severity="warn" if worker.state == "starting" else "crit",
                subject=f"worker {worker.index}",
                score=_WORKER,
                cause=Cause(reason=worker.state, text=died.text if died is not None else ""),
                since_s=_at(died),
                leads_to=Destination("nodes"),
            )
        )
    if not status.ready and not status.draining and not workers:
        text = ", ".join(status.not_ready_because)
        found.append(
            Attention(
                kind="not_ready",
                severity="crit",
                subject=status.service_name,
                score=_NOT_READY,
                cause=Cause(text=text),
                leads_to=Destination("nodes"),
            )
        )
    return found + _of_configuration(model, status)


def _of_configuration(model: Model, status: StatusView) -> list[Attention]:
    reload = status.last_reload
    if reload is not None and reload.result == "rejected":
        first = reload.errors[0] if reload.errors else None
        text = f"{first.file.rpartition('/')[2]}:{first.line} {first.key}: {first.message}" if first is not None else ""
        at_s = datetime.fromisoformat(reload.at).timestamp()
        return [
            Attention(
                kind="rejected",
                severity="warn",
                subject="config",
                score=_REJECTED,
                since_s=at_s,
                cause=Cause(reason=reload.trigger, count=len(reload.errors), text=text),
                leads_to=Destination("changes"),
            )
        ]
    if status.source_differs:
        return [
            Attention(
                kind="differs",
                severity="warn",
                subject="config",
                score=_DIFFERS,
                since_s=_applied_s(model, status),
                leads_to=Destination("changes"),
            )
        ]
    return []


def _applied_s(model: Model, status: StatusView) -> float | None:
    """When what runs came to run: another file than that is no news of any other moment."""
    view = model.view(reading.REVISIONS)
    newest = next((each for each in view.revisions if each.sequence == status.sequence), None) if view else None
    return datetime.fromisoformat(newest.applied_at).timestamp() if newest is not None else None


def _shortages(model: Model) -> list[Attention]:
    """What workers are short of and have not said that they have enough of; and loops that stood still a moment ago."""
    newest: dict[str, IncidentView] = {}
    for incident in model.incidents:
        if incident.kind in ("overload_began", "overload_ended"):
            newest[str(incident.detail.get("resource", ""))] = incident
        elif incident.kind == "loop_blocked" and model.now_s - (_at(incident) or 0.0) < _BLOCKED_S:
            newest[f"loop {incident.subject}"] = incident
    return [
        Attention(
            kind="overload" if incident.kind == "overload_began" else "blocked",
            severity="crit" if incident.detail.get("level") == "refuse" else "warn",
            subject=incident.subject,
            score=_WORKER,
            cause=Cause(reason=str(incident.detail.get("resource", "")), text=incident.text),
            since_s=_at(incident),
            leads_to=Destination("nodes"),
        )
        for incident in newest.values()
        if incident.kind != "overload_ended"
    ]


def _sinks(model: Model) -> list[Attention]:
    """Sinks that lose something and have not said that they recovered."""
    newest: dict[tuple[str, str], IncidentView] = {}
    for incident in model.incidents:
        if incident.kind in ("sink_dropping", "sink_recovered"):
            newest[incident.subject, str(incident.detail.get("signal", ""))] = incident
    return [
        Attention(
            kind="sink",
            severity="warn",
            subject=incident.subject,
            score=_SINK,
            cause=Cause(text=incident.text),
            since_s=_at(incident),
            leads_to=Destination("logs"),
        )
        for incident in newest.values()
        if incident.kind == "sink_dropping" and model.now_s - (_at(incident) or 0.0) < _SINK_S
    ]


def _unmatched(model: Model) -> list[Attention]:
    """A burst of requests that no route takes: many more in a second than in the minutes before."""
    now, before = model.pulse.lately("route", _UNMATCHED, _BURST_S), model.pulse.lately("route", _UNMATCHED, 300)
    quiet = (before.requests - now.requests) / max(before.seconds - now.seconds, 1)
    if now.rate < _BURST or now.rate < quiet * _TIMES_MORE or before.seconds <= now.seconds:
        return []
    counted = Counter({reason: count for (_, reason), count in now.failures.items()})
    reason = counted.most_common(1)[0][0] if counted else "no_route"
    began_s = [each.at_s for each in model.pulse.seconds("route", _UNMATCHED) if each.requests > (quiet + now.rate) / 2]
    return [
        Attention(
            kind="unmatched",
            severity="warn",
            subject="no route",
            score=now.rate,
            rate=now.rate,
            cause=Cause(reason=reason, count=now.requests, text=_where(model)),
            since_s=float(began_s[0]) if began_s else None,
            leads_to=Destination("live", filter=f"reason:{reason}"),
        )
    ]


def _where(model: Model) -> str:
    """The path that was asked for last, of those that no route takes."""
    view = model.view(reading.UNMATCHED)
    if view is None or not view.paths:
        return ""
    newest = max(view.paths, key=lambda row: row.last_at)
    return f"{newest.last_method} {newest.path}"


def _newest(model: Model, kind: str, subject: str) -> IncidentView | None:
    return next((each for each in reversed(model.incidents) if each.kind == kind and each.subject == subject), None)


def _at(incident: IncidentView | None) -> float | None:
    return None if incident is None else datetime.fromisoformat(incident.at).timestamp()
