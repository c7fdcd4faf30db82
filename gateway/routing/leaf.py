"""Routes that share host and path predicate, in the order in which they are tried."""

from bisect import insort
from collections import Counter
from collections.abc import Iterable, Iterator
from operator import attrgetter
from typing import Final, Generic, TypeVar

from gateway.model.headers import Fields
from gateway.model.route import Route, ValueKind
from gateway.routing.matchers import Predicate, combined_value
from gateway.routing.precedence import Rank

T = TypeVar("T")

_by_rank = attrgetter("rank")

_FEW_ENTRIES: Final = 8
_ENTRIES_AT_ONCE: Final = 32


class Entry(Generic[T]):
    """A route under one of its hosts, with what it leads to."""

    __slots__ = ("checks", "host", "payload", "predicates", "rank", "route")

    def __init__(self, route: Route, host: str, rank: Rank, predicates: tuple[Predicate, ...], payload: T) -> None:
        self.route = route
        self.host = host
        self.rank = rank
        self.predicates = predicates
        self.checks = tuple(predicate.holds for predicate in predicates)
        """The same, bound once: the hot path calls nothing else."""
        self.payload = payload


class Leaf(Generic[T]):
    """All entries of one place in the table, by rank; and by method, so that no request looks at another method's.

    Entries are put where they belong as they come: there is no moment at which the whole is sorted.
    """

    __slots__ = ("by_header", "by_method", "entries", "of_other_methods", "sure", "sure_of_other_methods")

    def __init__(self) -> None:
        self.entries: list[Entry[T]] = []
        self.by_method: dict[str, list[Entry[T]]] = {}
        self.of_other_methods: list[Entry[T]] = []
        """For a method that no route here names: those that take any."""
        self.by_header: ByHeader[T] | None = None
        """Set where many routes differ in the value of one header field only."""
        self.sure: dict[str, T | None] = {}
        self.sure_of_other_methods: T | None = None
        """What a method leads to whatever else the request says: where the first entry asks for nothing more. The hot path
        looks at nothing else of a leaf like that."""

    def settle(self) -> None:
        """All entries are here: work out what is sure."""
        self.sure = {method: _sure(entries) for method, entries in self.by_method.items()}
        self.sure_of_other_methods = _sure(self.of_other_methods)

    def add(self, entry: Entry[T]) -> None:
        insort(self.entries, entry, key=_by_rank)
        methods = entry.route.match.methods
        if not methods:
            insort(self.of_other_methods, entry, key=_by_rank)
            for entries in self.by_method.values():
                insort(entries, entry, key=_by_rank)
        for method in dict.fromkeys(methods):
            if method not in self.by_method:
                self.by_method[method] = self.of_other_methods.copy()
            insort(self.by_method[method], entry, key=_by_rank)

    def clear(self) -> None:
        self.entries.clear()
        self.by_method.clear()
        self.of_other_methods.clear()
        self.by_header = None
        self.sure.clear()
        self.sure_of_other_methods = None


def _sure(entries: list[Entry[T]]) -> T | None:
    return entries[0].payload if entries and not entries[0].checks else None


class ByHeader(Generic[T]):
    """The entries of a leaf by the value they ask of one header field, as with a route for each of many tenants.

    Without it, a request would be held against one after the other.
    """

    __slots__ = ("_by_value", "_name", "_others")

    def __init__(self, lower_name: bytes, by_value: dict[bytes, Leaf[T]], others: Leaf[T]) -> None:
        """others: the entries that do not ask for the field; they are in every leaf of by_value too."""
        self._name = lower_name
        self._by_value = by_value
        self._others = others

    def leaf_for(self, fields: Fields) -> Leaf[T]:
        """All entries that a request with these fields can still match."""
        value = combined_value(fields, self._name)
        return self._others if value is None else self._by_value.get(value, self._others)


def index_by_header(leaf: Leaf[T]) -> Iterator[None]:
    """Set `leaf.by_header` if almost all of its routes ask for an exact value of one field. Yields between small steps."""
    if len(leaf.entries) <= _FEW_ENTRIES:
        return
    names: Counter[str] = Counter()
    for position, entry in enumerate(leaf.entries):
        names.update({wanted.name for wanted in entry.route.match.headers if wanted.kind is ValueKind.EXACT})
        if not position % _ENTRIES_AT_ONCE:
            yield
    name, count = names.most_common(1)[0] if names else ("", 0)
    if count < len(leaf.entries) - _FEW_ENTRIES:
        return
    by_value: dict[bytes, Leaf[T]] = {}
    others: Leaf[T] = Leaf()
    for position, entry in enumerate(leaf.entries):
        value = _exact_value(entry.route, name)
        (others if value is None else by_value.setdefault(value, Leaf())).add(entry)
        if not position % _ENTRIES_AT_ONCE:
            yield
    for position, narrowed in enumerate(by_value.values()):
        for entry in others.entries:
            narrowed.add(entry)
        if not position % _ENTRIES_AT_ONCE:
            yield
    leaf.by_header = ByHeader(name.lower().encode("ascii"), by_value, others)


def _exact_value(route: Route, name: str) -> bytes | None:
    """The first value asked for; a route that asks for two at once never matches, under either."""
    for wanted in route.match.headers:
        if wanted.name == name and wanted.kind is ValueKind.EXACT:
            return wanted.value.encode()
    return None


def merged(leaves: Iterable[Leaf[T]]) -> Leaf[T]:
    """One leaf with the entries of several, for places whose order is only known once it is known which match."""
    union: Leaf[T] = Leaf()
    for leaf in leaves:
        for entry in leaf.entries:
            union.add(entry)
    return union
