"""Nodes and their workers as rows: what each runs in a word, what it takes, and when it was heard."""

from typing import Final

from console.render.amounts import UNKNOWN, age, count, milliseconds, percent, rate, size
from console.render.cells import Cell, Severity, glyph
from console.render.grid import Grid, GridColumn, GridRow
from console.state.inside.nodes import (
    SKEW_S,
    Heard,
    NodeFacts,
    is_lost,
    node_facts,
    silent_s,
    standing_of_node,
    standing_of_worker,
)
from gateway.wire.views import ProcessView, StatusView, SyncWord, WorkerView

SUPERVISOR: Final = "supervisor"
"""Key of its row among the workers."""

_SYNC: Final[dict[SyncWord, Cell]] = {
    "synced": Cell("SYNCED"),
    "not_sent": Cell("NOT SENT", "warn"),
    "stale": Cell("STALE", "warn"),
    "rejected": Cell("REJECTED", "crit"),
}
_SLOW_LAG_MS: Final = 50.0
_FULL: Final = 0.9

_NODE_COLUMNS: Final = (
    GridColumn("", 1),
    GridColumn("NODE", 10, grows=True),
    GridColumn("VERSION", 8, 7),
    GridColumn("REVISION", 16, 2),
    GridColumn("SYNC", 8),
    GridColumn("WORKERS", 7, is_number=True),
    GridColumn("CPU", 6, 1, is_number=True),
    GridColumn("CORES", 5, 8, is_number=True),
    GridColumn("MEMORY", 8, 2, is_number=True),
    GridColumn("FDS", 6, 9, is_number=True),
    GridColumn("LAG P99", 7, 3, is_number=True),
    GridColumn("CONNS", 6, 4, is_number=True),
    GridColumn("RATE/S", 7, 1, is_number=True),
    GridColumn("CLOCK", 7, 6, is_number=True),
    GridColumn("UPTIME", 7, 5, is_number=True),
    GridColumn("SEEN", 9, is_number=True),
)
_WORKER_COLUMNS: Final = (
    GridColumn("", 1),
    GridColumn("PROCESS", 10, grows=True),
    GridColumn("PID", 7, 6, is_number=True),
    GridColumn("STATE", 11, 1),
    GridColumn("REVISION", 16, 4),
    GridColumn("SYNC", 8),
    GridColumn("CPU", 6, 1, is_number=True),
    GridColumn("MEMORY", 8, 2, is_number=True),
    GridColumn("FDS", 6, 8, is_number=True),
    GridColumn("LAG P99", 7, 2, is_number=True),
    GridColumn("CONNS", 6, 5, is_number=True),
    GridColumn("IN FLIGHT", 9, 6, is_number=True),
    GridColumn("RATE/S", 7, 1, is_number=True),
    GridColumn("RESTARTS", 8, 4, is_number=True),
    GridColumn("UPTIME", 7, 7, is_number=True),
    GridColumn("SEEN", 9, is_number=True),
)


def node_grid(status: StatusView | None, heard: Heard, *, empty: str = "", ascii_only: bool = False) -> Grid:
    """A row for each node: today there is one. `empty`: what is said before anything is known."""
    if status is None:
        return Grid(_NODE_COLUMNS, (), empty)
    return Grid(_NODE_COLUMNS, [_node_row(node_facts(status, heard), ascii_only=ascii_only)])


def worker_grid(status: StatusView | None, heard: Heard, *, ascii_only: bool = False) -> Grid:
    """The processes of a node, the supervisor last; who is silent or gone stays."""
    if status is None:
        return Grid(_WORKER_COLUMNS, ())
    rows = [_worker_row(worker, heard.age_s, ascii_only=ascii_only) for worker in status.workers]
    if status.supervisor is not None:
        rows.append(_supervisor_row(status, status.supervisor, heard, ascii_only=ascii_only))
    return Grid(_WORKER_COLUMNS, rows)


def seen(silence_s: float | None) -> Cell:
    """`0.2s`, or `lost 34s`."""
    if silence_s is None:
        return Cell("never", "unknown")
    return Cell(f"lost {age(silence_s)}", "crit") if is_lost(silence_s) else Cell(f"{silence_s:.1f}s", "dim")


def _node_row(node: NodeFacts, *, ascii_only: bool) -> GridRow:
    standing: Severity = standing_of_node(node)
    is_full = bool(node.memory_limit_bytes) and (node.rss_bytes or 0) > _FULL * node.memory_limit_bytes
    return GridRow(
        node.name,
        (
            glyph(standing, ascii_only=ascii_only),
            Cell(node.name, "strong" if standing != "ok" else "plain"),
            Cell(node.version, "dim"),
            Cell(f"{node.revision[:8]} #{node.sequence}"),
            _SYNC[node.sync],
            Cell(f"{node.serving}/{node.workers}", "plain" if node.serving == node.workers else "crit"),
            Cell(percent(node.cpu_ratio)),
            Cell(count(node.cores) if node.cores else UNKNOWN, "dim"),
            Cell(size(node.rss_bytes), "warn" if is_full else "plain"),
            Cell(count(node.fds), "dim"),
            _lag(node.loop_lag_p99_ms),
            Cell(count(node.connections)),
            Cell(rate(node.rate)),
            _skew(node.heard.skew_s),
            Cell(age(node.uptime_s), "dim"),
            seen(node.heard.age_s),
        ),
    )


def _worker_row(worker: WorkerView, age_s: float | None, *, ascii_only: bool) -> GridRow:
    standing: Severity = standing_of_worker(worker, age_s)
    name = f"worker {worker.index}"
    return GridRow(
        name,
        (
            glyph(standing, ascii_only=ascii_only),
            Cell(name, "strong" if standing != "ok" else "plain"),
            Cell(str(worker.pid or UNKNOWN), "dim"),
            Cell(worker.state.replace("_", " "), "plain" if worker.state == "serving" else standing),
            Cell(f"{worker.revision[:8]} #{worker.sequence}" if worker.revision else UNKNOWN),
            _SYNC[worker.sync],
            Cell(percent(worker.cpu_ratio)),
            Cell(size(worker.rss_bytes)),
            Cell(count(worker.fds), "dim"),
            _lag(worker.loop_lag_p99_ms),
            Cell(count(worker.connections)),
            Cell(count(worker.in_flight)),
            Cell(rate(worker.rate)),
            Cell(count(worker.restarts), "warn" if worker.restarts else "dim"),
            Cell(age(worker.uptime_s), "dim"),
            seen(silent_s(worker, age_s)),
        ),
    )


def _supervisor_row(status: StatusView, supervisor: ProcessView, heard: Heard, *, ascii_only: bool) -> GridRow:
    is_here = not is_lost(heard.age_s)
    return GridRow(
        SUPERVISOR,
        (
            glyph("ok" if is_here else "crit", ascii_only=ascii_only),
            Cell(SUPERVISOR),
            Cell(str(supervisor.pid), "dim"),
            Cell("draining" if status.draining else "running"),
            Cell(""),
            Cell(""),
            Cell(percent(supervisor.cpu_ratio)),
            Cell(size(supervisor.rss_bytes)),
            Cell(count(supervisor.fds), "dim"),
            *(Cell("") for _ in range(5)),
            Cell(age(status.uptime_s), "dim"),
            seen(heard.age_s),
        ),
    )


def _lag(milliseconds_late: float | None) -> Cell:
    is_slow = milliseconds_late is not None and milliseconds_late > _SLOW_LAG_MS
    return Cell(milliseconds(milliseconds_late), "warn" if is_slow else "plain")


def _skew(skew_s: float | None) -> Cell:
    """By how much its clock is before ours or behind; what cannot be told apart from no difference is none."""
    if skew_s is None:
        return Cell(UNKNOWN, "dim")
    if abs(skew_s) < SKEW_S:
        return Cell("same", "dim")
    return Cell(f"{'+' if skew_s > 0 else '-'}{age(abs(skew_s))}", "warn")
