"""The one place where the running configuration changes: at the start, when the file does, on SIGHUP, by the admin API.

Changes are made one after another, newest first; one that fails leaves everything as it was, and says so everywhere.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Protocol

import structlog
from msgspec.structs import replace

from gateway.config.diff.semantic import semantic_diff
from gateway.config.errors import ConfigError, ConfigInvalid
from gateway.config.load import unchangeable
from gateway.runtime.candidate import Candidate, Loader
from gateway.wire.diff import ConfigDiffView
from gateway.wire.views import ApplyOutcome, ApplyResult, ConfigErrorView, ReloadResult, ReloadTrigger, ReloadView

API_SOURCE: Final = "api"
_ERRORS_LOGGED: Final = 20
_STAYS: Final = (
    "what the file says has not changed since another revision was handed in;"
    " that one stays until it does, or until SIGHUP (kill -HUP PID) asks for the file"
)

_log = structlog.get_logger("sightline.config")


class NotApplied(Exception):  # noqa: N818 - a verdict about a configuration
    """A valid configuration that cannot run here now; `str()` is the reason, `key` what it is about."""

    def __init__(self, key: str, reason: str) -> None:
        super().__init__(reason)
        self.key = key


@dataclass(frozen=True, slots=True)
class Standing:
    """What runs, where it came from, and whether the file says something else; see `Reloads`."""

    running: Candidate
    source: str
    source_differs: bool


class ReloadObserver(Protocol):
    """Who counts and shows what became of a configuration."""

    def on_reload(self, reload: ReloadView, standing: Standing) -> None: ...


@dataclass(frozen=True, slots=True)
class HandedIn:
    """A configuration that did not come from the file. actor: who brings it. restores: the revision it was, if it ran
    before; it may then refer to what it could refer to at that time. reason: why, in the words of who brings it."""

    text: str
    name: str
    actor: str = ""
    restores: str = ""
    files: tuple[str, ...] = ()
    variables: frozenset[str] = frozenset()
    reason: str = ""

    @property
    def trigger(self) -> ReloadTrigger:
        return "rollback" if self.restores else "api"


class Reloads:
    """`running` is what the workers serve, from `source`; `last` is what became of the last configuration read.

    What was handed in stays until the file gives another configuration than it did, a SIGHUP asks for the file, or the
    gateway is started anew; an upgrade keeps it too, unless `is_file_newer`. Until then `source_differs`, as it does while
    the file gives none that can run here: a start from the file as it is would not give what runs.
    """

    def __init__(
        self,
        loader: Loader,
        first: Candidate,
        apply: Callable[[Candidate], Awaitable[None]],
        observer: ReloadObserver,
        resumed: Candidate | None = None,
    ) -> None:
        """first: read from the loader's file. apply: makes a candidate the running one, or raises NotApplied and changes
        nothing. resumed: what was handed in to the program before us, which takes the place of what the file says."""
        self.running = resumed or first
        self._file = f"file:{loader.path}"
        self.source = API_SOURCE if resumed else self._file
        self.last: ReloadView | None = None
        self._loader = loader
        self._apply = apply
        self._observer = observer
        self._of_file = first
        self._is_file_good = True
        self.is_file_newer = False
        """Whether the file has said something else since the last text was handed in that cannot run here, be it that its
        number of workers is another: what starts anew starts from the file."""
        self.lock = asyncio.Lock()
        """Held while a configuration is read and comes to run."""
        self._newest_file = 0
        self._newest_text = 0

    @property
    def source_differs(self) -> bool:
        return not self._is_file_good or self._of_file.revision != self.running.revision

    def note_start(self, duration_s: float) -> None:
        """The first configuration has been applied."""
        self._conclude(self._view("start", "applied", self.running.revision, duration_s, ()))

    async def watch(self) -> None:
        """Reload whenever the file, or a secret file it reads, has changed; until cancelled."""
        async for _ in self._loader.changes():
            await self.reload_file("file")

    async def reload_file(self, trigger: ReloadTrigger) -> None:
        """Read the file again. An API's configuration stays if the file says what it said before, unless asked by signal."""
        self._newest_file = mine = self._newest_file + 1
        async with self.lock:
            if mine == self._newest_file:
                view = await self._reload(trigger, self._load_file, self._file)
                self._is_file_good = view.result != "rejected"
                self.is_file_newer = not self._is_file_good
                self._conclude(view)

    async def apply(self, handed: HandedIn, *, if_match: int | None, dry_run: bool) -> ApplyResult:
        """Validate it and, unless this is a dry run, run it; one that is overtaken by a newer one is a conflict."""
        if not dry_run:
            self._newest_text += 1
        mine = self._newest_text
        async with self.lock:
            if if_match is not None and if_match != self.running.sequence:
                return self._result("conflict", "", ())
            if dry_run:
                return await self._validate(handed)
            if mine != self._newest_text:
                return self._result("conflict", "", (_error_view("", "overtaken by a newer configuration"),))
            view = await self._reload(handed.trigger, lambda: self.read(handed), API_SOURCE)
            self._conclude(replace(view, actor=handed.actor, restores=handed.restores, reason=handed.reason))
            return self._result(view.result, view.revision, tuple(view.errors))

    async def _load_file(self) -> Candidate:
        return await self._loader.load_file(self.running.sequence + 1)

    async def read(self, handed: HandedIn) -> Candidate:
        """What it would be, for looking only. Raises ConfigInvalid.

        What the text refers to is bounded by what the file does, and by what it did itself when it ran before.
        """
        return await read_handed(self._loader, self._of_file, handed, self.running.sequence + 1)

    async def _validate(self, handed: HandedIn) -> ApplyResult:
        try:
            candidate = await self.read(handed)
            self._check_changeable(candidate)
        except ConfigInvalid as invalid:
            return self._result("rejected", "", _error_views(invalid.errors))
        is_same = candidate.revision == self.running.revision
        result = self._result("unchanged" if is_same else "valid", candidate.revision, ())
        return replace(result, changes=await asyncio.to_thread(_difference, self.running, candidate))

    async def _reload(
        self, trigger: ReloadTrigger, load: Callable[[], Awaitable[Candidate]], source: str
    ) -> ReloadView:
        began_s = time.monotonic()
        revision, stays = "", ""
        result: ReloadResult = "rejected"
        errors: tuple[ConfigErrorView, ...] = ()
        try:
            candidate = await load()
            revision, result = candidate.revision, "unchanged"
            if not self._is_known(candidate, trigger):
                self._check_changeable(candidate)
                await self._apply(candidate)
                self.running, self.source, result = candidate, source, "applied"
                self.is_file_newer = False
            elif revision != self.running.revision:
                stays = self.running.revision
            if source != API_SOURCE:
                self._of_file = candidate
        except ConfigInvalid as invalid:
            result, errors = "rejected", _error_views(invalid.errors)
        except NotApplied as failure:
            result, errors = "rejected", (_error_view(failure.key, str(failure)),)
        except Exception as failure:
            # A fault of ours must not end the watch: the next configuration may be one that can be read.
            _log.exception("config_failed", trigger=trigger)
            result, errors = "rejected", (_error_view("", f"internal error: {failure!r}"),)
        return replace(self._view(trigger, result, revision, time.monotonic() - began_s, errors), stays=stays)

    def _is_known(self, candidate: Candidate, trigger: ReloadTrigger) -> bool:
        """Whether there is nothing to do: it runs already, or the file has not changed since the API overruled it.

        A file that was merely touched does not undo what the API applied; a SIGHUP asks for the file, and gets it.
        """
        if candidate.revision == self.running.revision:
            return True
        return trigger == "file" and self.source == API_SOURCE and candidate.revision == self._of_file.revision

    def _check_changeable(self, candidate: Candidate) -> None:
        errors = unchangeable(self.running.configuration, candidate.configuration)
        if errors:
            raise ConfigInvalid(errors)

    def _conclude(self, view: ReloadView) -> None:
        self.last = view
        self._observer.on_reload(view, Standing(self.running, self.source, self.source_differs))
        _log_reload(view)

    def _view(
        self,
        trigger: ReloadTrigger,
        result: ReloadResult,
        revision: str,
        duration_s: float,
        errors: tuple[ConfigErrorView, ...],
    ) -> ReloadView:
        return ReloadView(
            at=datetime.now(UTC).isoformat(),
            trigger=trigger,
            result=result,
            revision=revision,
            duration_ms=round(duration_s * 1000, 3),
            errors=list(errors),
        )

    def _result(self, outcome: ApplyOutcome, revision: str, errors: tuple[ConfigErrorView, ...]) -> ApplyResult:
        return ApplyResult(
            outcome=outcome,
            revision=revision,
            running_revision=self.running.revision,
            running_sequence=self.running.sequence,
            errors=list(errors),
        )


async def read_handed(loader: Loader, of_file: Candidate, handed: HandedIn, sequence: int) -> Candidate:
    """What it refers to is bounded by what the file does, and by what it did itself. Raises ConfigInvalid."""
    file = of_file.configuration
    within = _Within((*file.files, *handed.files), file.variables | handed.variables)
    return await loader.load_text(handed.text, handed.name, sequence, within)


def _difference(old: Candidate, new: Candidate) -> ConfigDiffView:
    return semantic_diff(old.archive.comparable(), new.archive.comparable())


@dataclass(frozen=True, slots=True)
class _Within:
    """Implements References."""

    files: tuple[str, ...]
    variables: frozenset[str]


def _error_view(key: str, message: str) -> ConfigErrorView:
    """What is not the fault of any line."""
    return ConfigErrorView(file="", line=0, key=key, message=message)


def _error_views(errors: tuple[ConfigError, ...]) -> tuple[ConfigErrorView, ...]:
    return tuple(
        ConfigErrorView(file=error.file, line=error.line, key=error.key, message=error.message) for error in errors
    )


def _log_reload(view: ReloadView) -> None:
    if view.stays:
        _log.warning("config_stays", trigger=view.trigger, revision=view.stays, of_file=view.revision, because=_STAYS)
        return
    if view.result != "rejected":
        _log.info("config_" + view.result, trigger=view.trigger, revision=view.revision, duration_ms=view.duration_ms)
        return
    for error in view.errors[:_ERRORS_LOGGED]:
        _log.error(
            "config_rejected",
            trigger=view.trigger,
            file=error.file,
            line=error.line,
            key=error.key,
            error=error.message,
        )
    if len(view.errors) > _ERRORS_LOGGED:
        _log.error("config_rejected", trigger=view.trigger, further_errors=len(view.errors) - _ERRORS_LOGGED)
