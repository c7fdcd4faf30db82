"""The views of the chosen window and time. Until they have come, the newest there are of another: nothing is ever blanked."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from console.state import reading
from console.state.model import Model
from console.state.reading import AnyReading
from gateway.wire.upstream_views import UpstreamListView
from gateway.wire.views import RouteListView, RouteView, StatusView


def routes_seen(model: Model) -> RouteListView | None:
    return model.view(reading.routes(model.window_s, model.at_s)) or model.latest(RouteListView)


def upstream_of(model: Model, route: str) -> str:
    """The first that a route sends to; empty where none is known."""
    view = routes_seen(model)
    shares = next((each.upstreams for each in (view.routes if view is not None else ()) if each.name == route), None)
    return shares[0].upstream if shares else ""


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


_ITS_OWN_FAULT: Final = 500


class Unanswered(NamedTuple):
    """What a screen asks and gets no answer to, while others come. `figures_at_s`: of the oldest it shows; 0 where there are none."""

    names: tuple[str, ...]
    problem: str
    status: int
    figures_at_s: float


def unanswered(model: Model, asked: Iterable[AnyReading]) -> Unanswered | None:
    """None while the gateway is silent as a whole, which the band says, and of refusals that are answers: no such route."""
    if model.link.state != "live":
        return None
    answers = [(each, model.get(each)) for each in asked if not each.is_aside]
    failed = [
        (each, answer)
        for each, answer in answers
        if answer.problem and (not answer.status or answer.status >= _ITS_OWN_FAULT)
    ]
    if not failed:
        return None
    names = tuple(dict.fromkeys(each.path.partition("/")[0] for each, _ in failed))
    first = failed[0][1]
    came = min((answer.at_s for _, answer in failed if answer.view is not None), default=0.0)
    return Unanswered(names, first.problem, first.status, came)
