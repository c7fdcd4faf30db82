"""The running gateway as the admin API sees it: every read is answered from what the supervisor already has."""

import asyncio
import os
import time
from datetime import UTC, datetime

import msgspec
import structlog

from gateway import __version__
from gateway.admin.state import ConfigFormat, NotKept
from gateway.config import explain_request
from gateway.model.listener import Listener
from gateway.model.snapshot import Snapshot
from gateway.runtime.actions.actions import Actions
from gateway.runtime.changes.changes import Changes
from gateway.runtime.fleet.fleet import Fleet
from gateway.runtime.intake import Intake
from gateway.runtime.listening import ListeningSockets
from gateway.runtime.reading.objectives import Objectives
from gateway.runtime.reading.readings import Readings, at_text
from gateway.runtime.reload import API_SOURCE, HandedIn, Reloads
from gateway.runtime.views import known_endpoints
from gateway.runtime.vitals.vitals import Vitals
from gateway.telemetry.exposition import Exposition
from gateway.telemetry.history.look import NOW, Look
from gateway.telemetry.history.shelf import GATEWAY
from gateway.wire.explain import ExplainRequest, ExplanationView
from gateway.wire.live import decode_line
from gateway.wire.slo import ObjectiveListView
from gateway.wire.upstream_views import UpstreamListView, UpstreamView
from gateway.wire.views import ApplyResult, ConfigView, ListenerView, RouteListView, RouteView, StatusView

_log = structlog.get_logger("sightline.admin")


class RunningGateway:
    """Implements gateway.admin.state.GatewayState. `is_draining` is set by the supervisor before anything else ends,
    `is_succeeded` where another program serves in this one's place: the gateway is ready then, whatever becomes of us."""

    def __init__(
        self,
        reloads: Reloads,
        fleet: Fleet,
        sockets: ListeningSockets,
        vitals: Vitals,
        intake: Intake,
        exposition: Exposition,
        changes: Changes,
        actions: Actions,
    ) -> None:
        self.is_draining = False
        self.is_succeeded = False
        self.changes = changes
        self.actions = actions
        self.live = intake.live
        self.history = intake.history
        self._reloads = reloads
        self._fleet = fleet
        self._sockets = sockets
        self.logs = vitals.logs
        self._standing = vitals.standing
        self._intake = intake
        self._exposition = exposition
        self._started_at = datetime.now(UTC)
        self._started_s = time.monotonic()
        self._readings = Readings(
            intake.history, intake.loads, intake.store, vitals.endpoints, lambda: self._snapshot, vitals.circuits,
            changes.origins.of_routes,
        )  # fmt: skip
        self._objectives = Objectives(intake.history, lambda: self._snapshot, self._sequence)
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
            workers=self._standing.workers(running.sequence),
            listeners=[self._listener_view(listener) for listener in snapshot.listeners],
            last_reload=self._reloads.last,
            routes=len(snapshot.routes),
            upstreams=len(snapshot.upstreams),
            recent=self.history.recent(GATEWAY),
            last_change=self.changes.last(),
            source_differs=self._reloads.source_differs,
            incidents_last_hour=self.changes.incident_counts(),
            node=self._standing.node,
            supervisor=self._standing.supervisor(),
        )

    def is_ready(self) -> tuple[bool, list[str]]:
        if self.is_succeeded:
            return True, []
        reasons = ["draining"] if self.is_draining else []
        current = self._reloads.running.sequence
        for seat in self._fleet.seats:
            if not seat.is_serving:
                reasons.append(f"worker {seat.index} is {seat.state.replace('_', ' ')}")
            elif seat.sequence < current:
                reasons.append(f"worker {seat.index} serves revision {seat.revision}")
        return not reasons, reasons

    async def status_of(self, look: Look) -> StatusView:
        figures = self._readings.figures
        found = figures.of(GATEWAY, look)
        return msgspec.structs.replace(
            self.status(),
            recent=found.recent,
            previous=found.previous,
            sparks=figures.sparks(GATEWAY, look),
            window_s=look.window_s,
            at=at_text(look),
        )

    async def routes(self, look: Look) -> RouteListView:
        return await self._readings.routes(look)

    async def route(self, name: str, look: Look) -> RouteView | None:
        return await self._readings.route(name, look)

    async def upstreams(self, look: Look) -> UpstreamListView:
        return await self._readings.upstreams(look)

    async def upstream(self, name: str, look: Look) -> UpstreamView | None:
        return await self._readings.upstream(name, look)

    async def objectives(self) -> ObjectiveListView:
        return await self._objectives.get()

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
            found = self.live.exchange(request.exchange)
            if not found.exchanges:
                told = ("no recent exchange has this request id or trace id", found.sampling)
                raise NotKept("; ".join(filter(None, told)))
            line = decode_line(bytes(found.exchanges[0]))
            if line.revision != configuration.snapshot.revision:
                configuration = await self.changes.configuration_of(line.revision) or configuration
        facts = known_endpoints((await self._readings.upstreams(NOW)).upstreams, self._intake.loads.values())
        # Thousands of routes take tens of milliseconds, which the loop has not.
        return await asyncio.to_thread(explain_request, configuration, request, facts, line)

    async def render_metrics(self, accept: str) -> tuple[bytes, str]:
        return await asyncio.to_thread(self._exposition.render, accept)

    async def apply(
        self, text: str, content_format: ConfigFormat, *, if_match: int | None, dry_run: bool, actor: str, reason: str
    ) -> ApplyResult:
        """content_format makes no difference: JSON is YAML."""
        handed = HandedIn(text, API_SOURCE, actor, reason=reason)
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

    def _listener_view(self, listener: Listener) -> ListenerView:
        group = self._sockets.groups.get(listener.name)
        return ListenerView(
            name=listener.name,
            address=group.address if group is not None else listener.address,
            connections=sum(load.connections_of(listener.name) for load in self._intake.loads.values()),
            connection_limit=listener.limits.connections,
        )
