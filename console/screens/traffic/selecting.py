"""From what a row says to what keys act on."""

from console.state.selection import Selection
from gateway.wire.live import AccessLine, InFlightView


def selection_of(line: AccessLine | InFlightView) -> Selection:
    """An exchange, finished or running."""
    return Selection(
        "exchange", line.request_id, route=line.route, upstream=line.upstream, endpoint=line.endpoint, client=line.client,
        request_id=line.request_id, trace_id=line.trace_id,
    )  # fmt: skip
