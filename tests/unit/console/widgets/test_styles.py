"""From cells to segments."""

from typing import get_args

import pytest

from console.render.cells import Cell, Severity
from console.render.palette import PaletteName
from console.widgets.styles import styles_of

SEVERITIES: tuple[Severity, ...] = get_args(Severity)


def test_what_comes_from_outside_reaches_no_terminal_as_a_command() -> None:
    styles = styles_of("dark")
    for draw in (styles.segments, styles.on_panel):
        assert [each.text for each in draw([Cell("a\x1b]52;c;AA\x07\x9b2J\n", "crit")])] == ["a?]52;c;AA??2J?"]


@pytest.mark.parametrize("palette", ["high-contrast", "mono", "ansi-16"])
def test_words_are_underlined_and_plots_are_not(palette: PaletteName) -> None:
    styles = styles_of(palette)
    for draw in (styles.segments, styles.on_panel):
        for text, is_lined in (("5xx 3%", True), ("⡇⠀⢸", False), ("   ", False), ("▂▄█", False), ("|:.", False)):
            (segment,) = draw([Cell(text, "crit")])
            assert segment.style is not None
            assert bool(segment.style.underline) is is_lined, text


@pytest.mark.parametrize("palette", ["high-contrast", "mono", "ansi-16"])
def test_blanks_around_a_word_are_not_underlined_with_it(palette: PaletteName) -> None:
    styles = styles_of(palette)
    for draw in (styles.segments, styles.on_panel):
        told = [(each.text, bool(each.style and each.style.underline)) for each in draw([Cell("  5xx 3% ", "crit")])]
        assert told == [("  ", False), ("5xx 3%", True), (" ", False)]


def test_a_cursor_that_turns_the_row_round_makes_no_ground_of_a_colour() -> None:
    for palette in ("high-contrast", "ansi-16"):
        styles = styles_of(palette)
        grounds = {
            (styles.of(each, is_cursor=True).color, styles.of(each, is_cursor=True).bgcolor) for each in SEVERITIES
        }
        assert len(grounds) == 1
        assert styles.of("crit", is_cursor=True).underline
    assert styles_of("dark").of("crit", is_cursor=True).color != styles_of("dark").of("ok", is_cursor=True).color
