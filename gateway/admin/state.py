"""What the admin API needs of a running gateway: prepared reads, and the few actions it can ask for.

The supervisor implements this; the application knows nothing else of it. Reads answer from state that is already there
and never wait for a worker.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from gateway.telemetry.history.look import Look
from gateway.wire.actions import EndpointAction, EndpointActionRequest, EndpointEffectView, ObjectTextView, UpgradeView
from gateway.wire.changes import IncidentListView, RevisionDetailView, RevisionDiffView, RevisionListView
from gateway.wire.explain import ExplainRequest, ExplanationView
from gateway.wire.filter import Expression
from gateway.wire.history import HistoryView, SeriesKind
from gateway.wire.live import InFlightListView, UnmatchedListView
from gateway.wire.logs import LogListView
from gateway.wire.slo import ObjectiveListView
from gateway.wire.upstream_views import UpstreamListView, UpstreamView
from gateway.wire.views import ApplyResult, ConfigView, ExchangeListView, RouteListView, RouteView, StatusView

ConfigFormat: TypeAlias = Literal["json", "yaml"]
EditableKind: TypeAlias = Literal["route", "upstream"]


class ChangesState(Protocol):
    """What changed in a gateway."""

    def incidents(self, after: int | None, kinds: Collection[str], limit: int) -> IncidentListView:
        """The oldest `limit` after this id, or the newest there are; of these kinds and families, or of all."""
        ...

    def revisions(self) -> RevisionListView: ...

    async def revision(self, reference: str, window_s: float) -> RevisionDetailView | None:
        """A revision, a sequence, `running` or `previous`; compared over spans of at most `window_s`. None if there is
        none."""
        ...

    async def difference(self, old: str, new: str) -> RevisionDiffView | None:
        """Between two references; None if one of them leads to nothing."""
        ...

    async def roll_back(
        self, reference: str, *, if_match: int | None, dry_run: bool, actor: str, reason: str
    ) -> ApplyResult | None:
        """Run a revision again that has run before, as if it were handed in now. None if there is none."""
        ...


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wants to follow. rate: plain exchanges a second. last: how many recent ones to begin with.

    last_event_id: of an earlier connection, to go on from there; empty for none.
    """

    topics: tuple[str, ...]
    filter: Expression
    rate: int
    last: int = 0
    last_event_id: str = ""


class NotKept(Exception):  # noqa: N818 - the name says what is the case
    """An exchange that is not among the recent ones; `str()` is a sentence."""


class TooManyFollowers(Exception):  # noqa: N818 - the name says what is the case
    """Nobody else can follow for now."""


class Following(Protocol):
    """The stream as one follower gets it."""

    @property
    def is_closed(self) -> bool:
        """Whether nothing more comes than what can be read at once."""
        ...

    async def read(self, wait_s: float) -> bytes:
        """Server-sent events: all that waits; a comment where nothing comes for so long."""
        ...

    def end(self) -> None:
        """Whoever followed has gone."""
        ...


class LiveState(Protocol):
    """The traffic of a gateway as it happens. Filters have been parsed; `limit` is in bounds."""

    def exchanges(self, wanted: Expression, limit: int, before: str) -> ExchangeListView:
        """The newest that satisfy the filter. before: a `next` of an earlier answer, or empty; ValueError for another."""
        ...

    def exchange(self, wanted_id: str) -> ExchangeListView:
        """All that are kept of one request id or trace id."""
        ...

    def unmatched(self, limit: int) -> UnmatchedListView: ...

    def in_flight(self, wanted: Expression, limit: int) -> InFlightListView: ...

    @property
    def topics(self) -> tuple[str, ...]:
        """What can be followed."""
        ...

    def follow(self, wanted: Wanted) -> Following:
        """Raises TooManyFollowers. The topics are among those there are; whoever follows calls `end` in the end."""
        ...


class HistoryState(Protocol):
    """The recent past; keys are a kind and a name, times whole Unix seconds. See gateway.telemetry.history."""

    @property
    def now_s(self) -> int: ...

    def find(self, key: tuple[SeriesKind, str]) -> object | None:
        """Anything, if something is known of it."""
        ...

    def read(self, key: tuple[SeriesKind, str], start_s: int, end_s: int, step_s: int) -> HistoryView:
        """Raises ValueError with one sentence for a time or step that is not kept."""
        ...


@dataclass(frozen=True, slots=True)
class Expected:
    """What a caller believes is the case: the sequence of the configuration, and the version of what operators decided
    beside it, where they have seen that."""

    sequence: int
    version: int | None = None


class NotAsExpected(Exception):  # noqa: N818 - the name says what is the case
    """Something else is the case by now: this sequence, and this etag."""

    def __init__(self, sequence: int, etag: str) -> None:
        super().__init__(etag)
        self.sequence = sequence
        self.etag = etag


class EndpointsState(Protocol):
    """What operators do to single endpoints."""

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
        """Do it to the endpoint of this upstream and address, or tell what it would do. None where there is no such
        endpoint. Raises NotAsExpected."""
        ...


class ObjectsState(Protocol):
    """Single objects of the running configuration, as text."""

    async def read(self, kind: EditableKind, name: str) -> ObjectTextView | None:
        """None where there is none of that name. Raises NotEditable."""
        ...

    async def replace(
        self, kind: EditableKind, name: str, text: str, *, if_match: int | None, dry_run: bool, actor: str, reason: str
    ) -> ApplyResult | None:
        """Validate the running configuration with this text in the object's place and, unless this is a dry run, run it.

        None where there is none of that name. Lines in errors about the object are those of the text that was handed in.
        Raises NotEditable.
        """
        ...


class NotEditable(Exception):  # noqa: N818 - a verdict about an object
    """Its text does not stand by itself in the configuration; `str()` says why."""


class NotUpgradable(Exception):  # noqa: N818 - a verdict about a program
    """No other program can take this one's place now; `str()` says why."""


class UpgradesState(Protocol):
    """The program itself."""

    def begin(self, actor: str, reason: str) -> UpgradeView:
        """Start the program anew, from what is on disk now, to take over without a loss. Raises NotUpgradable."""
        ...


class ActionsState(Protocol):
    """What can be done to a gateway beside handing it a configuration."""

    @property
    def endpoints(self) -> EndpointsState: ...

    @property
    def objects(self) -> ObjectsState: ...

    @property
    def upgrades(self) -> UpgradesState: ...


class LogState(Protocol):
    """What the gateway itself said."""

    def view(self, wanted: Expression, after: int | None, limit: int) -> LogListView:
        """wanted: in the vocabulary of logs. The oldest `limit` after this id, or the newest there are. Of any thread."""
        ...


class GatewayState(Protocol):
    """A gateway as the admin API sees it. All methods are called on the supervisor's loop."""

    @property
    def actions(self) -> ActionsState: ...

    @property
    def changes(self) -> ChangesState: ...

    @property
    def live(self) -> LiveState: ...

    @property
    def history(self) -> HistoryState: ...

    @property
    def logs(self) -> LogState: ...

    async def status_of(self, look: Look) -> StatusView: ...

    def is_ready(self) -> tuple[bool, list[str]]:
        """Whether every worker serves the current revision and none drains; the reasons if not."""
        ...

    async def routes(self, look: Look) -> RouteListView: ...

    async def route(self, name: str, look: Look) -> RouteView | None: ...

    async def upstreams(self, look: Look) -> UpstreamListView: ...

    async def upstream(self, name: str, look: Look) -> UpstreamView | None: ...

    async def objectives(self) -> ObjectiveListView: ...

    def config(self) -> ConfigView: ...

    async def explain(self, request: ExplainRequest) -> ExplanationView:
        """Raises ValueError with one sentence when the request names no URL, client or listener that can exist, and
        NotKept for an exchange that is not among the recent ones."""
        ...

    async def render_metrics(self, accept: str) -> tuple[bytes, str] | None:
        """The exposition the Accept field asks for and its content type, rendered off the loop.

        None where the configuration switches metrics off.
        """
        ...

    async def apply(
        self, text: str, content_format: ConfigFormat, *, if_match: int | None, dry_run: bool, actor: str, reason: str
    ) -> ApplyResult:
        """Validate a whole configuration and, unless this is a dry run, run it until the source changes again.

        if_match: the sequence the caller believes is running; another one is a conflict, and nothing is read.
        actor: who asked, for the log: the token's name, or `loopback`; reason: why, in their words.
        Returns once the workers have been handed the new snapshot.
        """
        ...
