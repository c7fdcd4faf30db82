"""Tables and long lines as lines of one width, for where they stand among other text."""

from collections.abc import Sequence

from console.render.cells import Cell
from console.render.grid import Grid, fit, place
from console.render.table import width_of

Lines = list[list[Cell]]

_INDENT = "  "


def grid_lines(grid: Grid, width: int) -> Lines:
    """Titles and rows, as a table has them; or why there is none."""
    if not grid.rows:
        return wrapped([Cell(f" {grid.empty}", "dim")], width)
    fitted = fit(grid.columns, width)
    titles = [Cell(column.title, "dim") for column in grid.columns]
    lines: Lines = []
    for cells in (titles, *(row.cells for row in grid.rows)):
        line: list[Cell] = []
        for position, room in zip(fitted.positions, fitted.widths, strict=True):
            column = grid.columns[position]
            gap = [Cell(" ")] if line else []
            line += [
                *gap,
                place(cells[position], room, is_number=column.is_number, is_prose=column.is_prose),
            ]
        lines.append(line)
    return lines


def wrapped_all(lines: Sequence[Sequence[Cell]], width: int) -> Lines:
    return [each for line in lines for each in wrapped(line, width)]


def wrapped(line: Sequence[Cell], width: int) -> Lines:
    """One line, or as many as it takes, broken between words; those that follow are set in."""
    if sum(width_of(cell.text) for cell in line) <= width:
        return [list(line)]
    lines: Lines = [[]]
    used = 0
    for cell in line:
        for word in _words(cell.text):
            if used + width_of(word.rstrip()) > width and used > len(_INDENT):
                lines.append([Cell(_INDENT)])
                used = len(_INDENT)
                word = word.lstrip()  # noqa: PLW2901 - the blanks before it went with the line
            lines[-1].append(Cell(word, cell.severity))
            used += width_of(word)
    return lines


def _words(text: str) -> list[str]:
    """With the blanks before each, so that nothing is lost but at the end of a line."""
    words, start = list[str](), 0
    for at in range(1, len(text) + 1):
        if at == len(text) or (text[at] == " " and text[at - 1] != " "):
            words.append(text[start:at])
            start = at
    return words
