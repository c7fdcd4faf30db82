"""The line under the prompt: the keys that are of most use here, and what stands below something that is being typed."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from console.render.cells import Cell

_SHORT: Final = {
    "question_mark": "?", "slash": "/", "colon": ":", "minus": "-", "full_stop": ".", "equals_sign": "=", "exclamation_mark": "!",
    "escape": "esc", "pagedown": "pgdn", "pageup": "pgup", "left_square_bracket": "[", "right_square_bracket": "]",
    "left_curly_bracket": "{", "right_curly_bracket": "}", "comma": ",", "semicolon": ";", "plus": "+", "asterisk": "*",
    "less_than_sign": "<", "greater_than_sign": ">", "number_sign": "#", "at": "@", "tilde": "~",
}  # fmt: skip

_HELP: Final = "question_mark"


class Hint(NamedTuple):
    """A key and what it does; one that is not possible now is greyed."""

    key: str
    label: str
    is_possible: bool = True


def key_label(key: str) -> str:
    """As people write it: `?`, `esc`, `^f`."""
    if key.startswith("ctrl+"):
        return f"^{key_label(key.removeprefix('ctrl+'))}"
    return _SHORT.get(key, key)


def hint_line(hints: Iterable[Hint], width: int = 1_000) -> list[Cell]:
    """`enter open  l live  a act`, as many as there is room for. The way to all keys is always among them."""
    given = list(hints)
    last = [hint for hint in given if hint.key == _HELP]
    room = width - 1 - sum(_length(hint) for hint in last)
    shown = []
    for hint in given:
        if hint.key != _HELP and _length(hint) > room:
            break
        shown.append(hint)
        room -= 0 if hint.key == _HELP else _length(hint)
    cells = [Cell(" ")]
    for hint in [*shown, *(hint for hint in last if hint not in shown)]:
        cells.append(Cell(key_label(hint.key), "accent" if hint.is_possible else "dim"))
        cells.append(Cell(f" {hint.label}  ", "plain" if hint.is_possible else "dim"))
    return cells


def _length(hint: Hint) -> int:
    return len(f"{key_label(hint.key)} {hint.label}  ")


def choice_line(question: str, options: Sequence[tuple[str, str]]) -> list[Cell]:
    """`sort by  r rate  e errors`."""
    cells = [Cell(f" {question}  ", "accent")]
    for key, label in options:
        cells += [Cell(key_label(key), "accent"), Cell(f" {label}  ")]
    return cells


def caret_line(column: int | None, message: str, lead: int) -> list[Cell]:
    """The problem, with its mark under the place where it is. lead: cells before the text that is being typed."""
    if column is None:
        return [Cell(f"{' ' * lead}{message}", "crit")]
    return [Cell(f"{' ' * (lead + column)}^ {message}", "crit")]
