"""What the admin API can be asked, as values: a screen says which of these it shows, a source brings them, the model keeps them."""

from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar
from urllib.parse import quote

from gateway.wire.actions import MeView
from gateway.wire.changes import IncidentListView, RevisionDetailView, RevisionDiffView, RevisionListView
from gateway.wire.history import HistoryView, SeriesKind
from gateway.wire.live import InFlightListView, UnmatchedListView
from gateway.wire.logs import LogListView
from gateway.wire.slo import ObjectiveListView
from gateway.wire.upstream_views import UpstreamListView, UpstreamView
from gateway.wire.views import ConfigView, ExchangeListView, RouteListView, RouteView, StatusView

V_co = TypeVar("V_co", covariant=True)

API: Final = "/api/v1"
ONCE: Final = 0.0
"""Asked for when a screen first wants it, and again when the operator says so."""


@dataclass(frozen=True, slots=True)
class Reading(Generic[V_co]):
    """One GET of the admin API. Two are the same if path and query are. `every_s`: how often it is to be asked for again."""

    path: str
    view: type[V_co] = field(compare=False)
    query: tuple[tuple[str, str], ...] = ()
    every_s: float = field(default=1.0, compare=False)
    is_aside: bool = field(default=False, compare=False)
    """Answered by somebody else than the gateway: that it came says nothing about the gateway."""

    @property
    def target(self) -> str:
        """Path below the host, as requests and recordings name it, without the query."""
        return f"{API}/{self.path}"


AnyReading = Reading[Any]

STATUS: Final = Reading("status", StatusView)
ME: Final = Reading("me", MeView, every_s=30.0)
ROUTES: Final = Reading("routes", RouteListView)
UPSTREAMS: Final = Reading("upstreams", UpstreamListView)
REVISIONS: Final = Reading("revisions", RevisionListView, every_s=2.0)
INCIDENTS: Final = Reading("incidents", IncidentListView, (("limit", "500"),), every_s=2.0)
CONFIG: Final = Reading("config", ConfigView, every_s=ONCE)
OBJECTIVES: Final = Reading("slo", ObjectiveListView, every_s=2.0)
OBJECTIVES_NOW_AND_THEN: Final = Reading("slo", ObjectiveListView, every_s=30.0)
"""For the line at the top, where the screen itself does not ask for more: of 10,000 routes they take the gateway seconds."""
LOGS: Final = Reading("logs", LogListView, (("limit", "1000"),), every_s=60.0)
"""What was said before a console was opened, and how much is not remembered; the stream tells the rest."""
UNMATCHED: Final = Reading("unmatched", UnmatchedListView, every_s=2.0)


def status(window_s: int | None = None, at_s: int | None = None) -> Reading[StatusView]:
    """As of all readings with a window: its length, and when it ends; None for the gateway's own and for now."""
    return Reading("status", StatusView, _look(window_s, at_s))


def routes(window_s: int | None = None, at_s: int | None = None) -> Reading[RouteListView]:
    return Reading("routes", RouteListView, _look(window_s, at_s))


def upstreams(window_s: int | None = None, at_s: int | None = None) -> Reading[UpstreamListView]:
    return Reading("upstreams", UpstreamListView, _look(window_s, at_s))


def route(name: str, window_s: int | None = None, at_s: int | None = None) -> Reading[RouteView]:
    return Reading(f"routes/{quote(name, safe='')}", RouteView, _look(window_s, at_s))


def upstream(name: str, window_s: int | None = None, at_s: int | None = None) -> Reading[UpstreamView]:
    return Reading(f"upstreams/{quote(name, safe='')}", UpstreamView, _look(window_s, at_s))


def in_flight(expression: str = "", limit: int = 200) -> Reading[InFlightListView]:
    return Reading("inflight", InFlightListView, _query(filter=expression, limit=str(limit)))


def exchanges(expression: str = "", limit: int = 100, every_s: float = 2.0) -> Reading[ExchangeListView]:
    """Recent ones, newest first."""
    return Reading("exchanges", ExchangeListView, _query(filter=expression, limit=str(limit)), every_s)


def exchange(wanted_id: str) -> Reading[ExchangeListView]:
    """All lines of a request id or a trace id."""
    return Reading(f"exchanges/{quote(wanted_id, safe='')}", ExchangeListView, every_s=ONCE)


def history(
    kind: SeriesKind, name: str, window: str = "5m", step: str = "", end: str = "", every_s: float = 2.0
) -> Reading[HistoryView]:
    """window, step: durations such as `5m`; end: Unix seconds, or now."""
    return Reading("history", HistoryView, _query(kind=kind, name=name, window=window, step=step, end=end), every_s)


GATEWAY_PAST: Final = Reading("history", HistoryView, (("kind", "gateway"), ("window", "5m"), ("step", "1s")))
"""The seconds before a console was opened, as its ticks have them."""


def revision(reference: str) -> Reading[RevisionDetailView]:
    return Reading(f"revisions/{quote(reference, safe='')}", RevisionDetailView, every_s=5.0)


def difference(old: str, new: str) -> Reading[RevisionDiffView]:
    return Reading(f"revisions/{quote(old, safe='')}..{quote(new, safe='')}", RevisionDiffView, every_s=ONCE)


def _look(window_s: int | None, at_s: int | None) -> tuple[tuple[str, str], ...]:
    return _query(window=str(window_s or ""), at=str(at_s or ""))


def _query(**parameters: str) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in parameters.items() if value)
