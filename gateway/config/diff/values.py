"""What differs between two values: the keys beneath them, and what stood there before and after."""

from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

import orjson

from gateway.config.diff.objects import Body, Seal
from gateway.config.document import path_text
from gateway.config.secrets import Path
from gateway.wire.diff import KeyChangeView

MAX_KEYS: Final = 100
"""Differences told of one object; the rest are counted."""

_VALUE_BYTES: Final = 500
_ABSENT: Final = object()
_ITEM_NAMES: Final = ("name", "upstream", "address")
"""By which the items of a list are the same ones, wherever they stand in it."""


def changed_keys(old: Body, new: Body) -> tuple[list[KeyChangeView], int]:
    """The first differences beneath two bodies of one object, and how many more there are."""
    changes = _changes(old, new, ())
    told = list(islice(changes, MAX_KEYS))
    return told, sum(1 for _ in changes)


def _changes(old: Any, new: Any, path: Path) -> Iterator[KeyChangeView]:
    if old is not _ABSENT and new is not _ABSENT and old == new:
        return
    old_parts, new_parts = _parts(old), _parts(new)
    if old_parts is None or new_parts is None:
        yield _key_change(old, new, path)
        return
    for step in [*old_parts, *(step for step in new_parts if step not in old_parts)]:
        yield from _changes(old_parts.get(step, _ABSENT), new_parts.get(step, _ABSENT), (*path, step))


def _parts(value: Any) -> dict[str, Any] | None:
    """A mapping, or a list whose items have names; None for what is compared as a whole."""
    if isinstance(value, dict):
        return value
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        return None
    for key in _ITEM_NAMES:
        names = [item.get(key) for item in value]
        if all(isinstance(name, str) for name in names) and len(set(names)) == len(names):
            return dict(zip(names, value, strict=True))
    return None


def _key_change(old: Any, new: Any, path: Path) -> KeyChangeView:
    change = "added" if old is _ABSENT else "removed" if new is _ABSENT else "changed"
    return KeyChangeView(
        key=path_text(path),
        change=change,  # type: ignore[arg-type]  # one of the three
        old=_shown(old),
        new=_shown(new),
        redacted=_has_seal(old) or _has_seal(new),
    )


def _shown(value: Any) -> Any:
    """Fit to be answered: seals by what is shown for them, and long values cut to a text."""
    if value is _ABSENT:
        return None
    plain = _without_seals(value)
    text = orjson.dumps(plain)
    return plain if len(text) <= _VALUE_BYTES else f"{text[:_VALUE_BYTES].decode(errors='ignore')}…"


def _without_seals(value: Any) -> Any:
    if isinstance(value, Seal):
        return value.shown
    if isinstance(value, dict):
        return {key: _without_seals(item) for key, item in value.items()}
    return [_without_seals(item) for item in value] if isinstance(value, list) else value


def _has_seal(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_has_seal, value.values()))
    return any(map(_has_seal, value)) if isinstance(value, list) else isinstance(value, Seal)
