"""The views of the chosen window and time. Until they have come, the newest there are of another: nothing is ever blanked."""

from console.state import reading
from console.state.model import Model
from gateway.wire.views import RouteListView, RouteView, StatusView, UpstreamListView


def routes_seen(model: Model) -> RouteListView | None:
    return model.view(reading.routes(model.window_s, model.at_s)) or model.latest(RouteListView)


def upstreams_seen(model: Model) -> UpstreamListView | None:
    return model.view(reading.upstreams(model.window_s, model.at_s)) or model.latest(UpstreamListView)


def status_seen(model: Model) -> StatusView | None:
    return model.view(reading.status(model.window_s, model.at_s)) or model.status


def route_seen(model: Model, name: str) -> RouteView | None:
    """That route; of the list, where it has not been asked for by name yet."""
    view = model.view(reading.route(name, model.window_s, model.at_s)) or model.view(
        reading.route(name, None, model.at_s)
    )
    if view is not None:
        return view
    known = model.latest(RouteListView)
    return next((route for route in (known.routes if known is not None else ()) if route.name == name), None)
