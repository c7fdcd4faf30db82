"""How the workers go: no connection begins that nobody will accept, and what is in flight ends."""

import asyncio
from collections.abc import Iterable
from typing import Final

import structlog

from gateway.model.clock import SECOND_NS
from gateway.runtime.fleet.fleet import Fleet
from gateway.runtime.incidents import Incidents
from gateway.runtime.listening import ListeningSockets, SocketGroup

_HANDSHAKE_S: Final = 0.1
"""Between the last SYN that is answered and the end of a listening socket: time for handshakes under way."""

_log = structlog.get_logger("sightline")


class Departure:
    """`drain` is called once."""

    def __init__(self, fleet: Fleet, sockets: ListeningSockets, incidents: Incidents) -> None:
        self._fleet = fleet
        self._sockets = sockets
        self._incidents = incidents

    async def retire(self, groups: Iterable[SocketGroup]) -> None:
        """Let no connection begin on these any more, so that the workers can close them without losing one."""
        groups = list(groups)
        if groups:
            self._sockets.retire(groups)
            await asyncio.sleep(_HANDSHAKE_S)

    async def drain(self, delay_ns: int, deadline_ns: int) -> int:
        """After the delay the sockets close, and what is in flight ends; how many exchanges were cut at the deadline.

        Sockets that another program serves too are only let go.
        """
        self._incidents.add("drain_began", "gateway", "the gateway drains: it finishes what is in flight, and ends")
        _log.info("draining", delay_s=delay_ns / SECOND_NS, deadline_s=deadline_ns / SECOND_NS)
        if delay_ns == 0:
            await self.retire(self._sockets.own_groups())
        closing = asyncio.create_task(self._close_sockets(delay_ns / SECOND_NS))
        await self._fleet.drain(delay_ns, deadline_ns)
        closing.cancel()
        cut = self._fleet.cut
        self._incidents.add("drain_ended", "gateway", f"the drain ended; {cut} exchanges were cut", detail={"cut": cut})
        _log.info("drained", cut=cut)
        return cut

    async def _close_sockets(self, delay_s: float) -> None:
        """Ours, while the workers close theirs: no connection may begin that nobody will accept."""
        self._sockets.let_go()
        await asyncio.sleep(max(0.0, delay_s - _HANDSHAKE_S))
        await self.retire(self._sockets.own_groups())
        await asyncio.sleep(_HANDSHAKE_S)
        self._sockets.close()
