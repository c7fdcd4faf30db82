"""A row of cells as a strip, in as few pieces as can be: each piece costs its colours in bytes on the way to the terminal."""

from collections.abc import Sequence

from rich.segment import Segment
from textual.strip import Strip

from console.render.cells import Cell
from console.render.grid import Fitted, GridColumn, place
from console.widgets.styles import Styles


def row_strip(
    styles: Styles,
    columns: Sequence[GridColumn],
    fitted: Fitted,
    cells: Sequence[Cell],
    width: int,
    *,
    is_cursor: bool = False,
) -> Strip:
    """The cells that fit, one blank between two. Blanks have the look of what stands before them, where that cannot be seen."""
    ground = styles.gap(" ", is_cursor=is_cursor).style
    segments, text, style = list[Segment](), "", ground
    for turn, (position, room) in enumerate(zip(fitted.positions, fitted.widths, strict=True)):
        cell = place(cells[position], room, is_number=columns[position].is_number, is_prose=columns[position].is_prose)
        own = styles.of(cell.severity, is_cursor=is_cursor)
        is_seen = bool(style and (style.reverse or style.underline))
        gap = " " if turn else ""
        if own == style or (not cell.text.strip() and not is_seen and not own.reverse and not own.underline):
            text += gap + cell.text
            continue
        if is_seen:
            segments.append(Segment(text, style))
            text, style = gap, ground
        else:
            text += gap
        segments.append(Segment(text, style))
        text, style = cell.text, own
    segments.append(Segment(text, style))
    return Strip([segment for segment in segments if segment.text]).adjust_cell_length(width, ground)
