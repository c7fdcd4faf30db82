"""What has changed about endpoints, on its way to the workers: the first at once, what follows closely together.

When a whole rack goes down there are thousands of changes within seconds, and each message names all endpoints of an
upstream that are not healthy; the more there are, the less often they are told.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from gateway.wire.control import EndpointStanding

_PAUSE_S: Final = 0.05
_PAUSE_PER_ENDPOINT_S: Final = 0.0001

StandingsOf = Callable[[str], list[EndpointStanding]]


class News:
    """Asks `standings_of` when it is time to tell an upstream, and hands them to `send`."""

    def __init__(self, standings_of: StandingsOf, send: Callable[[dict[str, list[EndpointStanding]]], None]) -> None:
        self._standings_of = standings_of
        self._send = send
        self._changed: set[str] = set()
        self._not_before_s = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def changed(self, upstream: str) -> None:
        self._changed.add(upstream)
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(max(loop.time(), self._not_before_s), self._tell)

    def _tell(self) -> None:
        self._timer = None
        standings = {upstream: self._standings_of(upstream) for upstream in self._changed}
        self._changed.clear()
        endpoints = sum(map(len, standings.values()))
        self._not_before_s = asyncio.get_running_loop().time() + _PAUSE_S + endpoints * _PAUSE_PER_ENDPOINT_S
        self._send(standings)
