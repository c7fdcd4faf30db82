"""Grids as text."""

from console.render.cells import Cell
from console.render.grid import Grid, GridColumn, GridRow
from console.render.grid_text import grid_text

COLUMNS = (GridColumn("", 1), GridColumn("NAME", 4), GridColumn("", 3), GridColumn("N", 2, is_number=True))


def test_nothing_is_cut_and_columns_without_title_and_content_are_left_out() -> None:
    rows = [
        GridRow(name, (Cell("●"), Cell(name), Cell(""), Cell(n))) for name, n in [("a", "1"), ("a long name", "10")]
    ]
    assert (
        grid_text(Grid(COLUMNS, rows, note="2 of 2"))
        == "   NAME          N\n●  a             1\n●  a long name  10\n\n2 of 2"
    )


def test_an_empty_grid_says_why() -> None:
    assert grid_text(Grid(COLUMNS, (), "nothing here")) == "nothing here"
