"""How tables fit a width."""

import pytest
from rich.cells import cell_len

from console.render.cells import Cell
from console.render.grid import GridColumn, fit, place, shorten

COLUMNS = (
    GridColumn("", 1),
    GridColumn("NAME", 10, grows=True),
    GridColumn("A", 5, 1),
    GridColumn("B", 5, 2),
    GridColumn("C", 5, 2),
)


@pytest.mark.parametrize(
    ("width", "positions", "widths"),
    [
        (30, (0, 1, 2, 3, 4), (1, 10, 5, 5, 5)),
        (40, (0, 1, 2, 3, 4), (1, 20, 5, 5, 5)),
        (29, (0, 1, 2, 3), (1, 15, 5, 5)),
        (20, (0, 1, 2), (1, 12, 5)),
        (5, (0,), (1,)),
    ],
)
def test_columns_of_the_highest_number_go_first_and_growing_ones_take_the_rest(
    width: int, positions: tuple[int, ...], widths: tuple[int, ...]
) -> None:
    assert fit(COLUMNS, width) == (positions, widths)


def test_long_names_lose_their_middle() -> None:
    assert shorten("orders-v2-europe-canary", 18) == "orders-v..e-canary"


def test_numbers_stand_at_the_right() -> None:
    assert place(Cell("7", "crit"), 3, is_number=True) == Cell("  7", "crit")


def test_a_column_grows_no_further_than_it_may_and_leaves_the_rest_to_others() -> None:
    columns = (GridColumn("A", 5, grows=True, most=8), GridColumn("B", 5, grows=True))
    assert fit(columns, 31).widths == (8, 22)
    assert fit(columns, 13).widths == (6, 6)


@pytest.mark.parametrize("is_prose", [False, True])
@pytest.mark.parametrize(
    "text", ["中文中文中文", "a中文中文中文b", "中", "e\u0301" * 9, "\x1b[31mred", "a\x9b2J\nb", "\u202eabc", ""]
)
@pytest.mark.parametrize("width", [0, 1, 2, 3, 7, 20])
def test_a_cell_is_as_wide_as_its_column_whatever_a_client_sent(text: str, width: int, is_prose: bool) -> None:
    placed = place(Cell(text), width, is_number=False, is_prose=is_prose).text
    assert cell_len(placed) == width
    assert not set(placed) & set("\x1b\x9b\n\u202e")
