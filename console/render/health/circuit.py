"""The circuit of an upstream, its panic and how much of its limits is used, in words and cells."""

from datetime import datetime

from console.render.amounts import count
from console.render.cells import Cell, Severity
from console.render.health.sentences import when
from console.state.health.guarding import panic_told
from gateway.wire.upstream_views import CircuitView, LimitView, UpstreamView


def circuit_cell(upstream: UpstreamView) -> Cell:
    """`open`, `half-open`, `closed`; `-` where it has none."""
    circuit = upstream.circuit
    if circuit is None:
        return Cell("-", "dim")
    severities: dict[str, Severity] = {"open": "crit", "half_open": "warn"}
    return Cell(_word(circuit), severities.get(circuit.state, "dim"))


def shut_out(upstream: UpstreamView) -> str:
    """`circuit open: worker 2: 57% of 124 requests failed`; empty while it is closed."""
    circuit = upstream.circuit
    if circuit is None or circuit.state == "closed":
        return ""
    return f"circuit {_word(circuit)}: {circuit.evidence}"


def circuit_line(circuit: CircuitView) -> str:
    """`circuit open since 14:02:10 in 1 worker (worker 2: 57% of 124 requests failed)`."""
    since = ""
    if circuit.since:
        since_s = datetime.fromisoformat(circuit.since).timestamp()
        since = f" since {when(since_s, since_s)}"
    workers = f" in {circuit.workers} {'worker' if circuit.workers == 1 else 'workers'}" if circuit.workers else ""
    evidence = f" ({circuit.evidence})" if circuit.evidence else ""
    return f"circuit {_word(circuit)}{since}{workers}{evidence}"


def panic_line(upstream: UpstreamView) -> str:
    """`PANIC: 1 of 3 endpoints usable, less than 50%: the others get traffic all the same`."""
    return f"PANIC: {panic_told(upstream)}"


def limits_line(limits: list[LimitView]) -> str:
    """`all endpoints and workers: requests 12 of 200, pending 0 of 20`."""
    told = ", ".join(f"{limit.kind} {count(limit.used)} of {count(limit.limit)}" for limit in limits)
    return f"all endpoints and workers together: {told}"


def _word(circuit: CircuitView) -> str:
    return circuit.state.replace("_", "-")
