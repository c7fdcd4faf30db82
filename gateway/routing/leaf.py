"""Routes that share host and path predicate, in the order in which they are tried."""

from bisect import insort
from collections.abc import Iterable
from operator import attrgetter
from typing import Generic, TypeVar

from gateway.model.route import Route
from gateway.routing.matchers import Predicate
from gateway.routing.precedence import Rank

T = TypeVar("T")

_by_rank = attrgetter("rank")


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

    __slots__ = ("by_method", "entries", "of_other_methods")

    def __init__(self) -> None:
        self.entries: list[Entry[T]] = []
        self.by_method: dict[str, list[Entry[T]]] = {}
        self.of_other_methods: list[Entry[T]] = []
        """For a method that no route here names: those that take any."""

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


def merged(leaves: Iterable[Leaf[T]]) -> Leaf[T]:
    """One leaf with the entries of several, for places whose order is only known once it is known which match."""
    union: Leaf[T] = Leaf()
    for leaf in leaves:
        for entry in leaf.entries:
            union.add(entry)
    return union
