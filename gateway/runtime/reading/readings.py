"""Routes and upstreams as they run, with their figures of the window that is looked at."""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Final

import msgspec

from gateway.model.clock import MILLISECOND_NS
from gateway.model.route import Route
from gateway.model.snapshot import Snapshot
from gateway.model.upstream import Upstream
from gateway.runtime.intake import WorkerLoad
from gateway.runtime.reading.protection import circuit_view, limit_views, spent_view
from gateway.runtime.reading.shared import Fresh, Shared, Slices, Steps
from gateway.runtime.traffic import Traffic, read_traffic
from gateway.runtime.views import checked_view, decided_view, pools_by_endpoint, route_view, upstream_view
from gateway.runtime.vitals.circuits import Circuits
from gateway.runtime.vitals.endpoint_states import EndpointStates
from gateway.runtime.vitals.weighing import NOT_CHECKED
from gateway.telemetry.history.figures import Figures
from gateway.telemetry.history.history import History
from gateway.telemetry.history.look import Look
from gateway.telemetry.history.points import time_text
from gateway.telemetry.store import MetricsStore
from gateway.wire.history import WindowData
from gateway.wire.report import PoolGauge
from gateway.wire.upstream_views import EndpointView, UpstreamListView, UpstreamView
from gateway.wire.views import ObjectiveView, RouteEndpointView, RouteListView, RouteView, TrafficView

_NO_TRAFFIC: Final = TrafficView()
_UNWATCHED_S: Final = 60.0
"""When nobody has looked for so long, what was remembered for them goes."""
_ENDPOINTS: Final = 200
_SHARED_WITH: Final = 50
"""The most that are told of one route."""


class Readings:
    """Used on the supervisor's loop. loads: by worker; snapshot: what runs, a new one makes everything stale; origins: the
    sequence under which each route came to be as it is."""

    def __init__(
        self,
        history: History,
        loads: Mapping[int, WorkerLoad],
        store: MetricsStore,
        endpoints: EndpointStates,
        snapshot: Callable[[], Snapshot],
        circuits: Circuits,
        origins: Callable[[], Mapping[str, int]],
    ) -> None:
        def sequence() -> int:
            return snapshot().sequence

        self._figures = Figures(history)
        self._loads = loads
        self._endpoints = endpoints
        self._circuits = circuits
        self._snapshot = snapshot
        self._origins = origins
        self._traffic = Fresh(lambda: read_traffic(store), sequence, Traffic())
        self._plain_routes = _Plain(snapshot)
        self._slices = Slices()
        self._routes = Shared(self._route_views, sequence, self._slices)
        self._upstreams = Shared(self._upstream_views, lambda: (sequence(), endpoints.overrides.version), self._slices)
        self._forgetting: asyncio.TimerHandle | None = None

    @property
    def figures(self) -> Figures:
        """For a look by somebody who will be back within a minute, or not at all."""
        if self._forgetting is not None:
            self._forgetting.cancel()
        self._forgetting = asyncio.get_running_loop().call_later(_UNWATCHED_S, self._forget)
        return self._figures

    def _forget(self) -> None:
        self._figures.forget()
        self._routes.forget()
        self._upstreams.forget()

    async def routes(self, look: Look) -> RouteListView:
        await self._traffic.get()
        return await self._routes.get(look)

    async def upstreams(self, look: Look) -> UpstreamListView:
        await self._traffic.get()
        return await self._upstreams.get(look)

    async def route(self, name: str, look: Look) -> RouteView | None:
        """With where its time went, and its endpoints. None if there is no such route."""
        route = next((route for route in self._snapshot().routes if route.name == name), None)
        if route is None:
            return None
        await self._traffic.get()
        return await self._slices.make(self._route_detail(route, look))

    async def upstream(self, name: str, look: Look) -> UpstreamView | None:
        upstream = next((upstream for upstream in self._snapshot().upstreams if upstream.name == name), None)
        if upstream is None:
            return None
        await self._traffic.get()
        return await self._slices.make(self._upstream_view(upstream, look, pools_by_endpoint(self._loads.values())))

    def _route_views(self, look: Look) -> Steps[RouteListView]:
        traffic, snapshot = self._traffic.newest.routes, self._snapshot()
        figures, origins, views = self.figures, self._origins(), []
        for route in snapshot.routes:
            view = self._route_view(route, look, traffic, figures)
            views.append(msgspec.structs.replace(view, changed_in=origins.get(route.name, 0)))
            yield
        return RouteListView(revision=snapshot.revision, routes=views, window_s=look.window_s, at=at_text(look))

    def _route_view(self, route: Route, look: Look, traffic: dict[str, TrafficView], figures: Figures) -> RouteView:
        view, metrics = self._plain_routes.get(route), self._snapshot().telemetry.metrics
        if view.retries is not None:
            retries = spent_view(view.retries, route.name, self._loads.values())
            view = msgspec.structs.replace(view, retries=retries)
        if not metrics.enabled or route.index >= metrics.max_routes:
            return msgspec.structs.replace(view, is_counted=False)
        found = figures.of(("route", route.name), look)
        return msgspec.structs.replace(
            view,
            traffic=traffic.get(route.name, _NO_TRAFFIC),
            recent=found.recent,
            previous=found.previous,
            spark=found.spark,
        )

    def _route_detail(self, route: Route, look: Look) -> Steps[RouteView]:
        snapshot = self._snapshot()
        view = self._route_view(route, look, self._traffic.newest.routes, self.figures)
        yield
        names = {share.upstream for share in route.upstreams}
        totals = []
        for name in names:
            totals.append(self.figures.total(("upstream", name), look))
            yield
        endpoints = []
        for name, address in _addresses(snapshot, names)[:_ENDPOINTS]:
            endpoints.append(self._route_endpoint(name, address, look))
            yield
        return msgspec.structs.replace(
            view,
            changed_in=self._origins().get(route.name, 0),
            phases=_mean_phases(totals),
            endpoints=endpoints,
            shared_with=_sharing(snapshot, route, names),
        )

    def _route_endpoint(self, upstream: str, address: str, look: Look) -> RouteEndpointView:
        found = self.figures.of(("endpoint", f"{upstream}/{address}"), look)
        return RouteEndpointView(
            upstream=upstream,
            address=address,
            state=self._endpoints.of(upstream, address).state,
            recent=found.recent,
            previous=found.previous,
            spark=found.spark,
        )

    def _upstream_views(self, look: Look) -> Steps[UpstreamListView]:
        pools, snapshot = pools_by_endpoint(self._loads.values()), self._snapshot()
        views: list[UpstreamView] = []
        for upstream in snapshot.upstreams:
            view = yield from self._upstream_view(upstream, look, pools)
            views.append(view)
        return UpstreamListView(revision=snapshot.revision, upstreams=views, window_s=look.window_s, at=at_text(look))

    def _upstream_view(
        self, upstream: Upstream, look: Look, pools: dict[tuple[str, str], list[PoolGauge]]
    ) -> Steps[UpstreamView]:
        view = upstream_view(upstream, self._endpoints.addresses)
        endpoints = []
        for endpoint in view.endpoints:
            place = (upstream.name, endpoint.address)
            found = self.figures.of(("endpoint", "/".join(place)), look)
            endpoints.append(
                msgspec.structs.replace(
                    _with_load(self._decided(endpoint, place), self._traffic.newest, place, pools.get(place, ())),
                    recent=found.recent,
                    previous=found.previous,
                    spark=found.spark,
                )
            )
            yield
        found, group = self.figures.of(("upstream", upstream.name), look), self._endpoints.group(upstream.name)
        yield
        here = [pool for endpoint in view.endpoints for pool in pools.get((upstream.name, endpoint.address), ())]
        return msgspec.structs.replace(
            view,
            endpoints=endpoints,
            recent=found.recent,
            previous=found.previous,
            spark=found.spark,
            panic=group is not None and group.is_in_panic,
            circuit=circuit_view(self._circuits.of(upstream.name)),
            limits=limit_views(upstream, here, self._loads.values()),
        )

    def _decided(self, endpoint: EndpointView, place: tuple[str, str]) -> EndpointView:
        known, status = self._endpoints.known_of(place), self._endpoints.of(*place)
        if known is None and endpoint.checks:
            status = NOT_CHECKED  # The gateway has only begun.
        view = decided_view(endpoint, status, self._endpoints.overrides.of(place))
        return view if known is None else checked_view(view, known, time.monotonic())


class _Plain:
    """What of the view of a route does not change while a snapshot runs."""

    def __init__(self, snapshot: Callable[[], Snapshot]) -> None:
        self._snapshot = snapshot
        self._of: Snapshot | None = None
        self._views: dict[str, tuple[Route, RouteView]] = {}

    def get(self, route: Route) -> RouteView:
        if self._of is not self._snapshot():
            self._of, self._views = self._snapshot(), {}
        found = self._views.get(route.name)
        # A list that was begun before the snapshot changed goes on with the routes of that one.
        if found is None or found[0] is not route:
            found = route, msgspec.structs.replace(route_view(route), slo=_objective(route))
            self._views[route.name] = found
        return found[1]


def at_text(look: Look) -> str | None:
    """When the window ended, if that was asked for."""
    return None if look.at_s is None else time_text(look.at_s)


def _objective(route: Route) -> ObjectiveView | None:
    slo = route.slo
    if slo is None:
        return None
    return ObjectiveView(
        availability=slo.availability_ratio,
        latency_target=slo.latency.target_ratio if slo.latency else None,
        latency_under_ms=slo.latency.under_ns / MILLISECOND_NS if slo.latency else None,
    )


def _addresses(snapshot: Snapshot, upstreams: set[str]) -> list[tuple[str, str]]:
    chosen = (upstream for upstream in snapshot.upstreams if upstream.name in upstreams)
    return [(upstream.name, endpoint.address) for upstream in chosen for endpoint in upstream.endpoints]


def _sharing(snapshot: Snapshot, route: Route, upstreams: set[str]) -> list[str]:
    sharing = (
        other.name
        for other in snapshot.routes
        if other is not route and any(share.upstream in upstreams for share in other.upstreams)
    )
    return [name for _, name in zip(range(_SHARED_WITH), sharing, strict=False)]


def _mean_phases(totals: Iterable[WindowData]) -> dict[str, float]:
    """Milliseconds a request of these upstreams spent in each phase, over all its attempts."""
    total = WindowData()
    for each in totals:
        total.add(each)
    if not total.exchanges:
        return {}
    return {phase: round(ns / total.exchanges / MILLISECOND_NS, 4) for phase, ns in total.phases_ns.items()}


def _with_load(
    endpoint: EndpointView, traffic: Traffic, place: tuple[str, str], pools: Iterable[PoolGauge]
) -> EndpointView:
    totals = traffic.endpoints.get(place)
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
