"""Recordings made for a test, and the one of the demo."""

from pathlib import Path
from typing import Final

import msgspec

from console.sources.recorder import Recorder
from console.state import reading
from console.state.messages import Answered, Event, Failed, Linked, Message
from gateway.admin import examples
from gateway.wire.views import RouteListView

STARTED_S: Final = 1_769_846_400.0
"""2026-01-31T08:00:00Z."""


def tick(second: int) -> Event:
    return Event("history", f'{{"at":"2026-01-31T08:00:{second:02}Z","series":[]}}')


def exchanged(name: str, status: int) -> Event:
    line = {"@timestamp": f"2026-01-31T08:00:0{name}Z", "request_id": name, "http.response.status_code": status}
    return Event("exchange", msgspec.json.encode({"weight": 1.0, "exchange": line}).decode())


def routes(revision: str) -> Answered:
    return Answered(reading.ROUTES, RouteListView(revision=revision, routes=[examples.ROUTE]))


SMALL: Final[tuple[tuple[float, Message], ...]] = (
    (0.0, Answered(reading.STATUS, examples.STATUS)),
    (1.0, tick(1)),
    (1.0, routes("first")),
    (2.0, exchanged("2", 200)),
    (3.0, exchanged("3", 503)),
    (3.5, Failed(reading.UPSTREAMS, 503, "draining")),
    (4.0, routes("second")),
    (5.0, Linked("broken", "gone", 4.0)),
    (9.0, tick(9)),
    (9.5, exchanged("9", 502)),
)

SHOWN: Final = ((0.0, Answered(reading.routes(300), RouteListView(revision="a", routes=[examples.ROUTE]))), *SMALL)
"""The same with what the screen of routes asks for."""


def make_recording(file: Path, told: tuple[tuple[float, Message], ...] = SMALL) -> str:
    """Write what was told, seconds after STARTED_S; returns the name of the file."""
    recorder = Recorder(str(file))
    for t, message in told:
        recorder.take(STARTED_S + t, message)
    recorder.close()
    return str(file)
