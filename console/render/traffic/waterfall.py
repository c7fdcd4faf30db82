"""The steps of an exchange as bars on one axis."""

from typing import Final

from console.render.amounts import milliseconds
from console.render.cells import Cell, Severity
from console.render.grid import shorten
from console.render.traffic.lines import Line
from console.state.traffic.waterfall import By, Step, span_of, steps_of
from gateway.wire.live import AccessLine

_LABEL: Final = 26
_LENGTH: Final = 7
_NOTE: Final = 30
_SHORT_NOTE: Final = 26
_ROOMY: Final = 100
_NARROWEST: Final = 12
_MARKS: Final[dict[By, str]] = {"client": "░", "gateway": "▓", "upstream": "━", "attempt": "█"}
_ASCII_MARKS: Final[dict[By, str]] = {"client": ":", "gateway": "%", "upstream": "=", "attempt": "#"}
_SEVERITIES: Final[dict[By, Severity]] = {"client": "dim", "gateway": "plain", "upstream": "accent", "attempt": "ok"}


def waterfall_lines(line: AccessLine, width: int, tries: int | None = None, *, ascii_only: bool = False) -> list[Line]:
    """A line for each step, and one that says whose marks are whose. tries: as many as its route allows, if that is known."""
    is_roomy = width >= _ROOMY
    steps = steps_of(line, tries if is_roomy else None)
    noted = max(_NOTE if is_roomy else _SHORT_NOTE, *(len(step.note) for step in steps))
    room = max(_NARROWEST, width - _LABEL - _LENGTH - noted - 8)
    told = [_step_line(step, line.duration_ms, room, ascii_only=ascii_only) for step in steps]
    marks = _ASCII_MARKS if ascii_only else _MARKS
    legend = " ".join(f"{marks[by]} {name}" for by, name in _LEGEND)
    axis = f"0{milliseconds(line.duration_ms).rjust(room - 1)}"
    return [
        (Cell(" " * (_LABEL + _LENGTH + 3)), Cell(axis, "dim"), Cell(f"  {legend}" if is_roomy else "", "dim")),
        *told,
    ]


_LEGEND: Final[tuple[tuple[By, str], ...]] = (("gateway", "gateway"), ("upstream", "upstream"), ("client", "client"))


def _step_line(step: Step, total_ms: float, room: int, *, ascii_only: bool) -> Line:
    bar, severity = bar_cells(step, total_ms, room, ascii_only=ascii_only)
    label = shorten(f"{'  ' * step.depth}{step.label}", _LABEL)
    edge = "|" if ascii_only else "│"
    return (
        Cell(f" {label:<{_LABEL}}", "dim" if step.depth else "plain"),
        Cell(milliseconds(step.length_ms).rjust(_LENGTH)),
        Cell(f" {edge}", "dim"),
        Cell(bar.ljust(room), severity),
        Cell(f"{edge} ", "dim"),
        Cell(step.note, "crit" if step.is_failed else "plain"),
    )


def bar_cells(step: Step, total_ms: float, room: int, *, ascii_only: bool = False) -> tuple[str, Severity]:
    """The bar behind what goes before it, and what it means."""
    offset, length = span_of(step.start_ms, step.length_ms, total_ms, room)
    marks = _ASCII_MARKS if ascii_only else _MARKS
    return " " * offset + marks[step.by] * length, "crit" if step.is_failed else _SEVERITIES[step.by]
