"""All that is known of one endpoint, for its own page."""

from typing import Final

import msgspec

from console.state import reading
from console.state.health.endpoints import FAILED_LATELY, EndpointHealth, course_of_endpoint, health_of_endpoints
from console.state.health.looking import upstreams_seen
from console.state.model import Model
from console.state.reading import AnyReading, Reading, exchanges
from gateway.wire.changes import IncidentView
from gateway.wire.history import HistoryView, SeriesKind
from gateway.wire.upstream_views import EndpointView, UpstreamView
from gateway.wire.views import ExchangeListView

_STEPS: Final = ((60, "1s"), (300, "5s"), (900, "10s"), (3_600, "60s"), (21_600, "300s"))
"""The longest window each is for: at most some 90 points."""


class EndpointPage(msgspec.Struct, frozen=True):
    """Figures are of the chosen window."""

    upstream: UpstreamView
    endpoint: EndpointView
    health: EndpointHealth
    incidents: tuple[IncidentView, ...]
    """Newest first."""
    course: HistoryView | None


def needed_for_endpoint(model: Model, upstream: str, address: str) -> list[AnyReading]:
    wanted: list[AnyReading] = [
        reading.upstreams(model.window_s, model.at_s), reading.INCIDENTS, course(model, "endpoint", f"{upstream}/{address}"),
        course_of_endpoint(upstream, address),
    ]  # fmt: skip
    return [*wanted, FAILED_LATELY, failed_at(address)] if model.at_s is None else wanted


def failed_at(address: str) -> Reading[ExchangeListView]:
    """Kept failures that ended there."""
    return exchanges(f"endpoint:{address} err", 50)


def course(model: Model, kind: SeriesKind, name: str) -> Reading[HistoryView]:
    """A series over the chosen window, in steps that the gateway keeps."""
    step = next(step for longest_s, step in _STEPS if model.window_s <= longest_s)
    end = "" if model.at_s is None else str(model.at_s)
    return reading.history(kind, name, window=f"{model.window_s}s", step=step, end=end)


def endpoint_page(model: Model, upstream: str, address: str) -> EndpointPage | None:
    """None while it is not known, or where there is no such endpoint."""
    view = upstreams_seen(model)
    for each in view.upstreams if view is not None else ():
        for endpoint in each.endpoints:
            if (each.name, endpoint.address) == (upstream, address):
                health = next(found for found in health_of_endpoints(model, [each]) if found.address == address)
                told = [known for known in model.incidents if known.subject == f"{upstream} {address}"]
                name = f"{upstream}/{address}"
                return EndpointPage(
                    each, endpoint, health, tuple(reversed(told)), model.view(course(model, "endpoint", name))
                )
    return None
