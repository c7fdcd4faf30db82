"""What happens, from a stream that is taken up again when it breaks off: exchanges as they end, and other topics."""

import sys
import time
from collections.abc import Iterator
from typing import Final

import msgspec

from console.cli.twin import API
from console.client.call import follow
from console.client.contexts import Target
from console.client.problems import Unreachable
from gateway.wire.live import AccessLine, CountsEvent, LostEvent

GIVE_UP_S: Final = 60.0
_FIRST_PAUSE_S: Final = 0.5
_LONGEST_PAUSE_S: Final = 5.0


class Shown(msgspec.Struct, frozen=True):
    """An event of the stream: an exchange and how many it stands for."""

    exchange: AccessLine
    weight: float = 1.0
    replay: bool = False
    """It ended before the stream began."""


def follow_on(target: Target, query: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Events of the stream by name, each with its JSON. `last` of the query is asked for once.

    Raises Unreachable if the gateway does not answer for a minute, or never did, Refused if it does not want to; when it ends,
    it is waited for.
    """
    pause_s, heard_s, after, was_heard = _FIRST_PAUSE_S, time.monotonic(), "", False
    while True:
        try:
            for name, data, event_id in follow(target, f"{API}/stream", query, after):
                pause_s, heard_s, was_heard = _FIRST_PAUSE_S, time.monotonic(), True
                after = event_id or after
                yield name, data
        except Unreachable as problem:
            if not was_heard or time.monotonic() - heard_s > GIVE_UP_S:
                raise
            print(f"{problem}; trying again", file=sys.stderr)
        time.sleep(pause_s)
        pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
        query = {name: value for name, value in query.items() if name != "last"}


class Following:
    """`counts` is the newest the gateway has told of the stream."""

    def __init__(self, target: Target, query: dict[str, str]) -> None:
        self._target = target
        self._query = query | {"topics": "exchanges"}
        self.counts: CountsEvent | None = None

    def events(self) -> Iterator[tuple[Shown, str]]:
        """Exchanges, each with the JSON it came as. What is missing is told on stderr. Raises as `follow_on` does."""
        for name, data in follow_on(self._target, self._query):
            if name == "exchange":
                yield msgspec.json.decode(data, type=Shown), data
            else:
                self._note(name, data)

    def exchanges(self, until_s: float) -> Iterator[Shown]:
        """Those that end until a moment of the monotonic clock. The heartbeat of the stream ends a wait where nothing does."""
        for name, data, _ in follow(self._target, f"{API}/stream", self._query):
            if name == "exchange":
                yield msgspec.json.decode(data, type=Shown)
            else:
                self._note(name, data)
            if time.monotonic() >= until_s:
                return

    def _note(self, name: str, data: str) -> None:
        if name == "counts":
            self.counts = msgspec.json.decode(data, type=CountsEvent)
        elif name == "lost":
            lost = msgspec.json.decode(data, type=LostEvent)
            number = f"{lost.count} exchanges are" if lost.count else "something is"
            print(f"{number} missing here ({lost.why})", file=sys.stderr)
