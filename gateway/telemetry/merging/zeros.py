"""The series that exist from the first scrape, at zero: so that an absent series never hides an alert.

Every family whose label values all come from the configuration or from closed lists has them, as far as the combination
can occur: no answer class with a failed connect, no upstream's fault on a route that answers by itself.
"""

from collections.abc import Iterable, Iterator
from typing import Final, TypeAlias

from gateway.model.breaker import CircuitCause, CircuitState
from gateway.model.clock import NEVER_NS
from gateway.model.health import (
    ACTIVE_RESULTS,
    EJECTION_REASONS,
    PASSIVE_RESULTS,
    CheckKind,
    CheckResult,
    Health,
)
from gateway.model.outcome import Reason, Source, cause_of
from gateway.model.phase import Phase
from gateway.model.retry import Retries, Suppression
from gateway.model.route import Route
from gateway.model.snapshot import Snapshot
from gateway.model.upstream import Upstream
from gateway.telemetry import catalog
from gateway.telemetry.catalog import Instrument
from gateway.telemetry.labels import (
    FAILURE,
    NO_STATUS_CLASS,
    NO_UPSTREAM,
    OVERFLOW,
    STATUS_CLASSES,
    SUCCESS,
    SUPERVISOR,
    SUPPRESSED,
    UNMATCHED,
    worker_label,
)
from gateway.telemetry.merging.overflow import EndpointLabels

Labels: TypeAlias = tuple[str, ...]
Series: TypeAlias = tuple[Instrument, Labels]

_UPSTREAM_REASONS: Final = tuple(
    reason.value
    for reason in Reason
    if (cause_of(reason) is Source.UPSTREAM and reason is not Reason.UPSTREAM_STATUS)
    or reason in {Reason.POOL_EXHAUSTED, Reason.CLIENT_DISCONNECT, Reason.CLIENT_TIMEOUT}
)
"""How an attempt can end without an answer."""
_UNMATCHED_REASONS: Final = (
    *(reason.value for reason in Reason if cause_of(reason) is Source.CLIENT),
    *(reason.value for reason in (Reason.NO_ROUTE, Reason.METHOD_NOT_ALLOWED, Reason.OVERLOADED)),
    *(reason.value for reason in (Reason.SHUTTING_DOWN, Reason.INTERNAL_ERROR)),
)
_ROUTE_REASONS: Final = tuple(
    reason.value
    for reason in Reason
    if reason not in {Reason.NONE, Reason.NO_ROUTE, Reason.METHOD_NOT_ALLOWED, Reason.SUPERSEDED}
)
_ANSWERED: Final = (
    *((status_class, Reason.NONE.value) for status_class in STATUS_CLASSES),
    ("5xx", Reason.UPSTREAM_STATUS.value),
)
OPEN_RESULTS: Final = ("ok", *(reason.value for reason in Reason if reason.value.startswith("connect_")), "dns_error")
RETRY_REASONS: Final = (Reason.UPSTREAM_RESET.value,)
"""How a connection that was reused turns out to have ended, before any byte of an answer: for upstreams whose routes have no
retries of their own."""
CIRCUIT_TRANSITIONS: Final = (
    (CircuitState.OPEN.value, CircuitCause.FAILURE_RATIO.value),
    (CircuitState.OPEN.value, CircuitCause.PROBE_FAILED.value),
    (CircuitState.HALF_OPEN.value, CircuitCause.WAITED.value),
    (CircuitState.CLOSED.value, CircuitCause.PROBES_PASSED.value),
)
KEEP_RULES: Final = ("sampled", "error", "slow", "retried")
DROP_REASONS: Final = ("queue_full", "export_failed", "rejected", "shutdown")
LINE_DROP_REASONS: Final = ("queue_full", "write_failed", "rejected", "malformed", "shutdown")
"""Why a sink of access lines gives one up: telemetry.shipping."""
RESOURCES: Final = ("memory", "loop_delay", "file_descriptors")
"""What a worker can be short of: proxy.overload.pressure."""
OVERFLOWING: Final = ((catalog.HTTP_REQUESTS, "route"), (catalog.UPSTREAM_REQUESTS, "endpoint"))
"""The families in which observations under `_overflow` are counted, one for each label that is bounded."""
SINKS: Final = (("log", "access_log"), ("span", "otlp"))


def known_series(snapshot: Snapshot, workers: int = 0) -> list[Series]:
    """All series a gateway of so many workers with this configuration starts with, in no particular order."""
    if not snapshot.telemetry.metrics.enabled:
        return list(_of_telemetry())
    shown = snapshot.routes[: snapshot.telemetry.metrics.max_routes]
    series = [*_of_telemetry(), *_of_unmatched(), *_of_processes(workers)]
    series += [(catalog.TELEMETRY_LABEL_OVERFLOW, (instrument.name, label)) for instrument, label in OVERFLOWING]
    for route in shown:
        series += _of_route(route)
    if len(snapshot.routes) > len(shown):
        series += _of_route_label(OVERFLOW, _ROUTE_REASONS)
    labels = EndpointLabels()
    labels.configure(snapshot)
    rules = _retries_by_upstream(snapshot.routes)
    for upstream in snapshot.upstreams:
        series += _of_upstream(upstream, labels)
        series += _of_retries(upstream.name, rules.get(upstream.name, []))
    for listener in snapshot.listeners:
        series += _of_listener(listener.name)
    series += [
        (catalog.HTTP_PHASE_DURATION, (phase, NO_UPSTREAM)) for phase in (Phase.READ_HEAD.value, Phase.WRITE.value)
    ]
    return series


def _of_telemetry() -> Iterator[Series]:
    for signal, sink in SINKS:
        yield from of_sink(signal, sink)
    yield catalog.TRACE_DECISIONS, ("dropped", "none")
    for rule in KEEP_RULES:
        yield catalog.TRACE_DECISIONS, ("kept", rule)


def of_sink(signal: str, sink: str) -> Iterator[Series]:
    """Of something that telemetry is delivered to."""
    yield catalog.TELEMETRY_EXPORTED, (signal, sink)
    yield catalog.TELEMETRY_EXPORT_DURATION, (signal, sink)
    yield catalog.TELEMETRY_LAST_SUCCESS, (signal, sink)
    for reason in LINE_DROP_REASONS if signal == "log" else DROP_REASONS:
        yield catalog.TELEMETRY_DROPPED, (signal, sink, reason)


def _of_processes(workers: int) -> Iterator[Series]:
    yield catalog.TELEMETRY_CPU, (SUPERVISOR,)
    yield catalog.EVENT_LOOP_BLOCKED, (SUPERVISOR,)
    for worker in range(1, workers + 1):
        yield catalog.TELEMETRY_CPU, (worker_label(worker),)
        yield catalog.EVENT_LOOP_LAG, (str(worker),)
        yield catalog.EVENT_LOOP_BUSY, (str(worker),)
        yield catalog.EVENT_LOOP_BLOCKED, (worker_label(worker),)
        for resource in RESOURCES:
            yield catalog.OVERLOAD_PRESSURE, (str(worker), resource)
            yield catalog.OVERLOAD_LEVEL, (str(worker), resource)


def _of_unmatched() -> Iterator[Series]:
    yield catalog.HTTP_REQUESTS, (UNMATCHED, "GET", "404", Source.GATEWAY.value)
    yield from _of_route_label(UNMATCHED, _UNMATCHED_REASONS)


def _of_route(route: Route) -> Iterator[Series]:
    yield catalog.HTTP_REQUESTS, (route.name, "GET", "200", Source.UPSTREAM.value)
    yield from _of_route_label(route.name, _ROUTE_REASONS)
    if route.faults is not None:
        yield catalog.HTTP_FAULTS_INJECTED, (route.name, "delay")
        yield catalog.HTTP_FAULTS_INJECTED, (route.name, "abort")
    if route.slo is None:
        return
    if route.slo.availability_ratio is not None:
        yield from _of_objective(route.name, "availability")
    if route.slo.latency is not None:
        yield from _of_objective(route.name, "latency")


def _of_objective(route: str, sli: str) -> Iterator[Series]:
    for result in ("good", "bad"):
        yield catalog.SLO_REQUESTS, (route, sli, result)


def _of_route_label(route: str, reasons: tuple[str, ...]) -> Iterator[Series]:
    for status_class in STATUS_CLASSES:
        yield catalog.HTTP_REQUEST_DURATION, (route, status_class)
    for reason in reasons:
        yield catalog.HTTP_FAILURES, (route, reason)
    yield catalog.HTTP_OVERHEAD, (route,)
    yield catalog.HTTP_REQUEST_BYTES, (route,)
    yield catalog.HTTP_RESPONSE_BYTES, (route,)
    yield catalog.HTTP_IN_FLIGHT, (route,)
    yield catalog.HTTP_IN_FLIGHT_PEAK, (route,)
    yield catalog.HTTP_OLDEST_AGE, (route,)


def _of_upstream(upstream: Upstream, endpoint_labels: EndpointLabels) -> Iterator[Series]:
    name = upstream.name
    for phase in Phase:
        yield catalog.HTTP_PHASE_DURATION, (phase.value, name)
    for status_class in (*STATUS_CLASSES, NO_STATUS_CLASS):
        yield catalog.UPSTREAM_DURATION, (name, status_class)
    for result in OPEN_RESULTS:
        yield catalog.UPSTREAM_OPENED, (name, result)
    for state in ("active", "idle"):
        yield catalog.UPSTREAM_CONNECTIONS, (name, state)
    yield catalog.UPSTREAM_CONNECTIONS_LIMIT, (name,)
    yield from _of_gate(upstream)
    for address in {endpoint_labels.of(name, endpoint.address) for endpoint in upstream.endpoints}:
        for status_class, reason in _ANSWERED:
            yield catalog.UPSTREAM_REQUESTS, (name, address, status_class, reason)
        for reason in _UPSTREAM_REASONS:
            yield catalog.UPSTREAM_REQUESTS, (name, address, NO_STATUS_CLASS, reason)
        yield catalog.UPSTREAM_ENDPOINT_DURATION, (name, address)
        yield catalog.UPSTREAM_IN_FLIGHT, (name, address)
        yield catalog.UPSTREAM_PENDING, (name, address)
        yield from _of_health(upstream.health, (name, address))


def _of_health(health: Health, endpoint: tuple[str, str]) -> Iterator[Series]:
    if health.active is not None:
        for result in ACTIVE_RESULTS:
            yield catalog.HEALTH_CHECKS, (*endpoint, CheckKind.ACTIVE.value, result.value)
            if result is not CheckResult.OK:
                yield catalog.UPSTREAM_TRANSITIONS, (*endpoint, "healthy", result.value)
                yield catalog.UPSTREAM_TRANSITIONS, (*endpoint, "unhealthy", result.value)
    if health.passive is not None:
        for result in PASSIVE_RESULTS:
            yield catalog.HEALTH_CHECKS, (*endpoint, CheckKind.PASSIVE.value, result.value)
        for reason in EJECTION_REASONS:
            yield catalog.UPSTREAM_TRANSITIONS, (*endpoint, "healthy", reason)
            yield catalog.UPSTREAM_TRANSITIONS, (*endpoint, "ejected", reason)


def _of_gate(upstream: Upstream) -> Iterator[Series]:
    name, limits = upstream.name, upstream.limits
    yield catalog.UPSTREAM_REJECTED, (name, Reason.POOL_EXHAUSTED.value)
    if upstream.breaker is not None:
        yield catalog.UPSTREAM_REJECTED, (name, Reason.CIRCUIT_OPEN.value)
        for to, cause in CIRCUIT_TRANSITIONS:
            yield catalog.CIRCUIT_BREAKER_TRANSITIONS, (name, to, cause)
    if upstream.concurrency is not None or limits.requests is not None:
        yield catalog.UPSTREAM_REJECTED, (name, Reason.CONCURRENCY_LIMITED.value)


def _retries_by_upstream(routes: Iterable[Route]) -> dict[str, list[Retries]]:
    rules: dict[str, list[Retries]] = {}
    for route in routes:
        if route.retries is not None:
            for target in route.upstreams:
                rules.setdefault(target.upstream, []).append(route.retries)
    return rules


def _of_retries(upstream: str, rules: list[Retries]) -> Iterator[Series]:
    reasons = set(RETRY_REASONS).union(*(rule.reasons for rule in rules))
    if any(rule.statuses for rule in rules):
        reasons.add(Reason.UPSTREAM_STATUS.value)
    if any(rule.hedge_after_ns != NEVER_NS for rule in rules):
        reasons.add(Reason.SUPERSEDED.value)
    for reason in sorted(reasons):
        yield catalog.UPSTREAM_RETRIES, (upstream, reason, SUCCESS)
        yield catalog.UPSTREAM_RETRIES, (upstream, reason, FAILURE)
    for suppression in Suppression if rules else ():
        yield catalog.UPSTREAM_RETRIES, (upstream, suppression.value, SUPPRESSED)


def _of_listener(listener: str) -> Iterator[Series]:
    yield catalog.CONNECTIONS_ACTIVE, (listener,)
    yield catalog.CONNECTIONS_ACCEPTED, (listener,)
    for reason in ("limit", "overload", "file_descriptors"):
        yield catalog.CONNECTIONS_REJECTED, (listener, reason)
