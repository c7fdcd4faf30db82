"""Tables as text."""

from console.render.table import Column, render_table

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
