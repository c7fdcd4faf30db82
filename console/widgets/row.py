"""A row of cells as a strip, in as few pieces as can be: each piece costs its colours in bytes on the way to the terminal."""

from collections.abc import Sequence

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from console.render.cells import Cell
from console.render.grid import Fitted, GridColumn, place
from console.widgets.styles import Styles, lined, pieces


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
    ground = styles.gap(" ", is_cursor=is_cursor).style or Style.null()
    segments, text, style = list[Segment](), "", ground
    for turn, (position, room) in enumerate(zip(fitted.positions, fitted.widths, strict=True)):
        cell = place(cells[position], room, is_number=columns[position].is_number, is_prose=columns[position].is_prose)
        own = lined(cell.text, styles.of(cell.severity, is_cursor=is_cursor))
        gap = " " if turn else ""
        for piece, look in pieces(cell.text, own, ground):
            is_seen = style.reverse or style.underline
            if look == style or (not piece.strip() and not is_seen and not look.reverse and not look.underline):
                text += gap + piece
            elif is_seen:
                segments += [Segment(text, style), Segment(gap, ground)]
                text, style = piece, look
            else:
                segments.append(Segment(text + gap, style))
                text, style = piece, look
            gap = ""
    segments.append(Segment(text, style))
    return Strip([segment for segment in segments if segment.text]).adjust_cell_length(width, ground)
