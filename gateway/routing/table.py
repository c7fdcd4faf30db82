"""The compiled table of routes: a request finds its route in near constant time, however many there are.

Host by dictionary, then path by dictionary, trie and automaton, then method; only the routes left after that are asked
for their other predicates, in order of precedence.
"""

from collections.abc import Iterable, Iterator
from typing import Final, Generic, TypeVar

from gateway.model.headers import Fields
from gateway.model.route import Route
from gateway.routing.host import HostRoutes
from gateway.routing.leaf import Entry, Leaf, index_by_header
from gateway.routing.matchers import compile_predicates
from gateway.routing.precedence import ANY_HOST, rank_of

T = TypeVar("T")

_HOSTS_KEPT: Final = 1024
_LEAVES_AT_ONCE: Final = 200


class RouteTable(Generic[T]):
    """Immutable once built. `listener` is its name, `host` lower case without port, `path` normalised, `query` raw."""

    def __init__(
        self,
        places: list[Leaf[T]],
        exact: dict[str, HostRoutes[T]],
        wildcard: dict[str, HostRoutes[T]],
        any_host: HostRoutes[T] | None,
        has_priorities: bool,
    ) -> None:
        """Made by TableBuilder. wildcard: keyed by what follows the asterisk, `.example.org`."""
        self.places = places
        """Every leaf that holds a route, in no particular order."""
        self.has_priorities = has_priorities
        """Whether priorities differ, so that place alone does not tell which route is first."""
        self._exact = exact
        self._wildcard = wildcard
        self._any = any_host
        self._of_host: dict[str, tuple[HostRoutes[T], ...]] = {}

    def match(
        self, listener: str, host: str, method: str, path: str, query: str | None, fields: Fields, client: str
    ) -> T | None:
        """What the first route by precedence that takes the request leads to; None if there is none.

        Methods are compared exactly, as the Gateway API has it: a route for GET does not take HEAD.
        """
        if self.has_priorities:
            entry = self.best_entry(listener, host, method, path, query, fields, client)
            return None if entry is None else entry.payload
        for host_routes in self._of_host.get(host) or self.host_routes(host):
            first = host_routes.first_leaf(path)
            if first is not None:
                sure = first.sure.get(method, first.sure_of_other_methods)
                if sure is not None:
                    return sure
                break
            if host_routes.patterns is not None:
                # One of them may hold, and then comes before everything of a less specific host.
                break
        return self._match_with_checks(listener, host, method, path, query, fields, client)

    def _match_with_checks(
        self, listener: str, host: str, method: str, path: str, query: str | None, fields: Fields, client: str
    ) -> T | None:
        for found in self.leaves(host, path):
            leaf = found if found.by_header is None else found.by_header.leaf_for(fields)
            for entry in leaf.by_method.get(method, leaf.of_other_methods):
                for holds in entry.checks:
                    if not holds(listener, query, fields, client):
                        break
                else:
                    return entry.payload
        return None

    def best_entry(
        self, listener: str, host: str, method: str, path: str, query: str | None, fields: Fields, client: str
    ) -> Entry[T] | None:
        """The same for a table with priorities: they cut across hosts and paths, so every place is asked for its first."""
        best: Entry[T] | None = None
        for found in self.leaves(host, path):
            leaf = found if found.by_header is None else found.by_header.leaf_for(fields)
            for entry in leaf.by_method.get(method, leaf.of_other_methods):
                if best is not None and best.rank < entry.rank:
                    break
                if all(holds(listener, query, fields, client) for holds in entry.checks):
                    best = entry
                    break
        return best

    def allowed_methods(
        self, listener: str, host: str, method: str, path: str, query: str | None, fields: Fields, client: str
    ) -> tuple[str, ...]:
        """After `match` found none: the methods of the routes of which everything but the method holds, sorted.

        Empty means 404; otherwise it is a 405, and this its Allow.
        """
        allowed: set[str] = set()
        for found in self.leaves(host, path):
            leaf = found if found.by_header is None else found.by_header.leaf_for(fields)
            for entry in leaf.entries:
                methods = entry.route.match.methods
                if allowed.issuperset(methods) or method in methods:
                    continue
                if all(holds(listener, query, fields, client) for holds in entry.checks):
                    allowed.update(methods)
        return tuple(sorted(allowed))

    def leaves(self, host: str, path: str) -> Iterator[Leaf[T]]:
        """Every place of the table whose host and path predicates hold, in order of precedence (priority apart)."""
        for host_routes in self.host_routes(host):
            yield from host_routes.leaves(path)

    def host_routes(self, host: str) -> tuple[HostRoutes[T], ...]:
        """The routes of the host itself, of the wildcards over it, longest first, and of any host."""
        known = self._of_host.get(host)
        if known is not None:
            return known
        if len(self._of_host) >= _HOSTS_KEPT:
            # Hosts come from outside; what an attacker can fill must be cheap to lose.
            self._of_host.clear()
        routes = self._of_host[host] = tuple(self._find_host_routes(host))
        return routes

    def _find_host_routes(self, host: str) -> Iterator[HostRoutes[T]]:
        if host in self._exact:
            yield self._exact[host]
        dot = host.find(".") if self._wildcard else -1
        while dot != -1:
            # A wildcard stands for one label or more, so it is the part from a dot on that is looked up.
            if dot > 0 and host[dot:] in self._wildcard:
                yield self._wildcard[host[dot:]]
            dot = host.find(".", dot + 1)
        if self._any is not None:
            yield self._any

    def dismantle(self) -> Iterator[None]:
        """Free the table step by step, for when a newer one has replaced it and nobody will ask it again.

        Dropped as a whole, 10,000 routes would stall the loop for several milliseconds.
        """
        while self.places:
            for leaf in self.places[-_LEAVES_AT_ONCE:]:
                leaf.clear()
            del self.places[-_LEAVES_AT_ONCE:]
            yield

    def all_host_routes(self) -> Iterator[HostRoutes[T]]:
        yield from self._exact.values()
        yield from self._wildcard.values()
        if self._any is not None:
            yield self._any


class TableBuilder(Generic[T]):
    """Builds a table in slices: `add` every route, run `finish` to its end, then take `table`.

    Each call and each step of `finish` is short, so that a worker can build its next table between requests.
    """

    def __init__(self) -> None:
        self._places: list[Leaf[T]] = []
        self._exact: dict[str, HostRoutes[T]] = {}
        self._wildcard: dict[str, HostRoutes[T]] = {}
        self._any: HostRoutes[T] | None = None
        self._priorities: set[int] = set()
        self._table: RouteTable[T] | None = None

    def add(self, route: Route, payload: T) -> None:
        """Put a route in its places. ValueError for a template, pattern or network that is not one."""
        predicates = compile_predicates(route.match)
        self._priorities.add(route.priority)
        for host in dict.fromkeys(route.match.hosts) or (ANY_HOST,):
            leaf = self._routes_of(host).leaf_for(route.match)
            if not leaf.entries:
                self._places.append(leaf)
            leaf.add(Entry(route, host, rank_of(route, host), predicates, payload))

    def finish(self) -> Iterator[None]:
        """Compile the path patterns and sort crowded places, yielding between steps. ValueError for a pattern that cannot
        be used."""
        table = RouteTable(self._places, self._exact, self._wildcard, self._any, len(self._priorities) > 1)
        for host_routes in table.all_host_routes():
            if host_routes.patterns is not None:
                yield from host_routes.patterns.compile()
        for position, leaf in enumerate(self._places):
            yield from index_by_header(leaf)
            if leaf.by_header is None:
                leaf.settle()
            if not position % _LEAVES_AT_ONCE:
                yield
        self._table = table

    @property
    def table(self) -> RouteTable[T]:
        """The finished table; RuntimeError before `finish` has run to its end."""
        if self._table is None:
            raise RuntimeError("the table is not finished")
        return self._table

    def _routes_of(self, host: str) -> HostRoutes[T]:
        if host == ANY_HOST:
            self._any = self._any or HostRoutes()
            return self._any
        if host.startswith("*."):
            return self._wildcard.setdefault(host[1:], HostRoutes())
        return self._exact.setdefault(host, HostRoutes())


def build_table(routes: Iterable[tuple[Route, T]]) -> RouteTable[T]:
    """A table in one go, for commands and the supervisor, which serve no traffic."""
    builder: TableBuilder[T] = TableBuilder()
    for route, payload in routes:
        builder.add(route, payload)
    for _ in builder.finish():
        pass
    return builder.table
