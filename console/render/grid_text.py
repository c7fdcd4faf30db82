"""A grid as text for whoever has no screen: every column, nothing cut off."""

from console.render.grid import Grid, GridColumn
from console.render.table import Column, plain_lines, render_table


def grid_text(grid: Grid) -> str:
    """The table, or why there is none, and what the grid notes besides."""
    if not grid.rows:
        return plain_lines(grid.empty)
    positions = [at for at, column in enumerate(grid.columns) if column.title or _is_told(grid, at)]
    columns = [_column(grid.columns[at], at) for at in positions]
    told = render_table(columns, [[cell.text for cell in row.cells] for row in grid.rows])
    return f"{told}\n\n{plain_lines(grid.note)}" if grid.note else told


def _is_told(grid: Grid, at: int) -> bool:
    return any(row.cells[at].text.strip() for row in grid.rows)


def _column(column: GridColumn, at: int) -> Column[list[str]]:
    return Column(column.title, lambda row: row[at], column.is_number)
