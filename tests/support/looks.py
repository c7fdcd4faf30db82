"""A screen as text with its colours: under each line the letters of the styles of its characters, explained at the end."""

from collections import Counter
from collections.abc import Sequence
from string import ascii_letters
from typing import Final

from rich.style import Style

from console.app.app import ConsoleApp

_FLAGS: Final = ("bold", "dim", "italic", "underline", "reverse", "strike")


def styled_text(app: ConsoleApp) -> str:
    """Colours are told by their names or as `#rrggbb`. The commonest style of a screen has no letter."""
    width, height = app.size
    lines: list[tuple[str, list[str]]] = []
    for strip in app.screen._compositor.render_strips()[:height]:
        looks = [_told(segment.style) for segment in strip for _ in segment.text]
        lines.append(("".join(segment.text for segment in strip)[:width], looks[:width]))
    letters = _letters(lines)
    shown = [line for text, looks in lines for line in _marked(text, [letters[look] for look in looks])]
    legend = [f"{letter} {look}" for look, letter in sorted(letters.items(), key=lambda each: each[1]) if letter != " "]
    return "\n".join((*shown, *legend))


def _letters(lines: Sequence[tuple[str, list[str]]]) -> dict[str, str]:
    counted = Counter(look for _, looks in lines for look in looks)
    commonest = counted.most_common(1)[0][0]
    others = sorted(look for look in counted if look != commonest)
    assert len(others) <= len(ascii_letters)
    return {commonest: " ", **dict(zip(others, ascii_letters, strict=False))}


def _marked(text: str, letters: Sequence[str]) -> list[str]:
    marks = "".join(letters).rstrip()
    return [text.rstrip(), f"{marks}|"] if marks else [text.rstrip()]


def _told(style: Style | None) -> str:
    if style is None:
        return "plain"
    colours = [colour.name for colour in (style.color,) if colour is not None]
    ground = [f"on {colour.name}" for colour in (style.bgcolor,) if colour is not None]
    return " ".join((*colours, *ground, *(flag for flag in _FLAGS if getattr(style, flag)))) or "plain"
