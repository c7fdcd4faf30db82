"""Situations of a gateway as a console hears of them: said in a few words, told as the messages that the admin API would send."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec

from console.state import reading
from console.state.health.endpoints import FAILED_LATELY
from console.state.health.route_trouble import SLOW_LATELY
from console.state.messages import Answered, Event, Message
from console.state.model import Model
from console.state.reading import AnyReading
from gateway.wire.changes import IncidentListView, IncidentView, RevisionListView, RevisionView
from gateway.wire.history import (
    FailureView,
    HistoryPointView,
    HistoryTickView,
    HistoryView,
    RecentView,
    SeriesKind,
    SeriesPointView,
)
from gateway.wire.upstream_views import EndpointView, UpstreamListView, UpstreamView
from gateway.wire.views import (
    ExchangeListView,
    LastChangeView,
    ListenerView,
    MatchView,
    ObjectiveView,
    PlaceView,
    RouteListView,
    RouteView,
    ShareView,
    StatusView,
    WorkerView,
)
from tests.support.console import NOW_S


def at(seconds_ago: float) -> str:
    """An RFC 3339 time before the moment all situations are looked at."""
    return datetime.fromtimestamp(NOW_S - seconds_ago, UTC).isoformat().replace("+00:00", "Z")


def figures(rate: float = 10.0, errors: float = 0.0, p99_ms: float | None = 20.0, **more: Any) -> RecentView:
    """Of the last minute; the other percentiles follow from p99."""
    if p99_ms is None:
        return RecentView(seconds=60, rate=rate, error_ratio=errors if rate else None, **more)
    told = {"p50_ms": p99_ms / 10, "p95_ms": p99_ms / 2, "p99_ms": p99_ms, "p999_ms": p99_ms * 1.5}
    return RecentView(seconds=60, rate=rate, error_ratio=errors, requests=round(rate * 60), **(told | more))


def route(name: str, recent: RecentView | None = None, upstream: str = "up", **more: Any) -> RouteView:
    return RouteView(
        name=name, index=0, priority=0, place=PlaceView(file="gateway.yaml", line=7), match=MatchView(path_kind="any"),
        action="forward", upstreams=[ShareView(upstream=upstream, weight=1)] if upstream else [],
        request_timeout_ms=None, first_byte_timeout_ms=15_000.0, upstream_idle_timeout_ms=60_000.0,
        recent=recent or figures(), **more,
    )  # fmt: skip


def promised(availability: float = 0.999, under_ms: float | None = None, target: float = 0.99) -> ObjectiveView:
    latency = target if under_ms is not None else None
    return ObjectiveView(availability=availability, latency_target=latency, latency_under_ms=under_ms)


def endpoint(address: str, recent: RecentView | None = None, **more: Any) -> EndpointView:
    return EndpointView(address=address, recent=recent or figures(), **({"weight": 1} | more))


def upstream(name: str, *endpoints: EndpointView, **more: Any) -> UpstreamView:
    return UpstreamView(
        name=name, balance="round_robin", hash_on=None, max_connections=256, max_pending=512, connect_timeout_ms=1000.0,
        idle_timeout_ms=30_000.0, endpoints=list(endpoints), **more,
    )  # fmt: skip


def worker(index: int = 1, **more: Any) -> WorkerView:
    return WorkerView(index=index, pid=100 + index, revision="a1b2c3d4e5f6", **({"state": "serving"} | more))


def status(**more: Any) -> StatusView:
    told: dict[str, Any] = {
        "version": "0.1.0", "service_name": "sightline", "pid": 7, "started_at": at(3600), "uptime_s": 3600.0,
        "revision": "a1b2c3d4e5f6", "sequence": 412, "source": "file:gateway.yaml", "ready": True, "not_ready_because": [],
        "draining": False, "workers": [worker(1), worker(2)], "recent": figures(100.0, 0.0, 12.0),
        "listeners": [ListenerView(name="public", address="127.0.0.1:8443")],
        "last_change": LastChangeView(revision="a1b2c3d4e5f6", sequence=412, age_s=120.0, trigger="file"),
    }  # fmt: skip
    return StatusView(**(told | more))


def line(route_name: str, seconds_ago: float = 5.0, **more: Any) -> dict[str, Any]:
    """A kept exchange: an access line, taken apart."""
    told: dict[str, Any] = {
        "@timestamp": at(seconds_ago), "request_id": f"r{seconds_ago}", "route": route_name, "upstream": "up",
        "http.request.method": "GET", "http.response.status_code": 200, "url.path": "/", "source": "upstream", "reason": "none",
        "duration_ms": 10.0,
    }  # fmt: skip
    return told | more


def failed(route_name: str, address: str, reason: str, status: int = 502, **more: Any) -> dict[str, Any]:
    attempt = {"endpoint": address, "status": 0 if status == 502 else status, "reason": reason, "ms": 1.0}
    return line(
        route_name, reason=reason, endpoint=address, attempts=[attempt], **{"http.response.status_code": status}, **more
    )


def slow(route_name: str, address: str, ms: float = 800.0, **phases: float) -> dict[str, Any]:
    told = phases or {"ttfb_ms": ms * 0.93, "transfer_ms": ms * 0.05}
    attempt = {"endpoint": address, "status": 200, "ttfb_ms": told.get("ttfb_ms", 0.0), "ms": ms}
    return line(route_name, endpoint=address, duration_ms=ms, phases=told, attempts=[attempt])


def revision(sequence: int, seconds_ago: float, actor: str = "", **more: Any) -> RevisionView:
    return RevisionView(
        sequence=sequence, revision=f"{sequence:012x}", applied_at=at(seconds_ago), trigger="api" if actor else "file",
        actor=actor, source="file:gateway.yaml", text_bytes=100, **more,
    )  # fmt: skip


def incident(number: int, kind: str, subject: str, seconds_ago: float, text: str = "", **more: Any) -> IncidentView:
    return msgspec.convert(
        {"id": number, "at": at(seconds_ago), "kind": kind, "subject": subject, "text": text or kind, **more},
        IncidentView,
    )


def second(
    seconds_ago: int, series: Mapping[tuple[SeriesKind, str], tuple[int, int]], reason: str = "upstream_status"
) -> Event:
    """A tick. series: requests and errors of each."""
    told = [
        SeriesPointView(
            kind=kind, name=name,
            point=HistoryPointView(
                at=at(seconds_ago), seconds=1, requests=requests, rate=float(requests), errors=errors,
                error_ratio=errors / requests if requests else None, p99_ms=10.0,
                failures=[FailureView(source="upstream", reason=reason, count=errors)] if errors else [],
            ),
        )
        for (kind, name), (requests, errors) in series.items()
    ]  # fmt: skip
    return Event("history", msgspec.json.encode(HistoryTickView(at=at(seconds_ago), series=told)).decode())


def course(
    kind: SeriesKind, name: str, values: Sequence[tuple[float | None, float | None]], step_s: int = 10
) -> HistoryView:
    """values: p99 and error ratio of each step; the last ends now."""
    starts = [(len(values) - position) * step_s for position in range(len(values))]
    points = [
        HistoryPointView(at=at(start), seconds=step_s, requests=100, rate=100 / step_s, errors=round((ratio or 0.0) * 100),
                         error_ratio=ratio, p99_ms=p99_ms)
        for start, (p99_ms, ratio) in zip(starts, values, strict=True)
    ]  # fmt: skip
    begin = at(len(values) * step_s)
    return HistoryView(
        kind=kind, name=name, start=begin, end=at(0), step_s=step_s, resolution_s=step_s, complete_since=begin,
        is_complete=True, total=points[-1], points=points,
    )  # fmt: skip


@dataclass
class Situation:
    """What is the case, as the last minute has it. `seconds` are ticks, `more` answers to other readings."""

    routes: Sequence[RouteView] = ()
    upstreams: Sequence[UpstreamView] = ()
    status: StatusView = field(default_factory=status)
    failed: Sequence[dict[str, Any]] = ()
    slow: Sequence[dict[str, Any]] = ()
    incidents: Sequence[IncidentView] = ()
    revisions: Sequence[RevisionView] = ()
    seconds: Sequence[Event] = ()
    more: Mapping[AnyReading, Any] = field(default_factory=dict)

    def messages(self) -> list[Message]:
        routes = RouteListView(revision="a", routes=list(self.routes))
        upstreams = UpstreamListView(revision="a", upstreams=list(self.upstreams))
        told: list[tuple[AnyReading, Any]] = [
            (reading.STATUS, self.status), (reading.status(300), self.status), (reading.ROUTES, routes),
            (reading.routes(300), routes), (reading.UPSTREAMS, upstreams), (reading.upstreams(300), upstreams),
            (FAILED_LATELY, exchanges(self.failed)), (SLOW_LATELY, exchanges(self.slow)),
            (reading.INCIDENTS, IncidentListView(incidents=list(self.incidents), last_id=len(self.incidents))),
            (reading.REVISIONS, RevisionListView(revisions=list(self.revisions))),
            *self.more.items(),
        ]  # fmt: skip
        return [*self.seconds, *(Answered(each, view) for each, view in told)]

    def model(self) -> Model:
        model = Model()
        model.now_s = NOW_S
        for message in self.messages():
            model.take(message)
        return model


def exchanges(lines: Iterable[dict[str, Any]]) -> ExchangeListView:
    """Newest first, as the gateway answers."""
    return ExchangeListView(exchanges=[msgspec.Raw(msgspec.json.encode(each)) for each in lines])
