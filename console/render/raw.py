"""Plain values as JSON or YAML, coloured so that names and values are told apart."""

from typing import Any, Final, Literal, TypeAlias

import msgspec

from console.render.cells import Cell
from console.render.table import plain

RawForm: TypeAlias = Literal["yaml", "json"]

RAW_FORMS: Final[tuple[RawForm, ...]] = ("yaml", "json")
_MOST_LINES: Final = 20_000


def raw_text(value: Any, form: RawForm) -> str:
    """As it could be copied into a file."""
    if form == "json":
        return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
    # Imported here: the commands that share this floor start without it.
    import yaml  # noqa: PLC0415

    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=1_000_000)


def raw_lines(value: Any, form: RawForm) -> list[tuple[Cell, ...]]:
    """The text, its keys apart from what they have."""
    lines = raw_text(value, form).splitlines()
    shown = [_line(plain(line)) for line in lines[:_MOST_LINES]]
    left = len(lines) - len(shown)
    return [*shown, (Cell(f" {left} more lines", "dim"),)] if left else shown


def _line(text: str) -> tuple[Cell, ...]:
    key, colon, value = text.partition(": ")
    if not colon:
        key, colon, value = (text, "", "") if not text.endswith(":") else (text[:-1], ":", "")
    if not colon:
        return (Cell(f" {text}"),)
    return (Cell(f" {key}{colon.strip()}", "accent"), Cell(f" {value}" if value else ""))
