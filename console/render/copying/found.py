"""What is known of what is selected: the view of it, wherever in the model it is."""

from collections.abc import Callable, Iterable
from typing import Any, Final, TypeVar

from console.state import reading
from console.state.alerting.alerts import ALERTS, Alert
from console.state.changing.offers import endpoint_of
from console.state.health.looking import route_seen, upstreams_seen
from console.state.model import Model
from console.state.selection import Selection, SelectionKind
from console.state.traffic.traces import lines_of
from gateway.wire.changes import IncidentView, RevisionDetailView, RevisionView
from gateway.wire.live import AccessLine, InFlightListView, InFlightView, UnmatchedView
from gateway.wire.logs import LogRecordView
from gateway.wire.slo import ObjectiveStateView
from gateway.wire.upstream_views import EndpointView, UpstreamView
from gateway.wire.views import ExchangeListView, RouteView, StatusView, WorkerView

T = TypeVar("T")


def exchange_of(selection: Selection, model: Model) -> AccessLine | InFlightView | None:
    """As the gateway keeps it, as the tail brought it, or as it runs."""
    wanted = selection.request_id
    kept = [answer.view for _, answer in model.answers() if isinstance(answer.view, ExchangeListView)]
    lines = (line for view in reversed(kept) for line in lines_of(view.exchanges))
    running = model.latest(InFlightListView)
    return (
        _first(lines, lambda line: line.request_id == wanted)
        or _first((row.line for row in reversed(model.tail.rows)), lambda line: line.request_id == wanted)
        or _first(running.exchanges if running is not None else (), lambda each: each.request_id == wanted)
    )


def route_of(selection: Selection, model: Model) -> RouteView | None:
    return route_seen(model, selection.route or selection.name)


def upstream_of(selection: Selection, model: Model) -> UpstreamView | None:
    view = upstreams_seen(model)
    return _first(view.upstreams if view is not None else (), lambda each: each.name == selection.name)


def endpoint_at(selection: Selection, model: Model) -> EndpointView | None:
    return endpoint_of(model, selection.upstream, selection.endpoint or selection.name)


def revision_of(selection: Selection, model: Model) -> RevisionView | None:
    view = model.view(reading.REVISIONS)
    return _first(view.revisions if view is not None else (), lambda each: str(each.sequence) == selection.name)


def revision_detail_of(selection: Selection, model: Model) -> RevisionDetailView | None:
    """With what it changed; not of every revision, because each has to be asked for."""
    return model.view(reading.revision(selection.name))


def incident_of(selection: Selection, model: Model) -> IncidentView | None:
    view = model.view(reading.INCIDENTS)
    known = [*model.incidents, *(view.incidents if view is not None else ())]
    return _first(known, lambda each: str(each.id) == selection.name)


def status_of(_selection: Selection, model: Model) -> StatusView | None:
    return model.status


def worker_of(selection: Selection, model: Model) -> WorkerView | None:
    workers = model.status.workers if model.status is not None else ()
    return _first(workers, lambda each: selection.name in {str(each.index), f"worker {each.index}"})


def objectives_of(selection: Selection, model: Model) -> list[ObjectiveStateView]:
    """Of its route: of availability, of latency, or both."""
    view = model.view(reading.OBJECTIVES)
    return [each for each in (view.objectives if view is not None else ()) if each.route == selection.route]


def alert_of(selection: Selection, model: Model) -> Alert | None:
    view = model.view(ALERTS)
    about = {name: value for name in ("route", "upstream", "endpoint") if (value := getattr(selection, name))}
    return _first(
        view.alerts if view is not None else (),
        lambda each: each.name == selection.name and about.items() <= each.labels.items(),
    )


def record_of(selection: Selection, model: Model) -> LogRecordView | None:
    rows = reversed(model.logs.rows)
    return _first((row.record for row in rows), lambda record: str(record.id) == selection.name)


def unmatched_of(selection: Selection, model: Model) -> UnmatchedView | None:
    view = model.view(reading.UNMATCHED)
    paths = view.paths if view is not None else ()
    return _first(paths, lambda each: f"http://{each.host}{each.path}" == selection.name)


def _first(things: Iterable[T], holds: Callable[[T], bool]) -> T | None:
    return next((each for each in things if holds(each)), None)


FINDERS: Final[dict[SelectionKind, Callable[[Selection, Model], Any]]] = {
    "route": route_of, "upstream": upstream_of, "endpoint": endpoint_at, "exchange": exchange_of, "revision": revision_of,
    "incident": incident_of, "node": status_of, "worker": worker_of, "objective": objectives_of, "alert": alert_of, "log": record_of,
    "unmatched": unmatched_of,
}  # fmt: skip
