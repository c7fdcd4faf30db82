"""Routes that can never take a request, because others take before them all that they match.

What can cover a route stands in its own place of the compiled table or in one more general, so every route looks at the
few places that a sample of its paths leads to, and never at all other routes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from itertools import combinations, product
from typing import Final, Generic, TypeAlias, TypeVar

from gateway.model.route import Match, PathKind, Route, ValueKind, ValueMatch
from gateway.routing.host import HostRoutes
from gateway.routing.leaf import Entry, Leaf
from gateway.routing.precedence import ANY_HOST, deciding_rule
from gateway.routing.regex import reach_of
from gateway.routing.table import RouteTable
from gateway.routing.templates import parse_template

T = TypeVar("T")

Network: TypeAlias = IPv4Network | IPv6Network
Condition: TypeAlias = tuple[str, ValueMatch]
Conditions: TypeAlias = frozenset[Condition]
Part: TypeAlias = tuple[str | None, str | None, Network | None]
"""One method, listener and network of a route; None where it takes any."""

_OPAQUE: Final = "\0"
"""A segment or label that equals nothing configured: only what takes any takes it."""
_MOST_PARTS: Final = 256
_MOST_CONDITIONS: Final = 8
"""Routes beyond either are not examined: their cost would not be bounded."""


@dataclass(frozen=True, slots=True)
class Shadowed:
    """A route without effect.

    by: the routes that take everything before it; empty if its pattern can match no path at all. because: the rule by
    which the first of them is before it, or what is wrong with the pattern. is_conflict: nothing but names tells it from
    the one route that is before it.
    """

    route: Route
    by: tuple[Route, ...]
    because: str
    is_conflict: bool = False


def find_shadowed(table: RouteTable[T]) -> list[Shadowed]:
    """Every route that can never win, in file order. Finds no route that could; may miss some that cannot.

    Several routes may cover one together by method, listener, network or host. Patterns are taken to cover another only
    if they are the same.
    """
    search = _Search(table)
    by_route: dict[int, list[tuple[Entry[T], list[Entry[T]]]]] = {}
    for leaf in table.places:
        for entry in leaf.entries:
            by_route.setdefault(entry.route.index, []).append((entry, search.covering(entry, leaf)))
    found = [_judged(parts) for _, parts in sorted(by_route.items())]
    return [each for each in found if each is not None]


def _judged(parts: list[tuple[Entry[T], list[Entry[T]]]]) -> Shadowed | None:
    entry, covering = parts[0]
    route = entry.route
    if route.match.path_kind is PathKind.REGEX and not reach_of(route.match.path).has_paths:
        return Shadowed(route, (), "the pattern can match no path: paths begin with a slash")
    if not all(others for _, others in parts):
        return None
    by = {other.route.index: other.route for _, others in parts for other in others}
    because = deciding_rule(covering[0].rank, entry.rank)
    is_conflict = len(by) == 1 and _is_same(route, covering[0].route)
    return Shadowed(route, tuple(by.values()), because, is_conflict)


def _is_same(one: Route, other: Route) -> bool:
    return one.priority == other.priority and _essence(one.match) == _essence(other.match)


def _essence(match: Match) -> tuple[object, ...]:
    """The predicates without what has no effect: order, and names of parameters."""
    path: object = match.path.rstrip("/") if match.path_kind is PathKind.PREFIX else match.path
    if match.path_kind is PathKind.TEMPLATE:
        path = tuple((not each.is_parameter and each.text, each.takes_rest) for each in parse_template(match.path))
    sets = (match.hosts or (ANY_HOST,), match.methods, match.headers, match.query, match.clients, match.listeners)
    return match.path_kind, path, *(frozenset(each) for each in sets)


class _LeafIndex(Generic[T]):
    """The first entry of a leaf for every combination of part and conditions that occurs in it."""

    def __init__(self, leaf: Leaf[T]) -> None:
        self.conditions: set[Conditions] = set()
        self._prefix_lengths: set[int] = set()
        self._first: dict[tuple[Part, Conditions], Entry[T]] = {}
        for entry in leaf.entries:
            if not _is_examined(entry.route.match):
                continue
            conditions = _conditions(entry.route.match)
            self.conditions.add(conditions)
            for part in _parts(entry.route.match):
                self._first.setdefault((part, conditions), entry)
                if part[2] is not None:
                    self._prefix_lengths.add(part[2].prefixlen)

    def first(self, part: Part, weaker: list[Conditions]) -> Iterator[Entry[T]]:
        """Entries that take all requests of a part, if they ask for no more than one of these sets of conditions."""
        method, listener, network = part
        networks = [None] if network is None else [None, *self._networks_over(network)]
        for wider in product({method, None}, {listener, None}, networks):
            for conditions in weaker:
                entry = self._first.get((wider, conditions))
                if entry is not None:
                    yield entry

    def _networks_over(self, network: Network) -> Iterator[Network]:
        for length in self._prefix_lengths:
            if length <= network.prefixlen:
                yield network.supernet(new_prefix=length)


class _Search(Generic[T]):
    def __init__(self, table: RouteTable[T]) -> None:
        self._table = table
        self._indexes: dict[int, _LeafIndex[T]] = {}

    def covering(self, entry: Entry[T], own: Leaf[T]) -> list[Entry[T]]:
        """For each part of the route the first entry that takes all of it before; empty if one part is left to it."""
        match = entry.route.match
        if not _is_examined(match):
            return []
        leaves = [leaf for leaf in self._leaves_over(entry, own) if leaf.entries[0].rank < entry.rank]
        covering: dict[int, Entry[T]] = {}
        for part in _parts(match):
            first = self._first_before(entry, part, leaves)
            if first is None:
                return []
            covering[first.route.index] = first
        return sorted(covering.values(), key=lambda each: each.rank)

    def _first_before(self, entry: Entry[T], part: Part, leaves: list[Leaf[T]]) -> Entry[T] | None:
        best: Entry[T] | None = None
        for leaf in leaves:
            index = self._index(leaf)
            for other in index.first(part, _weaker(entry.route.match, index.conditions)):
                is_before = other.rank < (entry if best is None else best).rank
                if is_before and other.route.index != entry.route.index:
                    best = other
        return best

    def _index(self, leaf: Leaf[T]) -> _LeafIndex[T]:
        # The leaves belong to the table, which outlives the search: their ids stay theirs.
        index = self._indexes.get(id(leaf))
        if index is None:
            index = self._indexes[id(leaf)] = _LeafIndex(leaf)
        return index

    def _leaves_over(self, entry: Entry[T], own: Leaf[T]) -> list[Leaf[T]]:
        """The entry's own leaf and all that take every host and path that it takes."""
        leaves = {id(own): own}
        # A sample says nothing about patterns, unless it is the only path; and only a priority puts them before that.
        with_patterns = entry.route.match.path_kind is PathKind.EXACT and self._table.has_priorities
        for host_routes in self._table.host_routes(_sample_host(entry.host)):
            samples = _sample_paths(entry.route.match, host_routes.depth + 1)
            found = [_leaves_of(host_routes, path, with_patterns=with_patterns) for path in samples]
            for leaf_id in set(found[0]).intersection(*found[1:]):
                leaves[leaf_id] = found[0][leaf_id]
        return list(leaves.values())


def _leaves_of(host_routes: HostRoutes[T], path: str, *, with_patterns: bool) -> dict[int, Leaf[T]]:
    leaves: dict[int, Leaf[T]] = {}
    for leaf in host_routes.leaves(path, with_patterns=with_patterns):
        if leaf.entries[0].route.match.path_kind is not PathKind.REGEX or host_routes.patterns is None:
            leaves[id(leaf)] = leaf
            continue
        # What was found may have been put together from several; the index is of those that stay.
        for entry in leaf.entries:
            own = host_routes.patterns.leaf_for(entry.route.match.path)
            leaves[id(own)] = own
    return leaves


def _sample_host(host: str) -> str:
    if host == ANY_HOST:
        return _OPAQUE
    return _OPAQUE + host[1:] if host.startswith("*.") else host


def _sample_paths(match: Match, depth: int) -> list[str]:
    """Paths of a route such that what takes all of them, patterns apart, takes all its paths. depth: segments beyond
    which the table tells nothing apart."""
    match match.path_kind:
        case PathKind.EXACT:
            return [match.path]
        case PathKind.PREFIX:
            prefix = match.path.rstrip("/")
            return ([prefix] if prefix else []) + _below(prefix, depth)
        case PathKind.REGEX:
            return _below(reach_of(match.path).base, depth)
        case PathKind.ANY:
            return _below("", depth)
        case PathKind.TEMPLATE:
            segments = parse_template(match.path)
            fixed = "".join("/" + (_OPAQUE if each.is_parameter else each.text) for each in segments)
            return _below(fixed[: -len("/" + _OPAQUE)], depth) if segments[-1].takes_rest else [fixed]


def _below(base: str, depth: int) -> list[str]:
    return [f"{base}/", f"{base}/{_OPAQUE}", base + f"/{_OPAQUE}" * depth]


def _conditions(match: Match) -> Conditions:
    return frozenset([("header", each) for each in match.headers] + [("query", each) for each in match.query])


def _weaker(match: Match, known: set[Conditions]) -> list[Conditions]:
    """Those of the known sets of conditions that hold whenever the route's do."""
    own = _conditions(match)
    # A value asked for is a value present.
    implied = own | {(what, ValueMatch(each.name, ValueKind.PRESENT)) for what, each in own}
    if len(known) <= 1 << len(implied):
        return [each for each in known if each <= implied]
    subsets = (frozenset(each) for size in range(len(implied) + 1) for each in combinations(implied, size))
    return [each for each in subsets if each in known]


def _is_examined(match: Match) -> bool:
    parts = max(1, len(match.methods)) * max(1, len(match.listeners)) * max(1, len(match.clients))
    return parts <= _MOST_PARTS and len(match.headers) + len(match.query) <= _MOST_CONDITIONS


def _parts(match: Match) -> Iterator[Part]:
    networks = [_network(client) for client in match.clients]
    return product(match.methods or (None,), match.listeners or (None,), networks or (None,))


@lru_cache(maxsize=1024)
def _network(client: str) -> Network:
    return ip_network(client, strict=False)
