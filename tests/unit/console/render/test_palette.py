"""Palettes that everybody can read: contrast on each ground, and severities apart for eyes that see few colours."""

from itertools import combinations
from typing import Final

import pytest
from rich.color import Color, ColorSystem

from console.render.cells import Severity
from console.render.palette import DARK, HIGH_CONTRAST, LIGHT, PALETTES, Palette, is_ascii_wanted, usual_palette
from tests.support.colours import KINDS, contrast, distance

COLOURED: Final = [DARK, LIGHT, HIGH_CONTRAST]
NAMES: Final = [palette.name for palette in COLOURED]
HEALTH: Final[tuple[Severity, ...]] = ("ok", "warn", "crit")
ENOUGH: Final = {"dark": 4.5, "light": 4.5, "high-contrast": 7.0}
"""To 1: level AA of WCAG 2.1 for text, and AAA."""


def colour(palette: Palette, severity: Severity) -> str:
    found = palette.looks[severity].colour
    assert found is not None
    return found


@pytest.mark.parametrize("palette", COLOURED, ids=NAMES)
def test_everything_is_read_on_its_ground(palette: Palette) -> None:
    cursor = palette.cursor.background
    grounds = [ground for ground in (palette.surface, palette.panel, cursor) if ground is not None]
    texts = [look.colour for look in palette.looks.values() if look.colour is not None and not look.reverse]
    faint = {
        (text, ground): round(contrast(text, ground), 1)
        for ground in grounds
        for text in [*texts, palette.text or ""]
        if contrast(text, ground) < ENOUGH[palette.name]
    }
    assert faint == {}


@pytest.mark.parametrize("palette", COLOURED, ids=NAMES)
@pytest.mark.parametrize("kind", KINDS)
def test_health_is_told_apart_by_people_who_see_few_colours(palette: Palette, kind: str) -> None:
    gaps = [distance(colour(palette, one), colour(palette, other), kind) for one, other in combinations(HEALTH, 2)]
    assert min(gaps) > 30


@pytest.mark.parametrize("palette", COLOURED, ids=NAMES)
def test_health_stays_apart_in_a_terminal_of_256_colours(palette: Palette) -> None:
    nearest = {
        Color.parse(colour(palette, severity)).downgrade(ColorSystem.EIGHT_BIT).get_truecolor().hex
        for severity in HEALTH
    }
    assert len(nearest) == 3
    assert all(distance(one, other) > 30 for one, other in combinations(nearest, 2))


def test_every_palette_has_a_look_for_every_meaning() -> None:
    assert {frozenset(palette.looks) for palette in PALETTES.values()} == {frozenset(DARK.looks)}


def test_without_colours_what_is_wrong_still_stands_out() -> None:
    mono = PALETTES["mono"]
    assert {look.colour for look in mono.looks.values()} == {None}
    assert len({mono.looks[severity] for severity in HEALTH}) == 3


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({"TERM": "xterm-256color"}, "dark"),
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, "dark"),
        ({"TERM": "linux"}, "ansi-16"),
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, "mono"),
        ({"TERM": "xterm-256color", "NO_COLOR": ""}, "dark"),
        ({"TERM": "dumb"}, "mono"),
        ({}, "dark"),
    ],
)
def test_the_terminal_decides_where_nobody_chose(environ: dict[str, str], name: str) -> None:
    assert usual_palette(environ) == name


@pytest.mark.parametrize(
    ("environ", "is_wanted"),
    [
        ({}, False),
        ({"LANG": "C"}, True),
        ({"LANG": "C", "LC_ALL": "en_GB.UTF-8"}, False),
        ({"LC_CTYPE": "C.utf8"}, False),
    ],
)
def test_glyphs_are_ascii_where_the_locale_is_not_utf_8(environ: dict[str, str], is_wanted: bool) -> None:
    assert is_ascii_wanted(environ) is is_wanted
