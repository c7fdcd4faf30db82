"""From what is selected to what is known of it elsewhere: where each pivot leads, by the kind of thing."""

from collections.abc import Callable
from typing import Final

from console.state.selection import Destination, Selection

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
    name = selection.route or selection.endpoint or selection.upstream
    return Destination("changes", filter=name)


def _raw(selection: Selection) -> Destination | None:
    return Destination("raw", f"{selection.kind}:{selection.name}")


def _explain(selection: Selection) -> Destination | None:
    if selection.request_id:
        return Destination("explain", selection.request_id)
    return Destination("explain", f"route:{selection.route}") if selection.route else None


PIVOTS: Final[dict[str, Way]] = {
    "live": _live, "failing": _failing, "traces": _traces, "upstream": _upstream, "changes": _changes, "raw": _raw, "explain": _explain,
}  # fmt: skip
"""Those that a selection alone decides. Screens that know better say so themselves (`pivot_to`)."""
