"""The running gateway as the admin API sees it: every read is answered from what the supervisor already has."""

import asyncio
import os
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Final, Generic, TypeVar

import msgspec
import structlog

from gateway import __version__
from gateway.admin.state import ConfigFormat
from gateway.config import explain_request
from gateway.model.listener import Listener
from gateway.model.snapshot import Snapshot
from gateway.runtime.changes.changes import Changes
from gateway.runtime.fleet.fleet import Fleet
from gateway.runtime.fleet.seat import Seat
from gateway.runtime.intake import Intake, WorkerLoad
from gateway.runtime.listening import ListeningSockets
from gateway.runtime.reload import API_SOURCE, HandedIn, Reloads
from gateway.runtime.traffic import Traffic, read_traffic
from gateway.runtime.views import known_endpoints, pools_by_endpoint, route_view, upstream_view
from gateway.runtime.vitals.endpoint_states import EndpointStates
from gateway.telemetry.exposition import Exposition
from gateway.telemetry.history.shelf import GATEWAY
from gateway.telemetry.store import MetricsStore
from gateway.wire.explain import ExplainRequest, ExplanationView
from gateway.wire.live import decode_line
from gateway.wire.report import PoolGauge
from gateway.wire.views import (
    ApplyResult,
    ConfigView,
    EndpointView,
    ListenerView,
    RouteListView,
    RouteView,
    StatusView,
    TrafficView,
    UpstreamListView,
    UpstreamView,
    WorkerView,
)

_FRESH_S: Final = 1.0
_NO_TRAFFIC: Final = TrafficView()
_NO_LOAD: Final = WorkerLoad()

T = TypeVar("T")

_log = structlog.get_logger("sightline.admin")


class RunningGateway:
    """Implements gateway.admin.state.GatewayState. `is_draining` is set by the supervisor before anything else ends."""

    def __init__(
        self,
        reloads: Reloads,
        fleet: Fleet,
        sockets: ListeningSockets,
        endpoints: EndpointStates,
        intake: Intake,
        store: MetricsStore,
        exposition: Exposition,
        changes: Changes,
    ) -> None:
        self.is_draining = False
        self.changes = changes
        self.live = intake.live
        self.history = intake.history
        self._reloads = reloads
        self._fleet = fleet
        self._sockets = sockets
        self._endpoints = endpoints
        self._intake = intake
        self._exposition = exposition
        self._started_at = datetime.now(UTC)
        self._started_s = time.monotonic()
        self._traffic = _Fresh(lambda: read_traffic(store), self._sequence)
        self._routes = _Fresh(self._route_views, self._sequence)
        self._upstreams = _Fresh(self._upstream_views, self._sequence)
        self._config: ConfigView | None = None

    def status(self) -> StatusView:
        running, snapshot = self._reloads.running, self._snapshot
        is_ready, reasons = self.is_ready()
        return StatusView(
            version=__version__,
            service_name=snapshot.telemetry.service_name,
            pid=os.getpid(),
            started_at=self._started_at.isoformat(),
            uptime_s=round(time.monotonic() - self._started_s, 3),
            revision=running.revision,
            sequence=running.sequence,
            source=self._reloads.source,
            ready=is_ready,
            not_ready_because=reasons,
            draining=self.is_draining,
            workers=[self._worker_view(seat) for seat in self._fleet.seats],
            listeners=[self._listener_view(listener) for listener in snapshot.listeners],
            last_reload=self._reloads.last,
            routes=len(snapshot.routes),
            upstreams=len(snapshot.upstreams),
            recent=self.history.recent(GATEWAY),
            last_change=self.changes.last(),
            source_differs=self._reloads.source_differs,
            incidents_last_hour=self.changes.incident_counts(),
        )

    def is_ready(self) -> tuple[bool, list[str]]:
        reasons = ["draining"] if self.is_draining else []
        current = self._reloads.running.sequence
        for seat in self._fleet.seats:
            if not seat.is_serving:
                reasons.append(f"worker {seat.index} is {seat.state.replace('_', ' ')}")
            elif seat.sequence < current:
                reasons.append(f"worker {seat.index} serves revision {seat.revision}")
        return not reasons, reasons

    def routes(self) -> RouteListView:
        return RouteListView(revision=self._snapshot.revision, routes=list(self._routes.get().values()))

    def route(self, name: str) -> RouteView | None:
        return self._routes.get().get(name)

    def upstreams(self) -> UpstreamListView:
        return UpstreamListView(revision=self._snapshot.revision, upstreams=list(self._upstreams.get().values()))

    def upstream(self, name: str) -> UpstreamView | None:
        return self._upstreams.get().get(name)

    def config(self) -> ConfigView:
        running = self._reloads.running
        if self._config is None or self._config.sequence != running.sequence:
            self._config = ConfigView(
                revision=running.revision,
                sequence=running.sequence,
                source=self._reloads.source,
                config=msgspec.json.decode(running.configuration.canonical),
            )
        return self._config

    async def explain(self, request: ExplainRequest) -> ExplanationView:
        """A recorded exchange by the configuration it ran under, while that is remembered."""
        configuration, line = self._reloads.running.configuration, None
        if request.exchange:
            found = self.live.exchange(request.exchange).exchanges
            if not found:
                raise LookupError("no recent exchange has this request id or trace id")
            line = decode_line(bytes(found[0]))
            if line.revision != configuration.snapshot.revision:
                configuration = await self.changes.configuration_of(line.revision) or configuration
        facts = known_endpoints(self._upstreams.get(), self._intake.loads.values())
        # Thousands of routes take tens of milliseconds, which the loop has not.
        return await asyncio.to_thread(explain_request, configuration, request, facts, line)

    async def render_metrics(self, accept: str) -> tuple[bytes, str]:
        return await asyncio.to_thread(self._exposition.render, accept)

    async def apply(
        self, text: str, content_format: ConfigFormat, *, if_match: int | None, dry_run: bool, actor: str
    ) -> ApplyResult:
        """content_format makes no difference: JSON is YAML."""
        handed = HandedIn(text, API_SOURCE, actor)
        result = await self._reloads.apply(handed, if_match=if_match, dry_run=dry_run)
        _log.info(
            "config_apply", actor=actor, content_format=content_format, dry_run=dry_run, outcome=result.outcome,
            revision=result.revision, running_revision=result.running_revision,
        )  # fmt: skip
        return result

    def _sequence(self) -> int:
        return self._reloads.running.sequence

    @property
    def _snapshot(self) -> Snapshot:
        return self._reloads.running.configuration.snapshot

    def _worker_view(self, seat: Seat) -> WorkerView:
        load = self._intake.loads.get(seat.index, _NO_LOAD)
        return WorkerView(
            index=seat.index,
            pid=seat.pid,
            state=seat.state,
            revision=seat.revision,
            sequence=seat.sequence,
            restarts=seat.restarts,
            in_flight=load.in_flight,
            connections=load.connections,
        )

    def _listener_view(self, listener: Listener) -> ListenerView:
        group = self._sockets.groups.get(listener.name)
        return ListenerView(
            name=listener.name,
            address=group.address if group is not None else listener.address,
            connections=sum(load.connections_of(listener.name) for load in self._intake.loads.values()),
            connection_limit=listener.limits.connections,
        )

    def _route_views(self) -> dict[str, RouteView]:
        traffic, metrics = self._traffic.get().routes, self._snapshot.telemetry.metrics
        counted = metrics.max_routes if metrics.enabled else 0
        views = {route.name: route_view(route) for route in self._snapshot.routes}
        for name, view in views.items():
            if view.index >= counted:
                views[name] = msgspec.structs.replace(view, is_counted=False)
                continue
            views[name] = msgspec.structs.replace(
                view, traffic=traffic.get(name, _NO_TRAFFIC), recent=self.history.recent(("route", name))
            )
        return views

    def _upstream_views(self) -> dict[str, UpstreamView]:
        pools = pools_by_endpoint(self._intake.loads.values())
        views = {}
        for upstream in self._snapshot.upstreams:
            view = upstream_view(upstream, self._endpoints.addresses)
            endpoints = [
                msgspec.structs.replace(
                    _with_load(
                        endpoint, self._traffic.get(), upstream.name, pools.get((upstream.name, endpoint.address), ())
                    ),
                    state=self._endpoints.of(upstream.name, endpoint.address).state,
                    recent=self.history.recent(("endpoint", f"{upstream.name}/{endpoint.address}")),
                )
                for endpoint in view.endpoints
            ]
            views[upstream.name] = msgspec.structs.replace(
                view, endpoints=endpoints, recent=self.history.recent(("upstream", upstream.name))
            )
        return views


class _Fresh(Generic[T]):
    """A value made when it is asked for and kept for a second, or until what it is made from is another version."""

    def __init__(self, make: Callable[[], T], version: Callable[[], int]) -> None:
        self._make = make
        self._version = version
        self._made: tuple[int, float, T] | None = None

    def get(self) -> T:
        version, now_s = self._version(), time.monotonic()
        if self._made is None or self._made[0] != version or now_s >= self._made[1]:
            self._made = (version, now_s + _FRESH_S, self._make())
        return self._made[2]


def _with_load(endpoint: EndpointView, traffic: Traffic, upstream: str, pools: Iterable[PoolGauge]) -> EndpointView:
    totals = traffic.endpoints.get((upstream, endpoint.address))
    pools = list(pools)
    return msgspec.structs.replace(
        endpoint,
        in_flight=sum(pool.in_flight for pool in pools),
        pending=sum(pool.pending for pool in pools),
        connections_active=sum(pool.active for pool in pools),
        connections_idle=sum(pool.idle for pool in pools),
        requests=totals.requests if totals is not None else 0,
        failures=totals.failures if totals is not None else 0,
    )
