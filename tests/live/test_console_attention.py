"""The Overview over a real gateway: what begins to fail stands at the top before anybody has asked twice."""

import threading
import time
from pathlib import Path
from typing import Final

from textual.pilot import Pilot

from console.app.app import ConsoleApp
from console.app.opening import Options, make_console
from console.client.contexts import Context
from console.widgets.section_table import SectionTable
from tests.support.console import play, screen_text, until
from tests.support.loop_thread import LoopThread
from tests.support.origin import Origin, say_target
from tests.support.program import Program

WITHIN_S: Final = 2.0
TRIES: Final = 3
PAUSE_S: Final = 0.03


class Visitor:
    """Asks again and again, in a thread of its own."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._visit)
        self._thread.start()

    def _visit(self) -> None:
        while not self._ends.wait(PAUSE_S):
            self._program.send("/a")

    def end(self) -> None:
        self._ends.set()
        self._thread.join()


def seconds_until_on_top(folder: Path, thread: LoopThread) -> float:
    """From the end of the only endpoint to the first row; then the row tells the cause, and Enter leads to it."""
    took_s: list[float] = []
    origin = Origin(thread, say_target)
    address = origin.address

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        table = app.screen.query_one("#attention", SectionTable)
        await until(pilot, lambda: "The one route" in screen_text(app), 20.0)
        await until(pilot, lambda: app.live_model.pulse.lately("route", "all", 5).requests > 50, 20.0)
        began_s = time.monotonic()
        origin.close()
        await until(pilot, lambda: bool(table.grid.rows), 10.0)
        took_s.append(time.monotonic() - began_s)
        await until(pilot, lambda: f"{address} refuses connections" in screen_text(app))
        await pilot.press("enter")
        await until(pilot, lambda: f"{address} of origin is failing: connect_refused" in screen_text(app))

    folder.mkdir()
    with Program(folder, address) as program:
        visitor = Visitor(program)
        try:
            context = Context(name="x", url=f"http://127.0.0.1:{program.admin_port}")
            play(make_console(context, Options(screen="overview"), {}), story, (160, 40))
        finally:
            visitor.end()
            origin.close()
    return took_s[0]


def test_a_failing_endpoint_is_on_top_within_two_seconds(tmp_path: Path, origin_thread: LoopThread) -> None:
    took_s: list[float] = []
    # A machine that is busy at the wrong moment shall not decide.
    while len(took_s) < TRIES and min(took_s, default=WITHIN_S + 1) > WITHIN_S:
        took_s.append(seconds_until_on_top(tmp_path / str(len(took_s)), origin_thread))
    assert min(took_s) <= WITHIN_S, took_s
