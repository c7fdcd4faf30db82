"""Access lines to stdout or to a file from a thread, through a bounded queue: whoever reads them may stall without
stalling the gateway."""

import errno
import threading
import time
from collections.abc import Callable
from typing import Final, Protocol

import structlog

from gateway.telemetry.shipping.losses import Ledger, Losses
from gateway.telemetry.shipping.queue import Block, LineQueue
from gateway.telemetry.shipping.settings import QueueLimits

_log = structlog.get_logger("sightline.telemetry")
_STDOUT: Final = "access_log"
_GATHER_S: Final = 0.01
_LOOKS: Final = 3
"""So many times in a row with nothing to write before the thread sleeps until it is woken."""
_LINE_END: Final = ord("\n")
_STDOUT_LIMITS: Final = QueueLimits(lines=1_000_000, bytes=32 * 1024 * 1024)


class Destination(Protocol):
    """Where bytes go; used by the writer's thread only."""

    def write(self, data: memoryview) -> int:
        """How many were written, perhaps none for now. Raises OSError."""

    def begin(self) -> bool:
        """Called before each block; whether what is written now no longer follows what was written last."""

    def close(self) -> None:
        """Nothing more comes."""


class LineWriter:
    """Writes whole blocks of lines to a destination in the order they came.

    What finds no room in the queue is dropped and counted there, as is everything once the reader has gone (EPIPE).
    Any other failure, be it a full disk or a fault of ours, costs the block at hand; the next one is tried again. The thread starts with the
    object and ends with `close`.
    """

    def __init__(
        self,
        ledger: Ledger,
        destination: Destination,
        sink: str = _STDOUT,
        limits: QueueLimits = _STDOUT_LIMITS,
    ) -> None:
        self.rewrite: Callable[[bytes], bytes] | None = None
        """Brings a block to another form on its way out."""
        self._destination = destination
        self._losses = Losses(ledger, sink)
        self.queue = LineQueue(limits, self._losses)
        self._wake = threading.Event()
        self._is_asleep = False
        self.queue.when_filled(self._wake_up)
        self._is_closing = False
        self._is_abandoned = False
        self._is_broken = False
        self._is_failing = False
        """Whether the last block could not be written; an outage is told once, and its end."""
        self._is_line_open = False
        """Whether what was written last ended in the middle of a line."""
        self._thread = threading.Thread(target=self._run, name=f"lines to {sink}", daemon=True)
        self._thread.start()

    def write(self, block: bytes, lines: int) -> None:
        """Queue a block of so many whole lines; returns at once, whatever the reader does. One thread only."""
        if self._is_broken or self._is_closing:
            self._losses.add("shutdown" if self._is_closing else "write_failed", lines)
        else:
            self.queue.put(block, lines)

    def close(self, deadline_s: float) -> None:
        """Write what waits, for at most so many seconds; the rest is dropped and counted. Blocks; call it in a thread."""
        self._is_closing = True
        self._wake.set()
        self._thread.join(deadline_s)
        self._is_abandoned = True
        # What is in the thread's hands when it is given up on is lost as far as anybody can tell.
        left = self.queue.lines
        self.queue.clear()
        self._losses.add("shutdown", left)
        self._losses.tell(last=True)

    def _run(self) -> None:
        try:
            # Now rather than with the first line: who has just named a file that cannot be written is still looking.
            self._destination.begin()
        except Exception as error:
            self._tell_failure(error)
        while True:
            self._await_lines()
            while not (self.queue.is_empty or self._is_abandoned):
                block = self.queue.take()
                began_s = time.monotonic()
                self._deliver(block)
                self._losses.took(time.monotonic() - began_s)
                self.queue.done(block)
            if self._is_closing:
                self._destination.close()
                return

    def _wake_up(self) -> None:
        if self._is_asleep:
            self._wake.set()

    def _await_lines(self) -> None:
        """Until there is something to write, and some more of it has come, or until the end.

        Under load blocks come hundreds of times a second, and to wake a thread costs whoever does it more than the write: so it
        looks by itself as long as there is something again and again.
        """
        for _ in range(_LOOKS):
            if self._is_closing:
                return
            time.sleep(_GATHER_S)
            if not self.queue.is_empty:
                return
        self._is_asleep = True
        if self.queue.is_empty and not self._is_closing:  # Looked at again, for whoever came before has woken nobody.
            self._wake.wait()
        self._is_asleep = False
        self._wake.clear()
        if not self._is_closing:
            time.sleep(_GATHER_S)

    def _deliver(self, block: Block) -> None:
        """A block that `close` gave up on while it was being written has been counted there."""
        rest = memoryview(b"")
        try:
            is_new = self._destination.begin()
            data = block.data if self.rewrite is None else self.rewrite(block.data)
            rest = memoryview(b"\n" + data if self._is_line_open and not is_new else data)
            while rest and not (self._is_broken or self._is_abandoned):
                written = self._destination.write(rest)
                if written:
                    self._is_line_open = rest[written - 1] != _LINE_END
                    rest = rest[written:]
        except Exception as error:
            # A fault of ours costs the block as well; the thread, and all that comes after it, must not end with it.
            self._tell_failure(error)
            if not self._is_abandoned:
                self._losses.add("write_failed", block.lines)
            return
        if self._is_abandoned:
            return
        if rest:
            self._losses.add("write_failed", block.lines)
            return
        self._losses.delivered(block.lines)
        if self._is_failing:
            self._is_failing = False
            _log.info("access_log_written_again", sink=self._losses.sink)

    def _tell_failure(self, error: Exception) -> None:
        is_fault = not isinstance(error, OSError)
        self._is_broken = isinstance(error, OSError) and error.errno == errno.EPIPE
        if not self._is_failing:
            self._is_failing = True
            _log.error(
                "access_log_not_written", sink=self._losses.sink, error=_told(error), is_final=self._is_broken,
                exc_info=error if is_fault else None,
            )  # fmt: skip


def _told(error: Exception) -> str:
    if not isinstance(error, OSError):
        return repr(error)
    return f"{error.strerror}: {error.filename}" if error.filename else str(error.strerror)
