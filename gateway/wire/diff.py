"""What differs between two configurations, by object and key.

A field is only ever added, with a default.
"""

from typing import Any, Literal, TypeAlias

import msgspec

ObjectKind: TypeAlias = Literal["listener", "upstream", "endpoint", "route", "settings"]


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """Immutable. Each class repeats kw_only, which msgspec does not hand down: every field is named when it is built."""


class KeyChangeView(Difference, frozen=True, kw_only=True):
    """One key of an object. `old` is null for one that was added, `new` for one that was removed."""

    key: str
    """Path within the object, as in `match.headers.x-tenant`; `(position)` for a route's place among the others; empty
    where the object is a single value."""
    change: Literal["added", "removed", "changed"]
    old: Any = None
    new: Any = None
    redacted: bool = False
    """Part of it is a secret or came from the environment or a file: it changed, though what is shown may not."""


class ObjectChangeView(Difference, frozen=True, kw_only=True):
    """One object of the configuration. `renamed_from` is set for a route that kept its match under another name."""

    kind: ObjectKind
    name: str
    of: str = ""
    """The upstream, for an endpoint."""
    change: Literal["added", "removed", "changed", "renamed"]
    renamed_from: str = ""
    keys: list[KeyChangeView] = []
    keys_left_out: int = 0
    """How many more keys differ than are told."""


class ConfigDiffView(Difference, frozen=True, kw_only=True):
    """What differs between two configurations. `counts` is by kind and change, of all objects."""

    objects: list[ObjectChangeView]
    counts: dict[str, dict[str, int]] = {}
    objects_left_out: int = 0
    """How many more objects differ than are told."""
