"""What went wrong and what was changed, on one axis of time."""

from datetime import datetime
from typing import Final

from console.render.amounts import milliseconds, percent
from console.render.cells import Cell
from console.render.health.plot import GUTTER, plot
from console.render.health.sentences import when
from console.state.health.overview import course_reading, last_changes
from console.state.model import Model

_TWO: Final = 8
"""Rows from which on the percentile has a place too."""


def axis_lines(model: Model, width: int, height: int, *, ascii_only: bool) -> list[list[Cell]]:
    """The errors, the p99 where there is room, and under them the revisions, each where it came to run."""
    course = model.view(course_reading(model))
    if course is None or height < 4:
        return []
    ratios = [point.error_ratio for point in course.points]
    each = (height - 1) // 2 - 1 if height >= _TWO else height - 2
    lines = plot("errors", ratios, width, each, percent, severity="crit", ascii_only=ascii_only)
    if height >= _TWO:
        p99s = [point.p99_ms for point in course.points]
        lines += plot("p99", p99s, width, each, milliseconds, ascii_only=ascii_only)
    start_s, end_s = (datetime.fromisoformat(at).timestamp() for at in (course.start, course.end))
    return [*lines, [Cell(_marks(model, start_s, end_s, width), "accent")]]


def _marks(model: Model, start_s: float, end_s: float, width: int) -> str:
    """`^rev 412` under the moment, the beginning at the left and the end at the right where nothing stands."""
    room = max(1, width - GUTTER - 1)
    text = [" "] * width
    ends = ((GUTTER + 1, when(start_s, end_s)), (width - 8, when(end_s, end_s)))
    marks = [
        (
            GUTTER + 1 + int((row.at_s - start_s) / max(1.0, end_s - start_s) * (room - 1)),
            f"^rev {row.revision.sequence}",
        )
        for row in reversed(last_changes(model))
        if start_s <= row.at_s <= end_s
    ]
    for at, told in marks:
        start = min(at, width - len(told))  # The last mark is shown whole.
        text[start : start + len(told)] = told
    for at, told in ends:
        if not "".join(text[at - 1 : at + len(told) + 1]).strip():
            text[at : at + len(told)] = told
    return "".join(text)[:width]
