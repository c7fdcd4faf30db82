"""What differs between two configurations, one line for each key, as people say it: `route orders  timeouts.first_byte  15s -> 2s`."""

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from console.render.cells import Cell, Severity
from console.render.table import plain
from gateway.wire.diff import ConfigDiffView, KeyChangeView, ObjectChangeView

_SIGNS: Final[dict[str, tuple[str, Severity]]] = {
    "added": ("+", "ok"),
    "removed": ("-", "crit"),
    "changed": ("~", "warn"),
    "renamed": ("~", "warn"),
}
_LONGEST: Final = 60


def difference_lines(changes: ConfigDiffView) -> list[list[Cell]]:
    """A line for each object and, for those that changed, one for each key."""
    if not changes.objects:
        return [[Cell("nothing differs", "dim")]]
    lines = [line for change in changes.objects for line in _lines(change)]
    if changes.objects_left_out:
        lines.append([Cell(f"{changes.objects_left_out} more objects differ", "dim")])
    return lines


def difference_text(changes: ConfigDiffView) -> str:
    """The same as text."""
    return "\n".join("".join(cell.text for cell in line) for line in difference_lines(changes))


def summary(changes: ConfigDiffView) -> str:
    """In one line: the first change in full, and how many more there are."""
    told = [_object_text(change) for change in changes.objects]
    if not told:
        return "nothing differs"
    more = len(told) - 1 + changes.objects_left_out
    return f"{told[0]}, {more} more" if more else told[0]


def _object_text(change: ObjectChangeView) -> str:
    name = _name(change)
    if change.change == "renamed":
        return f"{name} renamed from {plain(change.renamed_from)}"
    if change.change != "changed" or not change.keys:
        return f"{name} {change.change}"
    more = len(change.keys) - 1 + change.keys_left_out
    return f"{name} {_key_text(change.keys[0])}" + (f" and {more} more" if more else "")


def _lines(change: ObjectChangeView) -> Iterator[list[Cell]]:
    sign, severity = _SIGNS[change.change]
    title = [Cell(f"{sign} ", severity), Cell(_name(change), "strong"), Cell(f"  {change.change}", severity)]
    if change.renamed_from:
        title.append(Cell(f" from {plain(change.renamed_from)}"))
    yield title
    for key in change.keys:
        sign, severity = _SIGNS[key.change]
        yield [Cell(f"    {sign} ", severity), Cell(_key_text(key))]
    if change.keys_left_out:
        yield [Cell(f"    {change.keys_left_out} more keys differ", "dim")]


def _name(change: ObjectChangeView) -> str:
    of = f" of {plain(change.of)}" if change.of else ""
    return f"{change.kind} {plain(change.name)}{of}".strip()


def _key_text(key: KeyChangeView) -> str:
    name = plain(key.key) or "value"
    secret = "  (secret)" if key.redacted else ""
    if key.change == "added":
        return f"{name}  {_value(key.new)}{secret}"
    if key.change == "removed":
        return f"{name}  {_value(key.old)}{secret}"
    return f"{name}  {_value(key.old)} -> {_value(key.new)}{secret}"


def _value(value: Any) -> str:
    text = plain(value if isinstance(value, str) else msgspec.json.encode(value).decode())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 2]}.."
