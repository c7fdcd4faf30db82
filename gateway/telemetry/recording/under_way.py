"""What a report says of exchanges that have not ended yet."""

from collections.abc import Iterable

from gateway.model.exchange import Exchange
from gateway.telemetry.recording.route_view import RouteView


def oldest_by_route(exchanges: Iterable[Exchange]) -> dict[str, int]:
    """When the oldest running exchange of each route label began, nanoseconds since the epoch.

    Tunnels are left out, for they are meant to last, and so is what has no route yet.
    """
    oldest: dict[str, int] = {}
    for exchange in exchanges:
        view: RouteView | None = exchange.mark
        if view is None or exchange.upgraded:
            continue
        label, began_ns = view.series.label, exchange.started_at_ns
        if oldest.get(label, began_ns) >= began_ns:
            oldest[label] = began_ns
    return oldest
