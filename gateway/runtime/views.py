"""The configuration in the words of the admin API: what of each view does not change while a snapshot runs."""

import dataclasses
import time
from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from functools import cache
from typing import Final, Literal

from msgspec.structs import replace

from gateway.config.explaining.choices import Facts
from gateway.config.explaining.faults import fault_views
from gateway.config.explaining.refusing import EndpointFacts, Refused
from gateway.config.explaining.retries import retries_view
from gateway.config.secrets import REDACTED
from gateway.model.clock import MILLISECOND_NS, NEVER_NS
from gateway.model.credentials import carries_credentials
from gateway.model.health import Health
from gateway.model.outcome import Reason
from gateway.model.route import Criticality, Match, Place, Rewrite, Route, ValueKind, ValueMatch
from gateway.model.upstream import Balance, Endpoint, Upstream
from gateway.runtime.health.checking import Finding
from gateway.runtime.intake import WorkerLoad
from gateway.runtime.overrides import Decision, Override
from gateway.runtime.resolver import Resolved, needs_lookup
from gateway.runtime.vitals.weighing import EndpointStatus, Known
from gateway.wire.report import PoolGauge
from gateway.wire.upstream_views import CheckView, CircuitView, EndpointView, OverrideView, UpstreamView
from gateway.wire.views import (
    MatchView,
    PlaceView,
    PredicateView,
    RouteAction,
    RoutePolicy,
    RouteView,
    ShareView,
)

_ADMITTING: Final = frozenset({"requests", "concurrency"})
"""Limits beyond which a request is refused."""


def route_view(route: Route) -> RouteView:
    """Without its traffic."""
    return RouteView(
        name=route.name,
        index=route.index,
        priority=route.priority,
        place=place_view(route.place),
        match=_match_view(route.match),
        action=action_of(route),
        upstreams=share_views(route),
        request_timeout_ms=_milliseconds(route.timeouts.request_ns),
        first_byte_timeout_ms=_milliseconds(route.timeouts.first_byte_ns),
        upstream_idle_timeout_ms=_milliseconds(route.timeouts.upstream_idle_ns),
        retries=None if route.retries is None else retries_view(route.retries),
        respond_status=route.respond.status if route.respond is not None else None,
        redirect_status=route.redirect.status if route.redirect is not None else None,
        faults=fault_views(route.faults),
        policies=policies_of(route),
    )


def upstream_view(upstream: Upstream, resolved: Resolved) -> UpstreamView:
    """Without what the workers do with its endpoints."""
    limits = upstream.connections
    return UpstreamView(
        name=upstream.name,
        balance=upstream.balance.value,
        hash_on=upstream.hash_on if upstream.balance is Balance.CONSISTENT_HASH else None,
        hash_max_load=upstream.hash_max_load,
        prefer_zone=upstream.prefer_zone,
        failover_below=upstream.failover_below,
        sticky_cookie=upstream.sticky.cookie if upstream.sticky is not None else None,
        max_connections=limits.max,
        max_pending=limits.max_pending,
        connect_timeout_ms=_milliseconds(limits.connect_timeout_ns),
        idle_timeout_ms=_milliseconds(limits.idle_timeout_ns),
        endpoints=[_endpoint_view(endpoint, upstream.health, resolved) for endpoint in upstream.endpoints],
        panic_below=upstream.health.panic_below_ratio if upstream.health.is_checked else None,
    )


def _endpoint_view(endpoint: Endpoint, health: Health, resolved: Resolved) -> EndpointView:
    if endpoint.unix_path is not None:
        addresses: tuple[str, ...] = ()
    elif needs_lookup(endpoint):
        addresses = resolved.get(endpoint.address, ())
    else:
        addresses = (endpoint.host,)
    return EndpointView(
        address=endpoint.address,
        weight=endpoint.weight,
        configured_weight=endpoint.weight,
        zone=endpoint.zone,
        priority=endpoint.priority,
        labels=dict(endpoint.labels),
        resolved=list(addresses),
        checks=[kind.value for kind in health.checks],
    )


def decided_view(endpoint: EndpointView, status: EndpointStatus, override: Override) -> EndpointView:
    """With its state, and what operators decided about it."""
    decisions: tuple[tuple[Literal["drained", "weight"], Decision | None], ...]
    decisions = (("drained", override.drained), ("weight", override.weighed))
    return replace(
        endpoint,
        weight=override.weight_in_force(endpoint.configured_weight),
        state=status.state,
        reason=status.reason,
        note=status.note,
        actor=status.actor,
        since=None if status.since_s is None else timestamp(status.since_s),
        overrides=[
            OverrideView(kind=kind, actor=each.actor, reason=each.reason, since=timestamp(each.at_s))
            for kind, each in decisions
            if each is not None
        ],
    )


def checked_view(endpoint: EndpointView, known: Known, now_s: float) -> EndpointView:
    """With what checks and traffic say of it. now_s: monotonic."""
    if not known.checks and not known.health.slow_start_ns:
        return endpoint
    last = known.verdict.last if known.verdict is not None else None
    ejections = known.ejections
    ejection = ejections.current if ejections is not None else None
    return replace(
        endpoint,
        last_check=None if last is None else _check_view(last),
        ejections=ejections.count if ejections is not None else 0,
        ejected_until=None if ejection is None else timestamp(time.time() + ejection.until_s - now_s),
        slow_start_share=known.slow_start_share(now_s),
    )


def _check_view(finding: Finding) -> CheckView | None:
    if finding.result is None:
        return None
    return CheckView(at=timestamp(finding.at_s), result=finding.result.value, evidence=finding.evidence)  # type: ignore[arg-type]


def pools_by_endpoint(loads: Iterable[WorkerLoad]) -> dict[tuple[str, str], list[PoolGauge]]:
    """The pools of all workers, by upstream and endpoint."""
    pools: dict[tuple[str, str], list[PoolGauge]] = {}
    for load in loads:
        for pool in load.pools:
            pools.setdefault((pool.upstream, pool.endpoint), []).append(pool)
    return pools


def known_endpoints(told: Iterable[UpstreamView], loads: Iterable[WorkerLoad]) -> Facts:
    """What explanations say of endpoints, as they are now."""
    pools, upstreams = pools_by_endpoint(loads), {upstream.name: upstream for upstream in told}

    @cache
    def endpoints(upstream: str) -> dict[str, EndpointView]:
        return {each.address: each for each in upstreams[upstream].endpoints}

    def facts(upstream: str, endpoint: str) -> EndpointFacts | None:
        if upstream not in upstreams or endpoint not in endpoints(upstream):
            return None
        here = pools.get((upstream, endpoint), ())
        view = upstreams[upstream]
        found = _endpoint_facts(endpoints(upstream)[endpoint], here, view)
        return dataclasses.replace(found, refused=refusal_of(view, len(here)), probed=_probed(view.circuit, len(here)))

    return facts


def refusal_of(upstream: UpstreamView, workers: int) -> Refused | None:
    """Why every one of so many workers would refuse a request before it tries an endpoint; None where one might not."""
    circuit = upstream.circuit
    if circuit is not None and circuit.state == "open" and circuit.workers >= workers:
        words = f"the circuit of {upstream.name} is open{_since(circuit)} ({circuit.evidence})"
        return Refused(Reason.CIRCUIT_OPEN, words)
    full = [limit for limit in upstream.limits if limit.kind in _ADMITTING and limit.used >= limit.limit]
    if full:
        words = f"{upstream.name} has {full[0].used} of {full[0].limit} requests in flight"
        return Refused(Reason.CONCURRENCY_LIMITED, words)
    return None


def _probed(circuit: CircuitView | None, workers: int) -> str:
    if circuit is not None and circuit.state == "open" and circuit.workers < workers:
        return (
            f"the circuit is open{_since(circuit)} in {circuit.workers} of {workers} workers ({circuit.evidence}): "
            f"requests that arrive there are refused ({Reason.CIRCUIT_OPEN.value})"
        )
    if circuit is None or circuit.state != "half_open":
        return ""
    return (
        f"the circuit is half-open{_since(circuit)}: a few requests at a time are let through as probes, "
        f"others are refused ({Reason.CIRCUIT_OPEN.value})"
    )


def _since(circuit: CircuitView) -> str:
    return f" since {_seconds(circuit.since)}" if circuit.since else ""


def _endpoint_facts(endpoint: EndpointView, pools: Collection[PoolGauge], upstream: UpstreamView) -> EndpointFacts:
    """What is known of an endpoint from its view and its pool in each worker."""
    full = [pool for pool in pools if pool.active >= pool.max]
    return EndpointFacts(
        addresses=tuple(endpoint.resolved),
        state=endpoint.state,
        why=", ".join(part for part in (endpoint.reason, endpoint.note) if part),
        in_panic=upstream.panic,
        weight=endpoint.weight,
        decided=tuple(_decided_words(each) for each in endpoint.overrides),
        in_flight=endpoint.in_flight,
        connections=endpoint.connections_active + endpoint.connections_idle,
        pending=endpoint.pending,
        workers=len(pools),
        full=len(full),
        queue_full=sum(pool.pending >= upstream.max_pending for pool in full),
        recent_error_ratio=endpoint.recent.error_ratio,
    )


def _decided_words(override: OverrideView) -> str:
    what = "drained" if override.kind == "drained" else "weighed otherwise"
    said = f" ({override.reason})" if override.reason else ""
    return f"{what} by {override.actor}{said}"


def place_view(place: Place) -> PlaceView:
    return PlaceView(file=place.file, line=place.line)


def share_views(route: Route) -> list[ShareView]:
    return [ShareView(upstream=share.upstream, weight=share.weight) for share in route.upstreams]


def policies_of(route: Route) -> list[RoutePolicy]:
    rewrite, retries = route.rewrite or Rewrite(), route.retries
    applied: dict[RoutePolicy, bool] = {
        "retries": retries is not None and retries.attempts > 1,
        "hedging": retries is not None and retries.hedge_after_ns < NEVER_NS,
        "timeout": route.timeouts.request_ns < NEVER_NS,
        "rewrite": any(part is not None for part in (rewrite.path, rewrite.path_prefix, rewrite.host)),
        "headers": rewrite.headers is not None or rewrite.response_headers is not None,
        "subset": bool(route.subset),
        "critical": route.criticality is Criticality.CRITICAL,
        "sheddable": route.criticality is Criticality.SHEDDABLE,
        "faults": route.faults is not None,
    }
    return [policy for policy, is_applied in applied.items() if is_applied]


def action_of(route: Route) -> RouteAction:
    if route.redirect is not None:
        return "redirect"
    return "respond" if route.respond is not None else "forward"


def _match_view(match: Match) -> MatchView:
    return MatchView(
        path_kind=match.path_kind.value,
        path=match.path,
        hosts=list(match.hosts),
        methods=list(match.methods),
        headers=[_predicate_view(predicate) for predicate in match.headers],
        query=[_predicate_view(predicate) for predicate in match.query],
        clients=list(match.clients),
        listeners=list(match.listeners),
    )


def _predicate_view(predicate: ValueMatch) -> PredicateView:
    is_secret = predicate.kind is not ValueKind.PRESENT and carries_credentials(predicate.name)
    return PredicateView(
        name=predicate.name, kind=predicate.kind.value, value=REDACTED if is_secret else predicate.value
    )


def timestamp(unix_s: float) -> str:
    """RFC 3339 in UTC."""
    return datetime.fromtimestamp(unix_s, UTC).isoformat()


def _seconds(moment: str) -> str:
    """Of an RFC 3339 time, the time of day in UTC, for what is said in words: `14:02:31Z`."""
    return f"{datetime.fromisoformat(moment).astimezone(UTC):%H:%M:%S}Z"


def _milliseconds(duration_ns: int) -> float | None:
    return None if duration_ns >= NEVER_NS else duration_ns / MILLISECOND_NS
