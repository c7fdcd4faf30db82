"""Every screen, once: its name, other names it goes by, and how it is made. A screen is added here and nowhere else."""

from collections.abc import Callable
from typing import Final, NamedTuple

from console.screens.alerts import AlertsScreen
from console.screens.changes import ChangesScreen
from console.screens.difference import DiffScreen
from console.screens.health.endpoint import EndpointScreen
from console.screens.health.overview import OverviewScreen
from console.screens.health.route_detail import RouteDetailScreen
from console.screens.health.upstreams import UpstreamsScreen
from console.screens.help import HelpScreen
from console.screens.inside.logs import LogsScreen
from console.screens.inside.nodes import NodesScreen
from console.screens.operator_screen import OperatorScreen
from console.screens.routes import RoutesScreen
from console.screens.traffic.explain import ExplainScreen
from console.screens.traffic.in_flight import InFlightScreen
from console.screens.traffic.live import LiveScreen
from console.screens.traffic.raw import RawScreen
from console.screens.traffic.request import RequestScreen
from console.screens.traffic.traces import TraceScreen, TracesScreen
from console.screens.traffic.unmatched import UnmatchedScreen


class Place(NamedTuple):
    """`key` is the digit that leads there; empty for screens about one thing, which need a subject."""

    key: str
    name: str
    aliases: tuple[str, ...]
    make: Callable[[str, str], OperatorScreen]
    """From subject and filter."""


PLACES: Final = (
    Place("1", "overview", ("over",), OverviewScreen),
    Place("2", "routes", (), RoutesScreen),
    Place("", "route", (), RouteDetailScreen),
    Place("3", "upstreams", ("ups",), UpstreamsScreen),
    Place("", "endpoint", (), EndpointScreen),
    Place("4", "live", ("tail",), LiveScreen),
    Place("5", "traces", (), TracesScreen),
    Place("7", "changes", ("chg",), ChangesScreen),
    Place("", "diff", (), DiffScreen),
    Place("", "trace", (), TraceScreen),
    Place("6", "alerts", ("slo",), AlertsScreen),
    Place("", "request", ("req",), RequestScreen),
    Place("", "inflight", (), InFlightScreen),
    Place("", "unmatched", (), UnmatchedScreen),
    Place("", "explain", (), ExplainScreen),
    Place("", "raw", (), RawScreen),
    Place("", "help", (), HelpScreen),
    Place("8", "nodes", ("node", "workers"), NodesScreen),
    Place("9", "logs", ("log",), LogsScreen),
)
BY_NAME: Final = {name: place for place in PLACES for name in (place.name, *place.aliases)}
BY_KEY: Final = {place.key: place for place in PLACES if place.key}
