"""The recording that the tests of screens play back: one round of the demo with its incidents. `make recording` makes it anew.

The console itself is recorded, on a tour over all its screens, so that every answer a screen asks for is in it.
"""

import argparse
import asyncio
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Final

import msgspec

from console.app.app import ConsoleApp
from console.app.destinations import PLACES
from console.client.contexts import Target
from console.sources.live import LiveSource
from console.sources.recordable import Recordable
from console.sources.recorder import Recorder
from console.state import reading
from console.state.messages import TailWanted
from console.state.model import Model
from console.state.reading import AnyReading, Reading
from console.state.selection import Destination

FILE: Final = Path(__file__).resolve().parents[1] / "recordings" / "demo.ndjson.gz"
SECONDS: Final = 75.0
ROUND_S: Final = 70.0
"""Of the demo: all its incidents come within the recording."""
RATE: Final = 14.0
"""Requests a second: enough for every route, and few enough for a file that is kept in the repository."""
EVERY_S: Final = 8.0
"""No reading is asked more often."""
_SIZE: Final = (160, 50)
_ADMIN: Final = re.compile(r"admin API\s+(http://\S+)")
_READY_S: Final = 30.0
_BARE: Final = ("status", "routes", "upstreams", "incidents", "inflight", "unmatched", "slo", "revisions")
"""As the commands ask."""


class Greedy(LiveSource):
    """Asks on for all that was ever asked for, gently, and follows all traffic."""

    def __init__(self, target: Target) -> None:
        super().__init__(target)
        self._ever: dict[AnyReading, AnyReading] = {}

    def want(self, readings: Iterable[AnyReading], tail: TailWanted | None) -> None:
        # Exchanges are found in the stream when a recording is asked for them, by any filter.
        for each in readings:
            if each.path.partition("/")[0] != "exchanges" and not any(name in {"at", "end"} for name, _ in each.query):
                self._ever.setdefault(each, replace(each, every_s=each.every_s and max(each.every_s, EVERY_S)))
        super().want(self._ever.values(), TailWanted("", 1_000, 500))


def record(file: Path, seconds: float = SECONDS, round_s: float = ROUND_S) -> None:
    """Start the demo and record it. Takes as long as the recording, and a little more."""
    with tempfile.TemporaryDirectory() as folder:
        said = Path(folder) / "said"
        with said.open("wb") as output:
            command = [sys.executable, "-m", "gateway", "demo", "--no-console", "--port-base", "0", "--rate", f"{RATE:g}",
                       "--round", f"{round_s:g}s"]  # fmt: skip
            demo = subprocess.Popen(command, stdout=output, stderr=subprocess.DEVNULL)
        try:
            url = _admin_url(said, demo)
            file.unlink(missing_ok=True)
            asyncio.run(_record(Target(url=url), file, seconds))
        finally:
            demo.send_signal(signal.SIGINT)
            demo.wait(20)


def _admin_url(said: Path, demo: subprocess.Popen[bytes]) -> str:
    until_s = time.monotonic() + _READY_S
    while time.monotonic() < until_s and demo.poll() is None:
        found = _ADMIN.search(said.read_text())
        if found is not None:
            return found[1]
        time.sleep(0.1)
    raise RuntimeError(f"the demo has not started: {said.read_text()}")


async def _record(target: Target, file: Path, seconds: float) -> None:
    ends_s = time.monotonic() + seconds
    greedy = Greedy(target)
    app = ConsoleApp(Recordable(greedy, Recorder(str(file))))
    async with app.run_test(size=_SIZE) as pilot:
        await pilot.pause(2.0)
        while time.monotonic() < ends_s:
            for destination in _tour(app.live_model):
                if time.monotonic() > ends_s:
                    break
                app.go(destination)
                await pilot.pause(0.4)
            greedy.want(_asked_by_commands(app.live_model), None)
            await pilot.pause(3.0)


def _tour(model: Model) -> Iterator[Destination]:
    routes, upstreams = model.latest(reading.ROUTES.view), model.latest(reading.UPSTREAMS.view)
    subjects = {
        "route": ["product", "reports", "order"] if routes is not None else [],
        "upstream": ["catalog", "reports"] if upstreams is not None else [],
        "endpoint": [
            f"{upstream.name}/{upstream.endpoints[0].address}"
            for upstream in (upstreams.upstreams if upstreams is not None else [])
        ],
        "explain": ["GET /v1/products/7"],
        "request": [row.line.request_id for row in list(model.tail.rows)[-1:]],
        "trace": [row.line.trace_id for row in list(model.tail.rows)[-1:]],
    }
    for place in PLACES:
        for subject in subjects.get(place.name, [""]) if place.key == "" else [""]:
            yield Destination(place.name, subject)


def _asked_by_commands(model: Model) -> list[AnyReading]:
    wanted: list[AnyReading] = [Reading(path, msgspec.Raw, every_s=EVERY_S) for path in _BARE]
    wanted += [reading.CONFIG, reading.ME, reading.INCIDENTS]
    for window_s in (60, 300):
        wanted += [reading.status(window_s), reading.routes(window_s), reading.upstreams(window_s)]
    revisions = model.view(reading.REVISIONS)
    sequences = sorted(each.sequence for each in revisions.revisions) if revisions is not None else []
    wanted += [reading.revision(str(each)) for each in sequences]
    wanted += [reading.difference(str(old), str(new)) for old, new in pairwise(sequences)]
    return wanted


def main() -> None:
    parser = argparse.ArgumentParser(description="record the demo for the tests of screens")
    parser.add_argument("--file", type=Path, default=FILE)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--round", type=float, default=ROUND_S)
    arguments = parser.parse_args()
    arguments.file.parent.mkdir(parents=True, exist_ok=True)
    record(arguments.file, arguments.seconds, arguments.round)


if __name__ == "__main__":
    main()
