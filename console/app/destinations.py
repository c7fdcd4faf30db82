"""Every screen, once: its name, other names it goes by, and how it is made. A screen is added here and nowhere else."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Final, NamedTuple

from console.screens.operator_screen import OperatorScreen


@dataclass(frozen=True, slots=True)
class Late:
    """A screen that is loaded when it is opened first: the first paint waits for one screen alone. `module` is below the screens."""

    module: str
    name: str

    def __call__(self, subject: str, filter_text: str) -> OperatorScreen:
        made: OperatorScreen = self.load()(subject, filter_text)
        return made

    def load(self) -> type[OperatorScreen]:
        """The class of it."""
        kind: type[OperatorScreen] = getattr(import_module(f"console.screens.{self.module}"), self.name)
        return kind


class Place(NamedTuple):
    """`key` is the digit that leads there; empty for screens about one thing, which need a subject."""

    key: str
    name: str
    aliases: tuple[str, ...]
    make: Callable[[str, str], OperatorScreen]
    """From subject and filter."""


PLACES: Final = (
    Place("1", "overview", ("over",), Late("health.overview", "OverviewScreen")),
    Place("2", "routes", (), Late("routes", "RoutesScreen")),
    Place("", "route", (), Late("health.route_detail", "RouteDetailScreen")),
    Place("3", "upstreams", ("ups",), Late("health.upstreams", "UpstreamsScreen")),
    Place("", "endpoint", (), Late("health.endpoint", "EndpointScreen")),
    Place("4", "live", ("tail",), Late("traffic.live", "LiveScreen")),
    Place("5", "traces", (), Late("traffic.traces", "TracesScreen")),
    Place("7", "changes", ("chg",), Late("changes", "ChangesScreen")),
    Place("", "diff", (), Late("difference", "DiffScreen")),
    Place("", "trace", (), Late("traffic.traces", "TraceScreen")),
    Place("6", "alerts", ("slo",), Late("alerts", "AlertsScreen")),
    Place("", "request", ("req",), Late("traffic.request", "RequestScreen")),
    Place("", "inflight", (), Late("traffic.in_flight", "InFlightScreen")),
    Place("", "unmatched", (), Late("traffic.unmatched", "UnmatchedScreen")),
    Place("", "explain", (), Late("traffic.explain", "ExplainScreen")),
    Place("", "raw", (), Late("traffic.raw", "RawScreen")),
    Place("", "help", (), Late("help", "HelpScreen")),
    Place("8", "nodes", ("node", "workers"), Late("inside.nodes", "NodesScreen")),
    Place("9", "logs", ("log",), Late("inside.logs", "LogsScreen")),
)
BY_NAME: Final = {name: place for place in PLACES for name in (place.name, *place.aliases)}
BY_KEY: Final = {place.key: place for place in PLACES if place.key}


def load_screens() -> None:
    """All of them: done when there is time, so that none waits when it is opened."""
    for place in PLACES:
        if isinstance(place.make, Late):
            place.make.load()
