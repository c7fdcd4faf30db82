"""On which line of the file each predicate of a route stands, for explanations that point at it."""

from sys import intern
from typing import Any, Final, TypeAlias

from gateway.config.document import Document
from gateway.config.secrets import Path

Lines: TypeAlias = tuple[tuple[str, int], ...]
"""Key within the route and its line. Flat and interned, because there may be thousands of routes."""

_FIELDS: Final = frozenset({"headers", "query"})


def match_lines(document: Document, route: Path, raw: Any) -> Lines:
    """Of the predicates as they are written; `raw` is the route's mapping. Keys as in `routing.explain.Failure.key`."""
    match = raw.get("match") if isinstance(raw, dict) else None
    if not isinstance(match, dict):
        return ()
    found = []
    for key, value in match.items():
        place = (*route, "match", key)
        if key in _FIELDS and isinstance(value, dict):
            found += [(intern(f"{key}.{_named(key, name)}"), document.line_of((*place, name))) for name in value]
        found.append((intern(key), document.line_of(place)))
    return tuple(found)


def line_of(lines: Lines, key: str) -> int:
    """0 where the key is not written; the nearest one above it where only that is."""
    known = dict(lines)
    return known.get(key) or known.get(key.partition(".")[0], 0)


def _named(key: str, name: str) -> str:
    """Names of fields are compared in lower case."""
    return name.lower() if key == "headers" else name
