"""What one sink gives up: counted by reason, and told once a minute rather than once a line."""

import threading
import time
from collections.abc import Callable
from typing import Final, Protocol

import structlog

_log = structlog.get_logger("sightline.telemetry")
_SIGNAL: Final = "log"
_TELL_EVERY_S: Final = 60.0


class Ledger(Protocol):
    """Where deliveries and losses are counted; the metrics store. Called from any thread."""

    def count_dropped(self, signal: str, sink: str, reason: str, count: int) -> None: ...

    def count_exported(self, signal: str, sink: str, count: int) -> None: ...

    def export_took(self, signal: str, sink: str, seconds: float) -> None: ...


class Losses:
    """The account of one sink. May be used from several threads; `clock` is monotonic seconds."""

    def __init__(self, ledger: Ledger, sink: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.sink = sink
        self._ledger = ledger
        self._clock = clock
        self._lock = threading.Lock()
        self._untold: dict[str, int] = {}
        self._told_s = -_TELL_EVERY_S

    def add(self, reason: str, lines: int) -> None:
        """So many lines are lost for this reason."""
        if not lines:
            return
        self._ledger.count_dropped(_SIGNAL, self.sink, reason, lines)
        with self._lock:
            self._untold[reason] = self._untold.get(reason, 0) + lines
        self.tell()

    def tell(self, *, last: bool = False) -> None:
        """Say what was lost since it was said last, if that was long enough ago or there will be no other time."""
        now_s = self._clock()
        with self._lock:
            if not self._untold or (now_s - self._told_s < _TELL_EVERY_S and not last):
                return
            untold, self._untold = self._untold, {}
            self._told_s = now_s
        _log.warning("access_lines_dropped", sink=self.sink, lines=sum(untold.values()), reasons=untold)

    def delivered(self, lines: int) -> None:
        """So many lines have arrived."""
        if lines:
            self._ledger.count_exported(_SIGNAL, self.sink, lines)

    def took(self, seconds: float) -> None:
        """One try to deliver took so long, whatever became of it."""
        self._ledger.export_took(_SIGNAL, self.sink, seconds)
