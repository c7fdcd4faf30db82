"""The time line as rows: when, what, who, from where, and errors and latency before and after."""

from collections.abc import Callable, Sequence
from typing import Final

from console.render.amounts import UNKNOWN, milliseconds, percent, short_clock
from console.render.cells import Cell, Severity, glyph
from console.render.changes.differences import summary
from console.render.grid import Grid, GridColumn, GridRow
from console.render.table import plain
from console.state.changing.timeline import Change
from gateway.wire.changes import FiguresView

_COLUMNS: Final = (
    GridColumn("", 1),
    GridColumn("TIME", 8),
    GridColumn("WHAT", 21, 1),
    GridColumn("ERR", 15, 2),
    GridColumn("P99", 15, 3),
    GridColumn("BY", 10, 2),
    GridColumn("SOURCE", 17, 5),
    GridColumn("TOLD", 30, 0, grows=True, is_prose=True),
)
_BAD: Final = frozenset(
    {
        "config_rejected",
        "worker_died",
        "worker_back_off",
        "endpoint_down",
        "endpoint_ejected",
        "sink_dropping",
        "circuit_opened",
        "loop_blocked",
        "overload_began",
        "panic_began",
        "upgrade_failed",
    }
)
_WORSE: Final = 1.5
_NOTABLE: Final = 0.001


def timeline_grid(
    changes: Sequence[Change],
    wanted: str = "",
    *,
    marked: str = "",
    reach: str = "",
    ascii_only: bool = False,
    unknown: str = "",
) -> Grid:
    """wanted: what the lines must hold, be it in the words or in what changed. marked: the key of the marked one. reach: `2/2`, the workers
    that have the running one. unknown: why there are none yet, where that is so."""
    rows = [
        _row(change, reach, is_marked=change.key == marked, ascii_only=ascii_only)
        for change in changes
        if _has(change, wanted)
    ]
    empty = unknown or "nothing has changed since the gateway was started"
    if wanted and not unknown:
        empty = f"No change has {wanted!r} in it; {len(changes)} were looked at"
    return Grid(_COLUMNS, rows, empty)


def told(change: Change) -> str:
    """In one line."""
    if change.incident is not None:
        return plain(change.incident.text)
    assert change.revision is not None
    reason = f" ({plain(change.revision.reason)})" if change.revision.reason else ""
    if change.changes is not None:
        return f"{summary(change.changes)}{reason}"
    return f"{'the first one' if change.revision.trigger == 'start' else 'what changed is not known'}{reason}"


def effect_text(change: Change) -> str:
    """`err 0.05% -> 0.41%, p99 80ms -> 812ms`; empty where nothing is known."""
    before, after = change.effect
    if before is None or after is None:
        return ""
    errors = f"{percent(before.error_ratio)} -> {percent(after.error_ratio)}"
    return f"err {errors}, p99 {milliseconds(before.p99_ms)} -> {milliseconds(after.p99_ms)}"


def severity_of(change: Change) -> Severity:
    """By what came of it, or by what it is."""
    if change.incident is not None:
        kind = change.incident.kind
        return "crit" if kind in _BAD else "draining" if kind in {"endpoint_draining", "endpoint_weight"} else "plain"
    before, after = change.effect
    return "warn" if before is not None and after is not None and _is_worse(before, after) else "accent"


def suspect(changes: Sequence[Change]) -> str:
    """The key of the change to look at first: the newest revision after which it got worse, or the newest, or the newest of all."""
    revisions = [change for change in changes if change.revision is not None and change.revision.trigger != "start"]
    worse = [change for change in revisions if severity_of(change) == "warn"]
    return next((change.key for change in (*worse, *revisions, *changes)), "")


def _is_worse(before: FiguresView, after: FiguresView) -> bool:
    errors = (after.error_ratio or 0) - (before.error_ratio or 0)
    if errors > _NOTABLE and (after.error_ratio or 0) > (before.error_ratio or 0) * _WORSE:
        return True
    return bool(before.p99_ms and after.p99_ms and after.p99_ms > before.p99_ms * _WORSE)


def _row(change: Change, reach: str, *, is_marked: bool, ascii_only: bool) -> GridRow:
    severity, (before, after) = severity_of(change), change.effect
    sign = Cell("m", "accent") if is_marked else _sign(change, severity, ascii_only=ascii_only)
    revision = change.revision
    return GridRow(
        change.key,
        (
            sign,
            Cell(short_clock(change.at), "dim"),
            Cell(
                f"{_what(change)} {reach if _runs(change) else ''}".rstrip(),
                "strong" if revision is not None else "plain",
            ),
            _before_after(before, after, lambda figures: percent(figures.error_ratio), severity),
            _before_after(before, after, lambda figures: milliseconds(figures.p99_ms), severity),
            Cell(plain(change.who) or UNKNOWN),
            Cell(plain(revision.source) if revision is not None else "", "dim"),
            Cell(told(change), severity if severity == "crit" else "plain"),
        ),
    )


def _sign(change: Change, severity: Severity, *, ascii_only: bool) -> Cell:
    if change.revision is not None and severity == "accent":
        return Cell(">" if change.revision.running else " ", "accent")
    return glyph(severity, ascii_only=ascii_only)


def _what(change: Change) -> str:
    if change.incident is not None:
        return change.incident.kind.replace("_", " ")
    assert change.revision is not None
    back = " back" if change.revision.trigger == "rollback" else ""
    return f"rev {change.revision.sequence}{back}{' runs' if change.revision.running else ''}"


def _runs(change: Change) -> bool:
    return change.revision is not None and change.revision.running


def _before_after(
    before: FiguresView | None, after: FiguresView | None, tell: Callable[[FiguresView], str], severity: Severity
) -> Cell:
    if before is None and after is None:
        return Cell("")
    texts = [tell(figures) if figures is not None else UNKNOWN for figures in (before, after)]
    return Cell(" -> ".join(texts), "warn" if severity == "warn" else "plain")


def _has(change: Change, wanted: str) -> bool:
    if not wanted:
        return True
    texts = [told(change), _what(change), change.who]
    if change.changes is not None:
        texts += [text for each in change.changes.objects for text in (each.name, each.of)]
    if change.incident is not None:
        texts.append(change.incident.subject)
    return any(wanted.casefold() in text.casefold() for text in texts)
