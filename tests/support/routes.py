"""Routes for tests of routing, written as briefly as a configuration would."""

from itertools import count
from typing import Any

from gateway.model.headers import Fields
from gateway.model.route import Match, PathKind, Place, Route, ValueKind, ValueMatch
from gateway.routing.table import RouteTable, build_table

NO_FIELDS: Fields = []


def route(name: str = "a", index: int = 0, priority: int = 0, **match: Any) -> Route:
    """A route; at most one of path (a template if it has parameters), path_prefix and path_regex, and other fields of
    Match by their names."""
    return Route(
        name=name, index=index, priority=priority, match=_match(**match), place=Place("routes.yaml", 10 * (index + 1))
    )


def _match(path: str = "", path_prefix: str = "", path_regex: str = "", **others: Any) -> Match:
    if path:
        kind = PathKind.TEMPLATE if "{" in path else PathKind.EXACT
    elif path_prefix:
        kind = PathKind.PREFIX
    else:
        kind = PathKind.REGEX if path_regex else PathKind.ANY
    return Match(path_kind=kind, path=path or path_prefix or path_regex, **others)


def exact(name: str, value: str) -> ValueMatch:
    return ValueMatch(name, ValueKind.EXACT, value)


def regex(name: str, pattern: str) -> ValueMatch:
    return ValueMatch(name, ValueKind.REGEX, pattern)


def present(name: str) -> ValueMatch:
    return ValueMatch(name, ValueKind.PRESENT)


def numbered(*routes: Route) -> list[Route]:
    """The same routes as if they stood in one file in this order, named a, b, c where they had the default name."""
    order = count()
    return [
        Route(
            name=chr(ord("a") + index) if given.name == "a" else given.name,
            index=index,
            priority=given.priority,
            match=given.match,
            place=Place("routes.yaml", 10 * (index + 1)),
            rewrite=given.rewrite,
            redirect=given.redirect,
        )
        for given, index in zip(routes, order, strict=False)
    ]


def table_of(*routes: Route) -> RouteTable[str]:
    """A table that answers with names of routes."""
    return build_table((each, each.name) for each in numbered(*routes))


def match(
    table: RouteTable[str],
    path: str,
    method: str = "GET",
    *,
    host: str = "example.com",
    listener: str = "public",
    query: str | None = None,
    fields: Fields = NO_FIELDS,
    client: str = "127.0.0.1",
) -> str | None:
    """The name of the route that takes a request."""
    return table.match(listener, host, method, path, query, fields, client)
