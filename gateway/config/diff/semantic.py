"""The semantic diff: which listeners, upstreams, endpoints, routes and settings came, went or changed, and in which keys.

A route that went and one that came with the very same match are told as one that was renamed; where several have that
match, nothing is guessed. Routes whose place among the others changed are told too, since the order decides last.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice, pairwise
from typing import Any, Final, NamedTuple, TypeVar

import orjson
from msgspec.structs import replace

from gateway.config.diff.objects import Body, Key, Seal, read_objects
from gateway.config.diff.values import changed_keys
from gateway.config.secrets import Path
from gateway.wire.diff import ConfigDiffView, KeyChangeView, ObjectChangeView

MAX_OBJECTS: Final = 1000
"""Objects told one by one; the rest are counted."""
MAX_KEYS: Final = 5000
"""Keys told of all objects together; of what comes after, they are counted."""

T = TypeVar("T")


class Comparable(NamedTuple):
    """A configuration as far as it takes part in a comparison; both as `canonical_form` makes them."""

    canonical: bytes
    sealed: tuple[tuple[Path, str], ...]


def semantic_diff(old: Comparable, new: Comparable) -> ConfigDiffView:
    """From the old configuration to the new one. Takes as long as reading both: keep it off a loop that must not wait."""
    before, after = read_objects(*old), read_objects(*new)
    counts: dict[str, Counter[str]] = {}
    told: list[ObjectChangeView] = []
    left_out, keys_left = 0, MAX_KEYS
    for change in _object_changes(before, after):
        counts.setdefault(change.kind, Counter())[change.change] += 1
        if len(told) < MAX_OBJECTS:
            told.append(_cut(change, keys_left))
            keys_left -= len(told[-1].keys)
        else:
            left_out += 1
    return ConfigDiffView(
        objects=told, counts={kind: dict(count) for kind, count in counts.items()}, objects_left_out=left_out
    )


def _cut(change: ObjectChangeView, keys: int) -> ObjectChangeView:
    more = len(change.keys) - keys
    if more <= 0:
        return change
    return replace(change, keys=change.keys[:keys], keys_left_out=change.keys_left_out + more)


def _object_changes(before: dict[Key, Body], after: dict[Key, Body]) -> Iterator[ObjectChangeView]:
    renamed = _renamed_routes(before, after)
    moved = _moved_routes(before, after)
    new_names = set(renamed.values())
    for key, old in before.items():
        if key in renamed:
            yield _changed(renamed[key], old, after[renamed[key]], renamed_from=key.name)
        elif key not in after:
            if not _goes_with_its_upstream(key, after):
                yield ObjectChangeView(kind=key.kind, name=key.name, of=key.of, change="removed")
        elif old != after[key] or key in moved:
            yield _changed(key, old, after[key], positions=moved.get(key))
    for key in after:
        if key not in before and key not in new_names and not _goes_with_its_upstream(key, before):
            yield ObjectChangeView(kind=key.kind, name=key.name, of=key.of, change="added")


def _goes_with_its_upstream(key: Key, others: dict[Key, Body]) -> bool:
    """Whether this is an endpoint whose whole upstream came or went, which says enough."""
    return key.kind == "endpoint" and Key("upstream", "", key.of) not in others


def _changed(
    key: Key, old: Body, new: Body, *, renamed_from: str = "", positions: tuple[int, int] | None = None
) -> ObjectChangeView:
    keys, left_out = changed_keys(old, new)
    if positions is not None:
        keys.append(KeyChangeView(key="(position)", change="changed", old=positions[0], new=positions[1]))
    return ObjectChangeView(
        kind=key.kind,
        name=key.name,
        of=key.of,
        change="renamed" if renamed_from else "changed",
        renamed_from=renamed_from,
        keys=keys,
        keys_left_out=left_out,
    )


def _renamed_routes(before: dict[Key, Body], after: dict[Key, Body]) -> dict[Key, Key]:
    """The new name of each route that has another one and the same match, by its old."""
    gone = _by_match((key, body) for key, body in before.items() if key.kind == "route" and key not in after)
    come = _by_match((key, body) for key, body in after.items() if key.kind == "route" and key not in before)
    return {keys[0]: come[match][0] for match, keys in gone.items() if len(keys) == 1 and len(come.get(match, ())) == 1}


def _by_match(routes: Iterable[tuple[Key, Body]]) -> dict[bytes, list[Key]]:
    found: dict[bytes, list[Key]] = {}
    for key, body in routes:
        match = body.get("match") if isinstance(body, dict) else body
        found.setdefault(orjson.dumps(match, default=_digest, option=orjson.OPT_SORT_KEYS), []).append(key)
    return found


def _digest(value: Any) -> str:
    assert isinstance(value, Seal)
    return value.digest


def _moved_routes(before: dict[Key, Body], after: dict[Key, Body]) -> dict[Key, tuple[int, int]]:
    """The fewest routes that must be moved to come from one order to the other, with their places in the files."""
    old_places = {key: place for place, key in enumerate(key for key in before if key.kind == "route")}
    new_places = {key: place for place, key in enumerate(key for key in after if key.kind == "route")}
    both = [key for key in new_places if key in old_places]
    stay = _longest_rise([old_places[key] for key in both])
    moved = (key for at, key in enumerate(both) if at not in stay)
    return {key: (old_places[key], new_places[key]) for key in islice(moved, MAX_OBJECTS)}


def _longest_rise(numbers: list[int]) -> set[int]:
    """Indices of a longest rising subsequence: what keeps its order. Patience sorting, n log n."""
    if all(one < other for one, other in pairwise(numbers)):
        return set(range(len(numbers)))
    ends: list[int] = []
    at_end: list[int] = []
    before: list[int] = []
    for at, number in enumerate(numbers):
        length = bisect_left(ends, number)
        before.append(at_end[length - 1] if length else -1)
        ends[length : length + 1] = [number]
        at_end[length : length + 1] = [at]
    rise: set[int] = set()
    at = at_end[-1]
    while at >= 0:
        rise.add(at)
        at = before[at]
    return rise
