"""An admin API over a gateway that only exists as prepared views, and blocking calls to it."""

import io
import json
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, Final, Self

import aiohttp
import msgspec
import uvloop
from multidict import CIMultiDictProxy

from gateway.admin import examples
from gateway.admin.access import AccessRules
from gateway.admin.acting import examples as acting_examples
from gateway.admin.changes import examples as change_examples
from gateway.admin.live import examples as live_examples
from gateway.admin.server import AdminServer
from gateway.admin.state import ConfigFormat, EditableKind, Expected, TooManyFollowers, Wanted
from gateway.telemetry.history.history import History
from gateway.telemetry.history.look import Look
from gateway.telemetry.log_ring import LogRing
from gateway.wire.actions import EndpointAction, EndpointActionRequest, EndpointEffectView, ObjectTextView, UpgradeView
from gateway.wire.changes import IncidentListView, RevisionDetailView, RevisionDiffView, RevisionListView
from gateway.wire.explain import ExplainRequest, ExplanationView
from gateway.wire.filter import Expression, compile_filter, render
from gateway.wire.live import InFlightListView, UnmatchedListView, decode_line
from gateway.wire.slo import ObjectiveListView
from gateway.wire.upstream_views import UpstreamListView, UpstreamView
from gateway.wire.views import ApplyResult, ConfigView, ExchangeListView, RouteListView, RouteView, StatusView
from tests.support.loop_thread import LoopThread

REVISIONS: Final = frozenset({"3f2a9c0d81be", "2", "3", "running", "previous"})


class PreparedChanges:
    """A ChangesState that answers with the examples and notes what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[int | None, Collection[str], int]] = []
        self.windows: list[float] = []
        self.rolled_back: list[tuple[str, int | None, bool, str]] = []
        self.roll_back_result: ApplyResult = examples.APPLIED

    def incidents(self, after: int | None, kinds: Collection[str], limit: int) -> IncidentListView:
        self.asked.append((after, kinds, limit))
        return change_examples.INCIDENTS

    def revisions(self) -> RevisionListView:
        return change_examples.REVISIONS

    async def revision(self, reference: str, window_s: float) -> RevisionDetailView | None:
        self.windows.append(window_s)
        return change_examples.REVISION if reference in REVISIONS else None

    async def difference(self, old: str, new: str) -> RevisionDiffView | None:
        return change_examples.DIFFERENCE if {old, new} <= REVISIONS else None

    async def roll_back(
        self, reference: str, *, if_match: int | None, dry_run: bool, actor: str, reason: str
    ) -> ApplyResult | None:
        self.rolled_back.append((reference, if_match, dry_run, actor))
        return self.roll_back_result if reference in REVISIONS else None


@dataclass(frozen=True, slots=True)
class Acted:
    """What was asked of an endpoint."""

    key: tuple[str, str]
    action: EndpointAction
    wanted: EndpointActionRequest
    expected: Expected | None
    dry_run: bool
    actor: str


@dataclass
class PreparedActions:
    """An ActionsState that answers with the examples and notes what it was asked to do; it plays all its parts."""

    acted: list[Acted] = field(default_factory=list)
    replaced: list[tuple[str, str, str, int | None, bool, str, str]] = field(default_factory=list)
    upgraded: list[tuple[str, str]] = field(default_factory=list)
    verdict: Exception | None = None

    @property
    def endpoints(self) -> Self:
        return self

    @property
    def objects(self) -> Self:
        return self

    @property
    def upgrades(self) -> Self:
        return self

    def begin(self, actor: str, reason: str) -> UpgradeView:
        self.upgraded.append((actor, reason))
        if self.verdict is not None:
            raise self.verdict
        return acting_examples.UPGRADE

    def act(
        self,
        key: tuple[str, str],
        action: EndpointAction,
        wanted: EndpointActionRequest,
        *,
        expected: Expected | None,
        dry_run: bool,
        actor: str,
    ) -> EndpointEffectView | None:
        self.acted.append(Acted(key, action, wanted, expected, dry_run, actor))
        if self.verdict is not None:
            raise self.verdict
        return acting_examples.EFFECT if key[0] == "orders" else None

    async def read(self, kind: EditableKind, name: str) -> ObjectTextView | None:
        if self.verdict is not None:
            raise self.verdict
        return acting_examples.OBJECT if name == "orders" else None

    async def replace(
        self, kind: EditableKind, name: str, text: str, *, if_match: int | None, dry_run: bool, actor: str, reason: str
    ) -> ApplyResult | None:
        self.replaced.append((kind, name, text, if_match, dry_run, actor, reason))
        if self.verdict is not None:
            raise self.verdict
        return examples.APPLIED if name == "orders" else None


@dataclass
class PreparedFollowing:
    """A Following that has these events to tell, and then no more."""

    events: list[bytes]
    has_ended: bool = False

    @property
    def is_closed(self) -> bool:
        return not self.events

    async def read(self, _wait_s: float) -> bytes:
        return self.events.pop(0) if self.events else b""

    def end(self) -> None:
        self.has_ended = True


@dataclass
class PreparedLive:
    """A LiveState that has these lines, newest first, and notes what it was asked."""

    lines: list[bytes] = field(default_factory=list)
    asked: list[tuple[str, int, str]] = field(default_factory=list)
    events: list[bytes] = field(default_factory=list)
    followed: list[Wanted] = field(default_factory=list)
    followings: list[PreparedFollowing] = field(default_factory=list)

    def exchanges(self, wanted: Expression, limit: int, before: str) -> ExchangeListView:
        if before == "nonsense":
            raise ValueError(before)
        self.asked.append((render(wanted), limit, before))
        predicate = compile_filter(wanted)
        chosen = [msgspec.Raw(line) for line in self.lines if predicate(decode_line(line))]
        return ExchangeListView(exchanges=chosen[:limit], filter=render(wanted), scanned=len(self.lines))

    def exchange(self, wanted_id: str) -> ExchangeListView:
        if wanted_id == live_examples.EXAMPLE_ID:
            return live_examples.EXCHANGE
        chosen = [msgspec.Raw(line) for line in self.lines if decode_line(line).request_id == wanted_id]
        return ExchangeListView(exchanges=chosen, scanned=len(self.lines))

    def in_flight(self, wanted: Expression, limit: int) -> InFlightListView:
        return msgspec.structs.replace(live_examples.IN_FLIGHT, filter=render(wanted))

    @property
    def topics(self) -> tuple[str, ...]:
        return ("exchanges", "status")

    def follow(self, wanted: Wanted) -> PreparedFollowing:
        if wanted.rate == 999:
            raise TooManyFollowers
        self.followed.append(wanted)
        following = PreparedFollowing(list(self.events))
        self.followings.append(following)
        return following

    def unmatched(self, limit: int) -> UnmatchedListView:
        return msgspec.structs.replace(live_examples.UNMATCHED, paths=live_examples.UNMATCHED.paths[:limit])


@dataclass
class PreparedState:
    """A GatewayState that answers with the examples and notes what it was asked to apply."""

    not_ready: list[str] = field(default_factory=list)
    apply_result: ApplyResult = examples.APPLIED
    applied: list[tuple[str, ConfigFormat, int | None, bool, str]] = field(default_factory=list)
    metrics: tuple[bytes, str] | None = (b"up 1.0\n", "text/plain; version=0.0.4; charset=utf-8")
    explain_error: Exception | None = None
    changes: PreparedChanges = field(default_factory=PreparedChanges)
    live: PreparedLive = field(default_factory=PreparedLive)
    actions: PreparedActions = field(default_factory=PreparedActions)
    history: History = field(default_factory=History)
    logs: LogRing = field(default_factory=LogRing)
    looks: list[Look] = field(default_factory=list)

    async def status_of(self, look: Look) -> StatusView:
        self.looks.append(look)
        return examples.STATUS

    def is_ready(self) -> tuple[bool, list[str]]:
        return not self.not_ready, self.not_ready

    async def routes(self, look: Look) -> RouteListView:
        self.looks.append(look)
        return examples.ROUTES

    async def route(self, name: str, look: Look) -> RouteView | None:
        return examples.ROUTE if name in {"orders", "a/b"} else None

    async def upstreams(self, look: Look) -> UpstreamListView:
        self.looks.append(look)
        return examples.UPSTREAMS

    async def upstream(self, name: str, look: Look) -> UpstreamView | None:
        return examples.UPSTREAM if name == "orders" else None

    async def objectives(self) -> ObjectiveListView:
        return examples.OBJECTIVES

    def config(self) -> ConfigView:
        return examples.CONFIG

    async def explain(self, request: ExplainRequest) -> ExplanationView:
        if self.explain_error is not None:
            raise self.explain_error
        return examples.EXPLANATION

    async def render_metrics(self, accept: str) -> tuple[bytes, str] | None:
        return self.metrics

    async def apply(
        self, text: str, content_format: ConfigFormat, *, if_match: int | None, dry_run: bool, actor: str, reason: str
    ) -> ApplyResult:
        self.applied.append((text, content_format, if_match, dry_run, actor))
        return self.apply_result


@dataclass(frozen=True)
class Reply:
    status: int
    headers: CIMultiDictProxy[str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    def header(self, name: str) -> str | None:
        return self.headers.get(name)


class AdminApi:
    """A running AdminServer and a client of it."""

    def __init__(self, state: PreparedState, access: AccessRules) -> None:
        self.state = state
        self._thread = LoopThread("admin", uvloop.new_event_loop)
        self._server = AdminServer(state, access, "127.0.0.1", 0)
        self._thread.run(self._server.start())
        self.port = self._server.port

    def call(
        self, method: str, path: str, *, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> Reply:
        return self._thread.run(self._call(method, path, body, headers or {}))

    def close(self) -> None:
        self._thread.run(self._server.close())
        errors = self._thread.take_errors()
        self._thread.stop()
        assert errors == []

    async def _call(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Reply:
        url = f"http://127.0.0.1:{self.port}{path}"
        async with (
            aiohttp.ClientSession(skip_auto_headers=["Content-Type"]) as session,
            session.request(
                method, url, data=None if body is None else io.BytesIO(body), headers=headers, allow_redirects=False
            ) as response,
        ):
            return Reply(response.status, response.headers, await response.read())
