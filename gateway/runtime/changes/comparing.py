"""Before and after: what a revision did to the gateway and to the routes it changed, in figures of equally long spans."""

from collections.abc import Mapping
from itertools import islice
from typing import Final, Literal, Protocol, TypeAlias

from gateway.model.snapshot import Snapshot
from gateway.wire.changes import ComparisonView, FiguresView
from gateway.wire.diff import ConfigDiffView

MAX_ROUTES: Final = 50

REPORTED_S: Final = 0.3
"""So long after an activation workers still report what ended before it; it is left out."""

Kind: TypeAlias = Literal["gateway", "route"]


class Figures(Protocol):
    """Where the figures come from; the rolling windows."""

    def between(self, kind: Kind, name: str, from_s: float, to_s: float) -> FiguresView | None:
        """Over a span of Unix time; name is empty for the gateway. None where nothing is known of it."""
        ...


class Spans:
    """The spans around an activation: equally long before and after, and the whole time it ran. In Unix time."""

    def __init__(self, wanted_s: float, previous_s: float | None, applied_s: float, ended_s: float) -> None:
        """previous_s: when the revision before came to run, None for the first; ended_s: when this one was replaced, or
        now."""
        since_s = applied_s - previous_s if previous_s is not None else wanted_s
        self.length_s = max(0.0, min(wanted_s, since_s, ended_s - applied_s))
        self._applied_s = applied_s
        self._ended_s = ended_s
        self._has_before = previous_s is not None

    def compare(self, figures: Figures, kind: Kind, name: str, former: str = "") -> ComparisonView:
        """former: the name it had before."""
        at_s, length_s = self._applied_s, self.length_s
        since_s = at_s + REPORTED_S
        before = figures.between(kind, former, at_s - length_s, at_s) if self._has_before and length_s > 0 else None
        after = figures.between(kind, name, since_s, at_s + length_s) if length_s > REPORTED_S else None
        return ComparisonView(
            kind=kind, name=name, before=before, after=after, whole=figures.between(kind, name, since_s, self._ended_s)
        )


def changed_routes(changes: ConfigDiffView | None, users: dict[str, list[str]]) -> dict[str, str]:
    """Routes that a change can have done something to, each with its former name: those that were changed, made or
    removed, and the users of changed upstreams.

    users: routes by the upstream they forward to.
    """
    found: dict[str, str] = {}
    for each in changes.objects if changes is not None else ():
        if each.kind == "route":
            found[each.name] = each.renamed_from or each.name
        elif each.kind in {"upstream", "endpoint"}:
            for route in users.get(each.of or each.name, ()):
                found.setdefault(route, route)
    return found


def users_of_upstreams(snapshot: Snapshot) -> dict[str, list[str]]:
    users: dict[str, list[str]] = {}
    for route in snapshot.routes:
        for share in route.upstreams:
            users.setdefault(share.upstream, []).append(route.name)
    return users


def compare_all(figures: Figures, spans: Spans, routes: Mapping[str, str]) -> tuple[list[ComparisonView], int]:
    """The gateway first, then as many of the routes (with their former names) as are told; and how many are not."""
    compared = [spans.compare(figures, "gateway", "")]
    compared += [spans.compare(figures, "route", name, former) for name, former in islice(routes.items(), MAX_ROUTES)]
    return compared, max(0, len(routes) - MAX_ROUTES)
