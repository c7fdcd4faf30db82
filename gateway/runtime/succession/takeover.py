"""A new program in the place of one that still serves: it makes ready with what it inherits, serves, and sees the old one
off. Until then nothing that it does to the shared sockets may be final."""

import os
import socket

import structlog

from gateway import __version__
from gateway.runtime.fleet.distribution import Distribution
from gateway.runtime.succession.estate import Estate
from gateway.runtime.succession.predecessor import Predecessor

_log = structlog.get_logger("sightline")


class TakeOver:
    """`accept`, `serve` and `see_off` are called once each, in this order."""

    def __init__(self, predecessor: Predecessor, estate: Estate, distribution: Distribution) -> None:
        self._predecessor = predecessor
        self._estate = estate
        self._distribution = distribution

    def accept(self) -> tuple[socket.socket, ...]:
        """Before anything runs; the admin API's sockets."""
        predecessor = self._predecessor
        self._distribution.set_sharing(is_shared=True)
        admin = self._estate.accept(predecessor.inheritance, predecessor.sockets)
        predecessor.on_standing = lambda: self._estate.accept_standing(predecessor.standing)
        predecessor.on_standing()
        return admin

    def serve(self) -> None:
        """All workers and the admin API do."""
        self._predecessor.serving(dict(self._estate.sockets.shared))

    async def see_off(self) -> None:
        """Until the old program has ended."""
        predecessor, inherited = self._predecessor, self._predecessor.inheritance
        await predecessor.withdrew.wait()
        self._estate.sockets.shared = {}
        self._distribution.set_sharing(is_shared=False)
        await predecessor.left.wait()
        cut = predecessor.cut
        how = f"{cut} exchanges were cut" if cut >= 0 else "it ended without a word"
        self._estate.incidents.add(
            "upgrade_ended",
            "gateway",
            f"pid {os.getpid()} (version {__version__}) serves in place of pid {inherited.pid}"
            f" (version {inherited.program}); {how}",
            inherited.actor,
            detail={"pid": os.getpid(), "version": __version__, "replaced_pid": inherited.pid, "cut": cut},
        )
        _log.info("upgrade_ended", replaced=inherited.pid, version=__version__, cut=cut)
