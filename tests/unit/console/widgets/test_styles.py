"""From cells to segments."""

from console.render.cells import Cell
from console.widgets.styles import styles_of


def test_what_comes_from_outside_reaches_no_terminal_as_a_command() -> None:
    styles = styles_of("dark")
    for draw in (styles.segment, styles.on_panel):
        assert draw(Cell("a\x1b]52;c;AA\x07\x9b2J\n", "crit")).text == "a?]52;c;AA??2J?"
