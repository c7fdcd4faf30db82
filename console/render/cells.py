"""What a table or a line is made of: text with a meaning. Palettes give meanings their look; a glyph says the same without colour."""

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple, TypeAlias

Severity: TypeAlias = Literal["plain", "ok", "warn", "crit", "draining", "unknown", "dim", "strong", "accent", "alarm"]


class Cell(NamedTuple):
    """A piece of text and what it means."""

    text: str
    severity: Severity = "plain"


GLYPHS: Final[dict[Severity, str]] = {"ok": "●", "warn": "▲", "crit": "✖", "draining": "◆", "unknown": "?"}
ASCII_GLYPHS: Final[dict[Severity, str]] = {"ok": "o", "warn": "^", "crit": "x", "draining": "d", "unknown": "?"}


def glyph(severity: Severity, *, ascii_only: bool = False) -> Cell:
    """The sign that stands before a row; a blank for what has no health."""
    return Cell((ASCII_GLYPHS if ascii_only else GLYPHS).get(severity, " "), severity)


_BLOCKS: Final = " ▁▂▃▄▅▆▇█"
_ASCII_BLOCKS: Final = " .:-=+*#@"


def spark(values: Sequence[float], width: int, *, ascii_only: bool = False) -> str:
    """The newest `width` values as bars, the largest of them full; values that are there but small are still to be seen."""
    blocks = _ASCII_BLOCKS if ascii_only else _BLOCKS
    shown = values[-width:]
    largest = max(shown, default=0.0)
    if largest <= 0:
        return (blocks[1] * len(shown)).rjust(width)
    steps = len(blocks) - 1
    bars = "".join(blocks[max(1, round(value / largest * steps))] if value > 0 else blocks[0] for value in shown)
    return bars.rjust(width)
