"""Traces that were kept, and one of them as a tree with bars."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from console.render.amounts import clock_millis, count, milliseconds
from console.render.cells import Cell, Severity, glyph
from console.render.grid import Grid, GridColumn, GridRow, fit
from console.render.table import plain
from console.render.traffic.tail_rows import severity_of
from console.render.traffic.waterfall import bar_cells
from console.state.traffic.traces import Span, Trace, spans_of
from gateway.wire.filter.predicate import SLOW_MS
from gateway.wire.views import ConfigView

_COLUMNS: Final = (
    GridColumn("", 1),
    GridColumn("DURATION", 8, is_number=True),
    GridColumn("ST", 3, is_number=True),
    GridColumn("ROUTE", 12, 1, grows=True, most=28),
    GridColumn("REQUEST", 20, grows=True),
    GridColumn("REQS", 4, 4, is_number=True),
    GridColumn("TRIES", 5, 3, is_number=True),
    GridColumn("KEPT FOR", 20, 2),
    GridColumn("BEGAN", 12, 3),
    GridColumn("TRACE", 32, 5),
)

SORTS: Final[dict[str, Callable[[Trace], Any]]] = {
    "duration": lambda trace: -trace.duration_ms,
    "errors": lambda trace: (not trace.has_failed, -trace.duration_ms),
    "newest": lambda trace: -trace.began_s,
}


def traces_grid(traces: Sequence[Trace], sort: str, empty: str, *, ascii_only: bool = False) -> Grid:
    """empty: what was searched, for where there is none."""
    ordered = sorted(traces, key=SORTS[sort])
    return Grid(_COLUMNS, [_row(trace, ascii_only=ascii_only) for trace in ordered], empty)


def _row(trace: Trace, *, ascii_only: bool) -> GridRow:
    first = trace.lines[0]
    worst = next((line for line in trace.lines if severity_of(line) == "crit"), first)
    kept_for = trace.kept_for or ("slow",)  # The gateway kept it, and knows what its route promises.
    severity = severity_of(worst, 0.0 if "slow" in kept_for else SLOW_MS)
    health: Severity = "ok" if severity == "plain" else severity
    return GridRow(
        trace.trace_id,
        (
            glyph(health, ascii_only=ascii_only),
            Cell(milliseconds(trace.duration_ms), "strong"),
            Cell(str(worst.status), severity),
            Cell(first.route),
            Cell(plain(f"{first.method} {first.path}")),
            Cell(count(len(trace.lines))),
            Cell(count(trace.tries), "warn" if trace.tries > len(trace.lines) else "plain"),
            Cell(", ".join(kept_for), "dim"),
            Cell(clock_millis(first.at), "dim"),
            Cell(trace.trace_id, "dim"),
        ),
    )


_BAR: Final = 2
_TREE: Final = (
    GridColumn("SPAN", 26, grows=False),
    GridColumn("TIME", 7, is_number=True),
    GridColumn("", 16, grows=True),
    GridColumn("ENDED", 30, 1),
    GridColumn("ROUTE", 14, 2),
)


def trace_grid(trace: Trace, width: int, *, ascii_only: bool = False) -> Grid:
    """Its spans. width: cells of the table, by which the bars are drawn."""
    label = min(60, max(26, width // 3))
    columns = (_TREE[0]._replace(width=label), *_TREE[1:])
    fitted = fit(columns, width)
    room = next((size for at, size in zip(fitted.positions, fitted.widths, strict=True) if at == _BAR), 16)
    rows = [_span_row(at, span, trace, room, ascii_only=ascii_only) for at, span in enumerate(spans_of(trace))]
    return Grid(columns, rows, "no span is known of this trace")


def _span_row(at: int, span: Span, trace: Trace, room: int, *, ascii_only: bool) -> GridRow:
    step = span.step
    branch = "  " * step.depth + ("" if not step.depth else "`- " if ascii_only else "└ ")
    bar, severity = bar_cells(step, trace.duration_ms, room, ascii_only=ascii_only)
    note: Severity = "crit" if step.is_failed else "plain"
    return GridRow(
        f"{span.line.request_id}#{at}",
        (
            Cell(plain(f"{branch}{step.label}"), "plain" if step.depth < 2 else "dim"),
            Cell(milliseconds(step.length_ms)),
            Cell(bar, severity),
            Cell(step.note, note),
            Cell(span.line.route if not step.depth else "", "dim"),
        ),
    )


def trace_title(trace: Trace) -> str:
    """Its id, how long it took, and how much of it went through this gateway."""
    number = len(trace.lines)
    requests = "1 request" if number == 1 else f"{count(number)} requests"
    return f"trace {trace.trace_id}   {milliseconds(trace.duration_ms)}   {requests} through this gateway"


def backend_told(config: ConfigView | None) -> str:
    """Where the spans of the others are, or that they are nowhere."""
    told = "showing gateway spans only"
    if config is None:
        return told
    endpoint = config.config.get("telemetry", {}).get("traces", {}).get("endpoint")
    return (
        f"spans go to {endpoint}, with those of the services; {told}"
        if endpoint
        else f"Trace backend not configured: {told}"
    )
