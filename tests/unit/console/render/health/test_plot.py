"""Courses as lines of text."""

from console.render.amounts import rate
from console.render.health.plot import fitted, plot


def text(values: list[float | None], width: int = 19, height: int = 2, *, ascii_only: bool = False) -> list[str]:
    lines = plot("rps", values, width, height, rate, ascii_only=ascii_only)
    return ["".join(cell.text for cell in line) for line in lines]


def test_a_rising_course_goes_from_the_lower_left_to_the_upper_right() -> None:
    title, above, below = text([float(value) for value in range(21)], 19)
    assert title == " rps 20  most 20"
    assert above.startswith("      20 ")
    assert below.startswith("       0 ")
    assert above[9] == "\u2800"
    assert below[9] != "\u2800"
    assert above[-1] != "\u2800"
    assert below[-1] == "\u2800"


def test_a_gap_stays_a_gap_and_nothing_is_nothing() -> None:
    _, above, below = text([1.0, None, None, 1.0], 13)
    assert above[11] == "\u2800"
    assert below[11] == "\u2800"
    assert text([])[0] == " rps -  most -"


def test_where_there_are_too_many_values_the_highest_are_kept() -> None:
    assert fitted([0.0, 9.0, 0.0, 1.0], 2) == [9.0, 1.0]
    assert fitted([1.0, 2.0], 4) == [1.0, 1.0, 2.0, 2.0]


def test_in_ascii_columns_stand_for_the_line() -> None:
    _, above, below = text([0.0, 10.0], 11, ascii_only=True)
    assert (above[9:], below[9:]) == (" |", " |")
