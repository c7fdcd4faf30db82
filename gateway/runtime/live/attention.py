"""Who looks at live traffic now, told to the workers: what they send only for somebody who looks costs nothing otherwise."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

from gateway.wire.control import Attend, encode
from gateway.wire.report import Report

LOOKING_S: Final = 10.0
"""For how long somebody who asked once is believed to look."""
TAPPED_PER_SECOND: Final = 2000
"""Lines of plain exchanges that all workers together write for somebody who looks."""
_TELL_EVERY_S: Final = 2.0


class Attention:
    """`tell` sends a message to every worker. Nothing is sent, and no timer runs, while nobody looks."""

    def __init__(self, tell: Callable[[bytes], None]) -> None:
        self._tell = tell
        self._lines_until_s = 0.0
        self._rows_until_s = 0.0
        self._rows_since_s = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._rate = _Rate()

    def want_lines(self) -> None:
        """Somebody reads lines of plain exchanges."""
        is_new = self._lines_until_s < time.monotonic()
        self._lines_until_s = time.monotonic() + LOOKING_S
        self._start(tell_now=is_new)

    def want_rows(self) -> float:
        """Somebody looks at what is running. Since when (monotonic seconds) somebody does."""
        now_s = time.monotonic()
        is_new = self._rows_until_s < now_s
        if is_new:
            self._rows_since_s = now_s
        self._rows_until_s = now_s + LOOKING_S
        self._start(tell_now=is_new)
        return self._rows_since_s

    def take(self, report: Report) -> None:
        """Count what comes in, to know which share of it to ask for."""
        if report.routes:
            self._rate.add(sum(count.count for route in report.routes for count in route.requests))

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _start(self, *, tell_now: bool) -> None:
        if self._timer is None or tell_now:
            self.close()
            self._go_on()

    def _go_on(self) -> None:
        now_s = time.monotonic()
        wants_lines, wants_rows = self._lines_until_s > now_s, self._rows_until_s > now_s
        if not (wants_lines or wants_rows):
            self._timer = None
            return
        share = min(1.0, TAPPED_PER_SECOND / max(self._rate.per_second(now_s), 1.0)) if wants_lines else 0.0
        self._tell(encode(Attend(tap=round(share, 4), in_flight=wants_rows)))
        self._timer = asyncio.get_running_loop().call_later(_TELL_EVERY_S, self._go_on)


class _Rate:
    """Exchanges per second, over the last whole second or two in which there were reports."""

    def __init__(self) -> None:
        self._since_s = time.monotonic()
        self._count = 0
        self._last = 0.0

    def add(self, count: int) -> None:
        self._count += count
        now_s = time.monotonic()
        if now_s - self._since_s >= 1.0:
            self._turn(now_s)

    def per_second(self, now_s: float) -> float:
        if now_s - self._since_s >= 1.0:
            self._turn(now_s)
        return self._last

    def _turn(self, now_s: float) -> None:
        self._last = self._count / (now_s - self._since_s)
        self._since_s, self._count = now_s, 0
