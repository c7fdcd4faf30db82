"""A canonical form taken apart into the objects it declares, its secrets replaced by seals that can be compared."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypeAlias

import orjson

from gateway.config.forms.schema import SettingsForm
from gateway.config.secrets import REDACTED, Path, value_at
from gateway.wire.diff import ObjectKind

SECTIONS: Final = tuple(SettingsForm.model_fields)
"""What there is one of: every one that may be written."""

Body: TypeAlias = Any
"""Plain JSON with Seals in it."""


@dataclass(frozen=True, slots=True)
class Seal:
    """Stands for a value that must not be shown: `shown` in its place. Two are equal if what they stand for is."""

    shown: str
    digest: str

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Seal) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)


class Key(NamedTuple):
    """kind: listener, upstream, endpoint, route or settings. of: the upstream of an endpoint, otherwise empty."""

    kind: ObjectKind
    of: str
    name: str


def read_objects(canonical: bytes, sealed: Iterable[tuple[Path, str]]) -> dict[Key, Body]:
    """Every object by kind and name, routes in their order. canonical, sealed: as `canonical_form` makes them."""
    root = orjson.loads(canonical)
    for path, digest in sealed:
        _seal(root, path, digest)
    objects: dict[Key, Body] = {}
    for listener in root.get("listeners", ()):
        objects[Key("listener", "", _name_of(listener, "name"))] = listener
    for name, upstream in root.get("upstreams", {}).items():
        body = dict(upstream)
        endpoints = body.pop("endpoints", ())
        objects[Key("upstream", "", name)] = body
        for endpoint in endpoints:
            objects[Key("endpoint", name, _name_of(endpoint, "address"))] = endpoint
    for route in root.get("routes", ()):
        objects[Key("route", "", _name_of(route, "name"))] = route
    for section in SECTIONS:
        if section in root:
            objects[Key("settings", "", section)] = root[section]
    return objects


def _seal(root: Any, path: Path, digest: str) -> None:
    try:
        place, last = value_at(root, path[:-1]), path[-1]
        # The value of a token file has no place of its own in the form: it is given one here.
        shown = place.get(last, REDACTED) if isinstance(place, dict) else place[last]
        place[last] = Seal(shown if isinstance(shown, str) else REDACTED, digest)
    except (KeyError, IndexError, TypeError):
        # Something above it is sealed as a whole, and that seal covers it.
        return


def _name_of(item: Any, key: str) -> str:
    """Its name as it is shown, where that or the whole item was interpolated too."""
    name = item.get(key) if isinstance(item, dict) else item
    return name.shown if isinstance(name, Seal) else str(name)
