"""Tables as text."""

from rich.cells import cell_len

from console.render.table import Column, plain_lines, render_table, width_of

COLUMNS = (
    Column[tuple[str, int]]("NAME", lambda row: row[0]),
    Column[tuple[str, int]]("COUNT", lambda row: str(row[1]), is_number=True),
)


def test_numbers_stand_to_the_right_and_columns_are_as_wide_as_their_widest_cell() -> None:
    assert render_table(COLUMNS, [("orders", 7), ("a", 1234567)]).splitlines() == [
        "NAME      COUNT",
        "orders        7",
        "a       1234567",
    ]


def test_what_comes_from_outside_cannot_move_the_cursor() -> None:
    assert render_table(COLUMNS, [("a\x1b[2Jb\nc", 1)]).splitlines()[1] == "a?[2Jb?c      1"


def test_a_table_without_rows_is_its_titles() -> None:
    assert render_table(COLUMNS, []) == "NAME  COUNT"


def test_letters_that_take_two_cells_do_not_move_the_columns_behind_them() -> None:
    assert render_table(COLUMNS, [("中文", 7), ("orders", 8)]).splitlines()[1:] == ["中文        7", "orders      8"]


def test_cells_are_counted_as_a_terminal_shows_them() -> None:
    told = ["abc", "äé", "▁▂█", "●▲", "中文", "e\u0301", "⚡"]
    assert [width_of(text) for text in told] == [cell_len(text) for text in told] == [3, 2, 3, 2, 4, 1, 2]


def test_lines_stay_lines_and_nothing_else_moves_the_cursor() -> None:
    assert plain_lines("a\x1b]0;b\x07\n\x9b2Jc\r") == "a?]0;b?\n?2Jc?"
