"""From what is selected to what is known of it elsewhere: where each pivot leads, by the kind of thing."""

from collections.abc import Callable
from typing import Final

from console.state.selection import COMPARED, Destination, Selection

Way = Callable[[Selection], Destination | None]


def _live(selection: Selection) -> Destination | None:
    return Destination("live", filter=selection.filter)


def _failing(selection: Selection) -> Destination | None:
    return Destination("live", filter=f"{selection.filter} err".strip())


def _traces(selection: Selection) -> Destination | None:
    if selection.trace_id:
        return Destination("trace", selection.trace_id)
    return Destination("traces", filter=selection.filter)


def _upstream(selection: Selection) -> Destination | None:
    name = selection.name if selection.kind == "upstream" else selection.upstream
    return Destination("upstreams", filter=name) if name else None


def _changes(selection: Selection) -> Destination | None:
    name = _route(selection) or selection.endpoint or selection.upstream
    return Destination("changes", filter=name)


def _raw(selection: Selection) -> Destination | None:
    return Destination("raw", f"{selection.kind}:{selection.name}")


def _explain(selection: Selection) -> Destination | None:
    if selection.request_id:
        return Destination("explain", selection.request_id)
    return Destination("explain", f"route:{_route(selection)}") if _route(selection) else None


def _compare(selection: Selection) -> Destination | None:
    return Destination("route", _route(selection), filter=COMPARED) if _route(selection) else None


def _route(selection: Selection) -> str:
    """Empty also for the names under which the gateway counts what no route took."""
    return "" if selection.route.startswith("_") else selection.route


PIVOTS: Final[dict[str, Way]] = {
    "live": _live, "failing": _failing, "traces": _traces, "upstream": _upstream, "changes": _changes, "raw": _raw, "explain": _explain,
    "compare": _compare,
}  # fmt: skip
"""Those that a selection alone decides. Screens that know better say so themselves (`pivot_to`)."""

_NOWHERE: Final = {
    "upstream": "no upstream is known of {}",
    "explain": "a route or a request is explained, not {}",
    "compare": "a route is compared with the window before, a revision with the one before it: {} is neither",
}


def why_nowhere(where: str, selection: Selection) -> str:
    """What to say where a pivot leads nowhere from this."""
    return _NOWHERE.get(where, "nothing is known of {} there").format(f"{selection.kind} {selection.name}")
