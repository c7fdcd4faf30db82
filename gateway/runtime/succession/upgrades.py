"""Upgrades of the running program: begun by a signal or the admin API, one at a time, and without effect unless the new
program serves.

While one is under way nothing of what is passed on may change: configurations wait. What operators decide about endpoints
meanwhile is passed on as they decide it.
"""

import asyncio
import os
from collections.abc import Callable, Mapping
from typing import Final, Literal, TypeAlias

import structlog
from setproctitle import setproctitle

from gateway import __version__
from gateway.admin.state import NotUpgradable
from gateway.runtime.fleet.distribution import Distribution
from gateway.runtime.fleet.launcher import Launcher
from gateway.runtime.incidents import Facts, Incidents
from gateway.runtime.succession.estate import Estate
from gateway.runtime.succession.messages import Left, Serving, Standing, Yours
from gateway.runtime.succession.notify import notify
from gateway.runtime.succession.successor import Successor, SuccessorFailed
from gateway.wire.actions import UpgradeView
from gateway.wire.titles import upgrade_title

READY_S: Final = 60.0
"""A new program that does not serve after so long has failed. 10,000 routes are served after 5 s."""

_LAST_S: Final = 5.0
"""What may come on top of that and of the drain."""

_CONTAINER: Final = (
    "this program is process 1 of its container, which ends with it; replace the container instead"
    " (a rolling update of the Deployment does so)"
)

Stage: TypeAlias = Literal["starting", "serving", "upgrading", "succeeded", "ending"]

_REFUSED: Final[Mapping[Stage, str]] = {
    "starting": "this program is starting",
    "upgrading": "an upgrade is under way already",
    "succeeded": "another program has taken this one's place; ask that one",
    "ending": "the gateway is ending",
}

_log = structlog.get_logger("sightline")


class Upgrades:
    """`stage` is moved by the supervisor to `serving` and `ending`, and by an upgrade to the others."""

    def __init__(
        self,
        distribution: Distribution,
        incidents: Incidents,
        on_succeeded: Callable[[], None],
        pid: int | None = None,
    ) -> None:
        """on_succeeded: called once another program serves in our place.

        Made before the supervisor stands back: the new program has the priority we have now.
        """
        self.stage: Stage = "starting"
        self.estate: Estate
        """What we would pass on; the admin API belongs to it, and begins upgrades."""
        self._incidents = incidents
        self._distribution = distribution
        self._on_succeeded = on_succeeded
        self._pid = os.getpid() if pid is None else pid
        self._launcher = Launcher()
        self._number = 0
        self._successor: Successor | None = None
        self._work: asyncio.Task[None] | None = None

    @property
    def has_succeeded(self) -> bool:
        return self.stage == "succeeded"

    def begin(self, actor: str, reason: str = "") -> UpgradeView:
        """Start a new program; what becomes of it is an incident. Raises NotUpgradable."""
        if self.stage in {"upgrading", "succeeded"}:
            raise NotUpgradable(_REFUSED[self.stage])
        self._number += 1
        refused = _CONTAINER if self._pid == 1 else _REFUSED.get(self.stage)
        if refused is not None:
            self._failed(actor, refused)
            raise NotUpgradable(refused)
        self.stage = "upgrading"
        because = f": {reason}" if reason else ""
        began = self._incidents.add(
            "upgrade_began",
            "gateway",
            f"a new program is started in place of pid {self._pid} (by {actor}{because})",
            actor,
            detail=self._facts() | {"evidence": reason},
        )
        _log.info("upgrade_began", actor=actor, reason=reason)
        self._work = asyncio.create_task(self._upgrade(actor))
        return UpgradeView(
            pid=self._pid, version=__version__, incident=began.id, within_s=READY_S + self.estate.drain_s + _LAST_S
        )

    async def abort(self) -> None:
        """The gateway ends: so does a program that is only starting."""
        if self.has_succeeded:
            return
        self.stage = "ending"
        if self._successor is not None:
            self._successor.terminate()
        if self._work is not None:
            await asyncio.wait([self._work])

    async def leave(self, cut: int) -> None:
        """Our last exchange has ended; cut: those that had to be cut."""
        if self._successor is not None and self.has_succeeded:
            await self._successor.last_words(Left(cut=cut))

    async def _upgrade(self, actor: str) -> None:
        # A change under way comes to its end first, and others wait until we know which program they are for.
        async with self.estate.unchanged():
            try:
                serving = await self._serves(actor)
            except Exception as failure:  # Whatever is wrong with an upgrade, this program serves on.
                self._unshare()
                self._failed(actor, str(failure))
                self.stage = "ending" if self.stage == "ending" else "serving"
            else:
                self._succeed(serving)
            finally:
                self.estate.overrides.also_tell = _nobody

    async def _serves(self, actor: str) -> Serving:
        """Raises SuccessorFailed or OSError."""
        if self.stage == "ending":
            raise SuccessorFailed(_REFUSED["ending"])
        self._share()
        inheritance, sockets = self.estate.compose(actor)
        self._successor = successor = await Successor.start(self._launcher, inheritance, sockets)
        setproctitle(upgrade_title(self._number, "runs", successor.pid))

        def pass_on() -> None:
            successor.tell(Standing(overrides=self.estate.kept_overrides()))

        self.estate.overrides.also_tell = pass_on
        # What was decided while the process was being started is told now.
        pass_on()
        return await successor.serves(READY_S)

    def _succeed(self, serving: Serving) -> None:
        assert self._successor is not None
        pid = self._successor.pid
        self.stage = "succeeded"
        self.estate.sockets.shared = dict(serving.taken)
        self._successor.tell(Yours())
        setproctitle(upgrade_title(self._number, "done", pid))
        notify(os.environ, f"MAINPID={pid}")
        _log.info("upgrade_served", successor=pid, version=serving.program)
        self._on_succeeded()

    def _failed(self, actor: str, why: str) -> None:
        setproctitle(upgrade_title(self._number, "failed"))
        self._incidents.add(
            "upgrade_failed",
            "gateway",
            f"the upgrade failed, and pid {self._pid} serves on: {why}",
            actor,
            detail=self._facts() | {"reason": why},
        )
        _log.error("upgrade_failed", actor=actor, error=why)

    def _facts(self) -> Facts:
        return {"pid": self._pid, "version": __version__}

    def _share(self) -> None:
        """Before anybody else has the sockets: a worker that is left alone must not close what others serve."""
        self._distribution.set_sharing(is_shared=True)
        self.estate.sockets.shared = {
            group.key: len(group.sockets) for group in self.estate.sockets.groups.values()
        }  # fmt: skip

    def _unshare(self) -> None:
        self._successor = None
        self.estate.sockets.shared = {}
        self._distribution.set_sharing(is_shared=False)


def _nobody() -> None:
    pass
