"""Why a request is taken by the route it is taken by: every route that came near, and what it lacked.

Asks the same compiled table and the same predicates as the hot path, so an explanation cannot disagree with it.
"""

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeVar

from gateway.model.headers import Fields
from gateway.model.route import Match, PathKind, Place, Route
from gateway.routing.leaf import Entry
from gateway.routing.precedence import ANY_HOST, deciding_rule
from gateway.routing.table import RouteTable

T = TypeVar("T")

CONSIDERED: Final = 50
"""Routes told one by one; the rest are counted."""

_BOTH: Final = "host and path"
_PATH_KEYS: Final = {
    PathKind.EXACT: "path",
    PathKind.TEMPLATE: "path",
    PathKind.PREFIX: "path_prefix",
    PathKind.REGEX: "path_regex",
    PathKind.ANY: "",
}
_NEARNESS: Final = ("host", "path", _BOTH)


class Verdict(StrEnum):
    """TAKEN: it wins. OUTRANKED: it would take the request, but another is before it. REFUSED: a predicate failed."""

    TAKEN = "taken"
    OUTRANKED = "outranked"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Failure:
    """The first predicate that did not hold: host (or `host and path`), path, method, listener, header, query, client.

    key: where the route's match declares it, as in `hosts` or `headers.x-tenant`.
    """

    predicate: str
    expected: str
    actual: str
    key: str = ""

    def __str__(self) -> str:
        return f"{self.predicate}: expected {self.expected}, got {self.actual}"


@dataclass(frozen=True, slots=True)
class Considered:
    """One route and what became of it; `because` is a clause for people."""

    route: str
    place: Place
    verdict: Verdict
    because: str
    failure: Failure | None = None
    index: int = 0
    """Of the route."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """route: the one that takes the request, None if none does; then `allowed_methods` tells a 405 from a 404.

    considered: in the order in which they are tried, then those of which only the path or the host holds, nearest first.
    others: how many more were refused, by predicate (`host and path` where both failed), or outranked.
    """

    route: str | None
    place: Place | None
    because: str
    allowed_methods: tuple[str, ...]
    considered: tuple[Considered, ...]
    others: dict[str, int]


@dataclass(frozen=True, slots=True)
class _Request:
    listener: str
    host: str
    method: str
    path: str
    query: str | None
    fields: Fields
    client: str


def explain(  # noqa: PLR0913 - the arguments of RouteTable.match, and how much to tell
    table: RouteTable[T],
    listener: str,
    host: str,
    method: str,
    path: str,
    query: str | None,
    fields: Fields,
    client: str,
    *,
    limit: int = CONSIDERED,
) -> Explanation:
    """Explain what `table.match` does with these arguments. Looks at every route: milliseconds for thousands."""
    request = _Request(listener, host, method, path, query, fields, client)
    failures = [(entry, _first_failure(entry, request)) for entry in _tried(table, request)]
    takers = [entry for entry, failure in failures if failure is None]
    near = _near_misses(table, request, {entry.route.index for entry, _ in failures})
    near.sort(key=lambda miss: _distance(miss, path))
    considered = [_considered(entry, failure, takers) for entry, failure in [*failures, *near[:limit]]]
    winner = takers[0].route if takers else None
    return Explanation(
        None if winner is None else winner.name,
        None if winner is None else winner.place,
        _conclusion(takers),
        () if winner is not None else table.allowed_methods(listener, host, method, path, query, fields, client),
        tuple(considered[:limit]),
        _counted([each.failure for each in considered[limit:]] + [failure for _, failure in near[limit:]]),
    )


def _counted(failures: list[Failure | None]) -> dict[str, int]:
    return dict(Counter("outranked" if failure is None else failure.predicate for failure in failures))


def _tried(table: RouteTable[T], request: _Request) -> list[Entry[T]]:
    """The routes whose host and path hold, each once, in order of precedence."""
    entries = [entry for leaf in table.leaves(request.host, request.path) for entry in leaf.entries]
    entries.sort(key=lambda entry: entry.rank)
    first: dict[int, Entry[T]] = {}
    for entry in entries:
        first.setdefault(entry.route.index, entry)
    return list(first.values())


def _first_failure(entry: Entry[T], request: _Request) -> Failure | None:
    methods = entry.route.match.methods
    if methods and request.method not in methods:
        return Failure("method", " or ".join(methods), request.method, "methods")
    seen = (request.listener, request.query, request.fields, request.client)
    for predicate in entry.predicates:
        if not predicate.holds(*seen):
            return Failure(predicate.word, predicate.expected(), predicate.actual(*seen), predicate.key)
    return None


def _considered(entry: Entry[T], failure: Failure | None, takers: list[Entry[T]]) -> Considered:
    route = entry.route
    if failure is not None:
        return Considered(route.name, route.place, Verdict.REFUSED, str(failure), failure, route.index)
    winner = takers[0]
    if entry is winner:
        return Considered(route.name, route.place, Verdict.TAKEN, _conclusion(takers), index=route.index)
    because = f"{winner.route.name} comes first: {deciding_rule(winner.rank, entry.rank)}"
    return Considered(route.name, route.place, Verdict.OUTRANKED, because, index=route.index)


def _conclusion(takers: list[Entry[T]]) -> str:
    if not takers:
        return "no route takes the request"
    winner, *others = takers
    if not others:
        return f"{winner.route.name} is the only route that takes the request"
    return f"{winner.route.name} comes before {others[0].route.name}: {deciding_rule(winner.rank, others[0].rank)}"


def _near_misses(table: RouteTable[T], request: _Request, reached: set[int]) -> list[tuple[Entry[T], Failure]]:
    """All other routes, once each, with host or path as what failed; the host where both did."""
    of_path = {
        entry.route.index
        for host_routes in table.all_host_routes()
        for leaf in host_routes.leaves(request.path)
        for entry in leaf.entries
    }
    missed: dict[int, tuple[Entry[T], Failure]] = {}
    for leaf in table.places:
        for entry in leaf.entries:
            index = entry.route.index
            if index in reached:
                continue
            if _is_host_of(entry.host, request.host):
                missed[index] = entry, _path_failure(entry.route.match, request)
            elif index not in missed:
                missed[index] = entry, _host_failure(entry.route, request, has_path=index in of_path)
    return list(missed.values())


def _host_failure(route: Route, request: _Request, *, has_path: bool) -> Failure:
    # The word tells apart what only the host kept from the request, which is the nearest miss there is.
    return Failure("host" if has_path else _BOTH, " or ".join(route.match.hosts), request.host or "none", "hosts")


def _path_failure(match: Match, request: _Request) -> Failure:
    return Failure("path", _path_in_words(match), request.path, _PATH_KEYS[match.path_kind])


def _is_host_of(configured: str, host: str) -> bool:
    if configured[:2] == "*.":
        return host.endswith(configured[1:]) and len(host) >= len(configured)
    return configured in {ANY_HOST, host}


def _distance(miss: tuple[Entry[T], Failure], path: str) -> tuple[int, int, int]:
    """Nearest first: only the host failed, then only the path, by how much of it is shared; then file order."""
    entry, failure = miss
    shared = _shared_segments(entry.route.match.path, path)
    return _NEARNESS.index(failure.predicate), -shared, entry.route.index


def _shared_segments(configured: str, path: str) -> int:
    shared = 0
    for one, other in zip(configured.split("/")[1:], path.split("/")[1:], strict=False):
        if one != other and one[:1] != "{":
            break
        shared += 1
    return shared


def _path_in_words(match: Match) -> str:
    match match.path_kind:
        case PathKind.EXACT | PathKind.TEMPLATE:
            return match.path
        case PathKind.PREFIX:
            return f"{match.path.rstrip('/')}/..."
        case PathKind.REGEX:
            return f"a match of {match.path}"
        case PathKind.ANY:
            return "any path"
