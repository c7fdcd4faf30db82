"""What protects an upstream, as the admin API tells it: its circuit, how much of its limits is used, what retries are left."""

from collections.abc import Collection, Iterable, Iterator

from msgspec.structs import replace

from gateway.model.upstream import Upstream
from gateway.runtime.intake import WorkerLoad
from gateway.runtime.views import timestamp
from gateway.runtime.vitals.circuits import CircuitStatus
from gateway.wire.report import GateGauge, PoolGauge
from gateway.wire.upstream_views import CircuitView, LimitView
from gateway.wire.views import RetriesView


def circuit_view(status: CircuitStatus | None) -> CircuitView | None:
    """None where there is no breaker."""
    if status is None:
        return None
    return CircuitView(
        state=status.state.value,
        reason=status.reason,
        evidence=status.evidence,
        since=None if status.since_s is None else timestamp(status.since_s),
        workers=status.workers,
    )


def spent_view(retries: RetriesView | None, route: str, loads: Iterable[WorkerLoad]) -> RetriesView | None:
    """With how many of its retries the route has made lately, in all workers."""
    if retries is None:
        return None
    budgets = [budget for load in loads for budget in load.budgets if budget.route == route]
    used, allowed = sum(budget.used for budget in budgets), sum(budget.allowed for budget in budgets)
    left = round(max(0.0, 1 - used / allowed), 4) if allowed else 0.0
    return replace(retries, used=used, allowed=round(allowed, 1), budget_left=left if budgets else None)


def limit_views(upstream: Upstream, pools: Iterable[PoolGauge], loads: Collection[WorkerLoad]) -> list[LimitView]:
    """Those that are configured. pools: of all its endpoints, in all workers."""
    return list(_limits(upstream, list(pools), loads))


def _limits(upstream: Upstream, pools: list[PoolGauge], loads: Collection[WorkerLoad]) -> Iterator[LimitView]:
    limits, workers = upstream.limits, len(loads)
    gates = [gate for load in loads if (gate := load.gates.get(upstream.name)) is not None]
    if limits.connections is not None:
        used = sum(pool.active + pool.idle for pool in pools)
        yield LimitView(kind="connections", limit=limits.connections * workers, used=used)
    if limits.pending is not None:
        yield LimitView(kind="pending", limit=limits.pending * workers, used=sum(pool.pending for pool in pools))
    if limits.requests is not None:
        yield LimitView(kind="requests", limit=limits.requests * workers, used=_in_flight(gates))
    if limits.retries is not None:
        yield LimitView(kind="retries", limit=limits.retries * workers, used=sum(gate.retries for gate in gates))
    if upstream.concurrency is not None:
        yield LimitView(kind="concurrency", limit=sum(gate.limit for gate in gates), used=_in_flight(gates))


def _in_flight(gates: Iterable[GateGauge]) -> int:
    return sum(gate.in_flight for gate in gates)
