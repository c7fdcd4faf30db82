"""From what a row says to what keys act on."""

from console.state.selection import Destination, Selection
from console.state.traffic.filtering import narrowed
from gateway.wire.live import AccessLine, InFlightView


def selection_of(line: AccessLine | InFlightView) -> Selection:
    """An exchange, finished or running."""
    return Selection(
        "exchange", line.request_id, route=line.route, upstream=line.upstream, endpoint=line.endpoint, client=line.client,
        request_id=line.request_id, trace_id=line.trace_id,
    )  # fmt: skip


def route_traffic(line: AccessLine | InFlightView, where: str) -> Destination | None:
    """From one exchange to what its route does, live or failing; None for other pivots."""
    if where not in {"live", "failing"} or not line.route:
        return None
    wanted = narrowed("", "route", line.route)
    return Destination("live", filter=f"{wanted} err" if where == "failing" else wanted)
