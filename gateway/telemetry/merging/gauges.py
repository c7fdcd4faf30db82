"""What each worker says about now. Gauges of a worker that is gone go with it; those of all others add up."""

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeAlias

from gateway.telemetry import catalog
from gateway.telemetry.catalog import Instrument
from gateway.wire.report import BudgetGauge, GateGauge, PoolGauge, Report, RouteDelta

Labels: TypeAlias = tuple[str, ...]
Reading: TypeAlias = tuple[Instrument, Labels, float]
"""One value of a gauge, or the whole of a counter that somebody else counts."""


class WorkerGauges:
    """The last word of one worker."""

    def __init__(self) -> None:
        self._in_flight: dict[str, int] = {}
        self._connections: dict[str, int] = {}
        self._pools: list[PoolGauge] = []
        self._gates: list[GateGauge] = []
        self._busy_ratio = 0.0
        self.budgets: list[BudgetGauge] = []
        self.oldest: dict[str, int] = {}
        """By route, when its oldest running request began: nanoseconds since the epoch."""

    def in_flight(self, route: str) -> int:
        return self._in_flight.get(route, 0)

    def take(self, report: Report) -> None:
        """Routes and listeners that did not change are absent from a report; pools are always complete."""
        keep_running(self._in_flight, report.routes)
        for listener in report.listeners:
            keep_count(self._connections, listener.listener, listener.active)
        self._pools = report.pools
        self._gates = report.gates
        self._busy_ratio = report.busy_ratio
        self.budgets = report.budgets
        if report.oldest is not None:
            self.oldest = report.oldest

    def readings(self, worker: int, endpoint_label: Callable[[str, str], str]) -> Iterator[Reading]:
        """All gauges of the worker that add up with those of others; endpoint_label: of an upstream and an address."""
        yield catalog.EVENT_LOOP_BUSY, (str(worker),), self._busy_ratio
        for route, running in self._in_flight.items():
            yield catalog.HTTP_IN_FLIGHT, (route,), running
        for listener, connections in self._connections.items():
            yield catalog.CONNECTIONS_ACTIVE, (listener,), connections
        for pool in self._pools:
            endpoint = endpoint_label(pool.upstream, pool.endpoint)
            yield catalog.UPSTREAM_IN_FLIGHT, (pool.upstream, endpoint), pool.in_flight
            yield catalog.UPSTREAM_PENDING, (pool.upstream, endpoint), pool.pending
            yield catalog.UPSTREAM_CONNECTIONS, (pool.upstream, "active"), pool.active
            yield catalog.UPSTREAM_CONNECTIONS, (pool.upstream, "idle"), pool.idle
            yield catalog.UPSTREAM_CONNECTIONS_LIMIT, (pool.upstream,), pool.max
        for gate in self._gates:
            if gate.limit:
                yield catalog.UPSTREAM_CONCURRENCY_LIMIT, (gate.upstream,), gate.limit


class HasBudgets(Protocol):
    budgets: list[BudgetGauge]


def budgets_left(workers: Iterable[HasBudgets]) -> dict[str, float]:
    """By route, the share of its retry budget that is left: 1 for all of it."""
    used: dict[str, int] = {}
    allowed: dict[str, float] = {}
    for worker in workers:
        for budget in worker.budgets:
            used[budget.route] = used.get(budget.route, 0) + budget.used
            allowed[budget.route] = allowed.get(budget.route, 0.0) + budget.allowed
    return {route: max(0.0, 1 - used[route] / most) if most else 0.0 for route, most in allowed.items()}


def keep_running(running: dict[str, int], routes: Iterable[RouteDelta]) -> None:
    """The same for the requests in flight of thousands of routes, most of which have none."""
    for route in routes:
        if route.in_flight:
            running[route.route] = route.in_flight
        elif route.route in running:
            del running[route.route]


def keep_count(counts: dict[str, int], name: str, count: int) -> None:
    """Zeros are known without being kept; those of deleted objects would come back with every later configuration."""
    if count:
        counts[name] = count
    else:
        counts.pop(name, None)
