"""All that the page of one route shows besides its verdict."""

from typing import Any, Final

import msgspec

from console.state import reading
from console.state.health.endpoint_page import course
from console.state.health.endpoints import EndpointHealth, health_of_endpoints
from console.state.health.looking import route_seen, upstreams_seen
from console.state.health.verdict import Verdict, needed_for_verdict, verdict
from console.state.model import Model
from console.state.reading import AnyReading
from gateway.wire.changes import ComparisonView
from gateway.wire.history import HistoryView
from gateway.wire.upstream_views import EndpointView, UpstreamView
from gateway.wire.views import RouteView

_LEFT_OUT: Final = ("name",)


class Place(msgspec.Struct, frozen=True):
    """An endpoint of the route, as its own upstream has it."""

    upstream: UpstreamView
    endpoint: EndpointView
    health: EndpointHealth


class Setting(msgspec.Struct, frozen=True):
    """One key of the effective configuration, with the defaults."""

    key: str
    value: str


class RoutePage(msgspec.Struct, frozen=True):
    """`route` has the figures of the chosen window; the verdict is of the last minute."""

    route: RouteView
    verdict: Verdict | None
    places: tuple[Place, ...]
    course: HistoryView | None
    settings: tuple[Setting, ...]
    comparison: ComparisonView | None
    """Before and after the revision that runs, of the route if that changed it, or of the gateway."""
    sequence: int


def needed_for_route(model: Model, name: str) -> list[AnyReading]:
    look = model.window_s, model.at_s
    wanted = [
        *needed_for_verdict(model, name), reading.route(name, *look), reading.upstreams(*look), reading.CONFIG,
        course(model, "route", name),
    ]  # fmt: skip
    sequence = _running(model)
    if sequence:
        wanted.append(reading.revision(str(sequence)))
    return list(dict.fromkeys(wanted))


def route_page(model: Model, name: str) -> RoutePage | None:
    """None while it is not known."""
    route, upstreams = route_seen(model, name), upstreams_seen(model)
    if route is None:
        return None
    mine = {share.upstream for share in route.upstreams}
    known = [each for each in (upstreams.upstreams if upstreams is not None else ()) if each.name in mine]
    health = {(each.upstream, each.address): each for each in health_of_endpoints(model, known)}
    places = [
        Place(each, endpoint, health[each.name, endpoint.address]) for each in known for endpoint in each.endpoints
    ]
    sequence = _running(model)
    detail = model.view(reading.revision(str(sequence))) if sequence else None
    figures = detail.figures if detail is not None else []
    of_route = next((each for each in figures if each.kind == "route" and each.name == name), None)
    return RoutePage(
        route, verdict(model, name), tuple(sorted(places, key=lambda place: place.health.rank)),
        model.view(course(model, "route", name)), tuple(_settings(model, name)),
        of_route or next((each for each in figures if each.kind == "gateway"), None), sequence,
    )  # fmt: skip


def _running(model: Model) -> int:
    return model.status.sequence if model.status is not None else 0


def _settings(model: Model, name: str) -> list[Setting]:
    view = model.view(reading.CONFIG)
    routes = view.config.get("routes", []) if view is not None else []
    for route in routes:
        if isinstance(route, dict) and route.get("name") == name:
            return [Setting(key, value) for key, value in _flat(route) if key not in _LEFT_OUT]
    return []


def _flat(value: Any, key: str = "") -> list[tuple[str, str]]:
    """Leaves with their paths; what is empty is left out."""
    if isinstance(value, dict):
        return [leaf for name, each in value.items() for leaf in _flat(each, f"{key}.{name}" if key else str(name))]
    if isinstance(value, list):
        if all(isinstance(each, (str, int, float)) for each in value):
            return [(key, ", ".join(map(str, value)))] if value else []
        return [leaf for position, each in enumerate(value) for leaf in _flat(each, f"{key}[{position}]")]
    return [] if value in ("", None) else [(key, str(value))]
