"""What goes wrong in the demo, so that there is something to find: a script of incidents that repeats, each caused from
outside the gateway, as it would be in earnest: in a service, in the configuration file, in the traffic.

None of them makes an account disagree with another: whatever fails is answered, and counted by everybody.
"""

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import aiohttp

from gateway.demo.children import Child
from gateway.demo.config_text import with_short_timeout, with_unknown_upstream
from gateway.demo.hesitation import FAILURE_PATH, HESITATION_PATH
from gateway.demo.ports import HOST, Ports

ROUND_S: Final = 180.0
"""After so long the script begins again, unless it is to be hurried."""

SHORTEST_ROUND_S: Final = 5.0
"""With less, the configuration would change faster than it is read."""

HESITATION_S: Final = 0.6
_DEADLINE: Final = aiohttp.ClientTimeout(total=5)


class ConfigFile:
    """The demo's own configuration file. Once somebody else has changed it, it is theirs and is left alone."""

    def __init__(self, path: Path, text: str) -> None:
        self._path = path
        self._text = text
        self._written = text

    def write(self, text: str) -> bool:
        """Whether it was written, which it is only over what was written here before."""
        if self._path.read_text() != self._written:
            return False
        self._path.write_text(text)
        self._written = text
        return True

    def change(self, changed: Callable[[str], str]) -> bool:
        """Write the text the demo began with, changed."""
        return self.write(changed(self._text))

    def put_right(self) -> bool:
        """Write the text the demo began with."""
        return self.write(self._text)


@dataclass(frozen=True, slots=True)
class Cast:
    """What the incidents are done to."""

    ports: Ports
    file: ConfigFile
    traffic: Child


@dataclass(frozen=True, slots=True)
class Incident:
    """One thing that goes wrong `at_s` seconds into the round and is put right `for_s` later.

    begin and end return False where nothing was done. screen: what to press on the console's first screen. twins: the
    commands that tell it too.
    """

    at_s: float
    for_s: float
    what: str
    screen: str
    twins: str
    begin: Callable[[Cast], Awaitable[bool]]
    end: Callable[[Cast], Awaitable[bool]]


async def _slow_down(cast: Cast) -> bool:
    return await _hesitate(cast.ports.catalog_twin, HESITATION_S)


async def _speed_up(cast: Cast) -> bool:
    return await _hesitate(cast.ports.catalog_twin, 0.0)


async def _hesitate(port: int, longest_s: float) -> bool:
    return await _put(port, HESITATION_PATH, str(longest_s))


async def _fail(cast: Cast) -> bool:
    return await _put(cast.ports.catalog_twin, FAILURE_PATH, "on")


async def _recover(cast: Cast) -> bool:
    return await _put(cast.ports.catalog_twin, FAILURE_PATH, "off")


async def _put(port: int, path: str, text: str) -> bool:
    url = f"http://{HOST}:{port}{path}"
    async with aiohttp.ClientSession(timeout=_DEADLINE) as session, session.put(url, data=text) as response:
        return response.ok


async def _misspell(cast: Cast) -> bool:
    return cast.file.change(with_unknown_upstream)


async def _shorten_timeout(cast: Cast) -> bool:
    return cast.file.change(with_short_timeout)


async def _put_right(cast: Cast) -> bool:
    return cast.file.put_right()


async def _scan(cast: Cast) -> bool:
    cast.traffic.process.send_signal(signal.SIGUSR1)
    return True


async def _stop_scanning(cast: Cast) -> bool:
    cast.traffic.process.send_signal(signal.SIGUSR2)
    return True


INCIDENTS: Final = (
    Incident(
        at_s=15,
        for_s=40,
        what="one of catalog's two endpoints turns slow",
        screen="3, or 2 L enter",
        twins="upstreams catalog",
        begin=_slow_down,
        end=_speed_up,
    ),
    Incident(
        at_s=70,
        for_s=15,
        what="a configuration with a mistake is saved",
        screen="7",
        twins="incidents",
        begin=_misspell,
        end=_put_right,
    ),
    Incident(
        at_s=95,
        for_s=15,
        what="one client asks for what is not there",
        screen="4 T c",
        twins="top client · unmatched",
        begin=_scan,
        end=_stop_scanning,
    ),
    Incident(
        at_s=120,
        for_s=40,
        what="a revision with too short a timeout is applied",
        screen="7 enter",
        twins="routes --sort errors · incidents",
        begin=_shorten_timeout,
        end=_put_right,
    ),
    Incident(
        at_s=164,
        for_s=14,
        what="one of catalog's two endpoints fails",
        screen="3 enter",
        twins="upstreams catalog · incidents",
        begin=_fail,
        end=_recover,
    ),
)


def hurried(round_s: float) -> tuple[Incident, ...]:
    """The script for a round that takes so long; everything in it is earlier and shorter in proportion."""
    share = round_s / ROUND_S
    return tuple(replace(each, at_s=each.at_s * share, for_s=each.for_s * share) for each in INCIDENTS)


async def perform(cast: Cast, tell: Callable[[str], None], round_s: float = ROUND_S) -> None:
    """Round after round until it is cancelled; `tell` gets a line for each thing done."""
    steps = _in_order(hurried(round_s))
    begun_s = time.monotonic()
    while True:
        for at_s, incident, is_begin in steps:
            await asyncio.sleep(begun_s + at_s - time.monotonic())
            await _do(cast, incident, tell, is_begin=is_begin)
        begun_s += round_s


def _in_order(incidents: tuple[Incident, ...]) -> list[tuple[float, Incident, bool]]:
    begins = [(incident.at_s, incident, True) for incident in incidents]
    ends = [(incident.at_s + incident.for_s, incident, False) for incident in incidents]
    return sorted(begins + ends, key=lambda step: step[0])


async def _do(cast: Cast, incident: Incident, tell: Callable[[str], None], *, is_begin: bool) -> None:
    try:
        done = await (incident.begin if is_begin else incident.end)(cast)
    except (aiohttp.ClientError, OSError) as error:
        tell(f"{incident.what}: could not be staged: {error!r}")
        return
    if not done:
        # Silently skipped at its end: what has not begun needs no end.
        if is_begin:
            tell(f"{incident.what}: left out, because the file is no longer the demo's own")
        return
    tell(f"{incident.what}, for {incident.for_s:.3g} s" if is_begin else f"over: {incident.what}")
