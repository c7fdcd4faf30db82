"""Rows as strips."""

from rich.style import Style

from console.render.cells import Cell
from console.render.grid import GridColumn, fit
from console.widgets.row import row_strip
from console.widgets.styles import styles_of

STYLES = styles_of("dark")
COLUMNS = (GridColumn("A", 4), GridColumn("B", 3), GridColumn("C", 5, is_number=True), GridColumn("D", 2))


def pieces(*cells: Cell, is_cursor: bool = False) -> list[tuple[str, Style | None]]:
    strip = row_strip(STYLES, COLUMNS, fit(COLUMNS, 20), cells, 20, is_cursor=is_cursor)
    assert strip.cell_length == 20
    return [(segment.text, segment.style) for segment in strip]


def test_neighbours_that_look_alike_are_one_piece_and_blanks_belong_to_what_is_before_them() -> None:
    found = pieces(Cell("a"), Cell("b"), Cell("12", "crit"), Cell(""))
    assert [text for text, _ in found] == ["a    b   ", "   12   ", "   "]
    assert [style for _, style in found][:2] == [STYLES.plain, STYLES.of("crit")]


def test_what_is_reversed_ends_where_its_cell_ends() -> None:
    found = pieces(Cell("a", "draining"), Cell("b"), Cell("1"), Cell(""))
    assert found[0] == ("a   ", STYLES.of("draining"))
    assert found[1] == (" ", STYLES.gap(" ").style)


def test_the_cursor_is_seen_to_the_end_of_the_row() -> None:
    assert len({style.bgcolor for _, style in pieces(*[Cell("a")] * 4, is_cursor=True) if style}) == 1


def test_blanks_are_not_underlined_with_their_text() -> None:
    styles = styles_of("high-contrast")
    strip = row_strip(styles, COLUMNS, fit(COLUMNS, 20), [Cell("a"), Cell("b"), Cell("12", "crit"), Cell("")], 20)
    assert [segment.text for segment in strip if segment.style and segment.style.underline] == ["12"]
    assert strip.text == "a    b      12      "
