"""What protects an upstream, put together from what all workers say."""

from msgspec.structs import replace

from gateway.config.explaining.retries import retries_view
from gateway.model.breaker import CircuitState, ConcurrencySettings, UpstreamLimits
from gateway.model.retry import Retries
from gateway.model.upstream import Upstream
from gateway.runtime.intake import WorkerLoad
from gateway.runtime.reading.protection import circuit_view, limit_views, spent_view
from gateway.runtime.vitals.circuits import CircuitStatus
from gateway.wire.report import BudgetGauge, GateGauge, PoolGauge, Report
from gateway.wire.upstream_views import CircuitView, LimitView


def load(worker: int, *gates: GateGauge) -> WorkerLoad:
    found = WorkerLoad()
    found.take(Report(worker, 1, 1, gates=list(gates)))
    return found


def test_limits_and_their_use_are_of_all_workers() -> None:
    limits = UpstreamLimits(connections=10, pending=5, requests=20, retries=2)
    upstream = Upstream("orders", (), limits=limits, concurrency=ConcurrencySettings())
    loads = [load(1, GateGauge("orders", 3, 40, 1), GateGauge("other", 9, 9, 9)), load(2, GateGauge("orders", 4, 25))]
    pools = [PoolGauge("orders", "a:1", 2, 1, 4, 6, 256), PoolGauge("orders", "b:1", 1, 0, 0, 1, 256)]
    assert limit_views(upstream, pools, loads) == [
        LimitView(kind="connections", limit=20, used=4),
        LimitView(kind="pending", limit=10, used=4),
        LimitView(kind="requests", limit=40, used=7),
        LimitView(kind="retries", limit=4, used=1),
        LimitView(kind="concurrency", limit=65, used=7),
    ]


def test_without_limits_there_is_nothing_to_tell() -> None:
    assert limit_views(Upstream("orders", ()), [], [load(1)]) == []
    assert circuit_view(None) is None


def test_what_a_route_has_spent_of_its_retries_is_of_all_workers() -> None:
    loads = []
    for worker, used in ((1, 3), (2, 4)):
        loads.append(WorkerLoad())
        loads[-1].take(Report(worker, 1, 1, budgets=[BudgetGauge("orders", used, 17.25), BudgetGauge("other", 9, 9.0)]))
    told = retries_view(Retries())
    assert spent_view(told, "orders", loads) == replace(told, used=7, allowed=34.5, budget_left=0.7971)
    assert spent_view(told, "unknown", loads) == told
    assert spent_view(None, "orders", loads) is None


def test_a_circuit_is_told_with_its_evidence_and_since_when() -> None:
    status = CircuitStatus(CircuitState.HALF_OPEN, 0.0, "waited", "worker 1: it was open long enough", 2)
    assert circuit_view(status) == CircuitView(
        state="half_open", reason="waited", evidence="worker 1: it was open long enough",
        since="1970-01-01T00:00:00+00:00", workers=2,
    )  # fmt: skip
    assert circuit_view(CircuitStatus()) == CircuitView(state="closed")
