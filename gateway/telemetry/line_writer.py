"""Access lines to stdout from a thread, through a bounded queue: whoever reads them may stall without stalling the gateway."""

import errno
import os
import select
import threading
from collections import deque
from typing import Final, Protocol

import structlog

_log = structlog.get_logger("sightline.telemetry")
_SINK: Final = "access_log"
_SIGNAL: Final = "log"
_MAX_BLOCKS: Final = 8192
_POLL_MS: Final = 500
_LINE_END: Final = ord("\n")


class Ledger(Protocol):
    """Where deliveries and losses are counted; the metrics store. Called from the loop and from the thread."""

    def count_dropped(self, signal: str, sink: str, reason: str, count: int) -> None: ...

    def count_exported(self, signal: str, sink: str, count: int) -> None: ...


class LineWriter:
    """Writes whole blocks of lines to a file descriptor in the order they came.

    A block that finds the queue full is dropped and its lines counted, as is everything once the reader has gone (EPIPE).
    Any other failure, a full disk say, costs the block at hand; the next one is tried again. The thread starts with the
    object and ends with `close`.
    """

    def __init__(self, ledger: Ledger, descriptor: int = 1, max_bytes: int = 32 * 1024 * 1024) -> None:
        self._ledger = ledger
        self._descriptor = descriptor
        self._max_bytes = max_bytes
        self._blocks: deque[tuple[bytes, int]] = deque()
        self._wake = threading.Event()
        self._is_closing = False
        self._is_abandoned = False
        self._is_broken = False
        self._is_failing = False
        """Whether the last block could not be written; an outage is told once, and its end."""
        self._is_line_open = False
        """Whether what was written last ended in the middle of a line."""
        self._bytes_in = 0
        self._bytes_out = 0
        self._thread = threading.Thread(target=self._run, name="access lines", daemon=True)
        self._thread.start()

    @property
    def capacity(self) -> int:
        """Bytes that may wait."""
        return self._max_bytes

    def waiting_bytes(self) -> int:
        """Bytes that wait now. Each of the two counters has one writer, so no lock is needed."""
        return self._bytes_in - self._bytes_out

    def write(self, block: bytes, lines: int) -> None:
        """Queue a block of so many whole lines; returns at once, whatever the reader does. One thread only."""
        if not block:
            return
        if self._is_broken or self._is_closing:
            self._drop("shutdown" if self._is_closing else "write_failed", lines)
        elif self.waiting_bytes() + len(block) > self._max_bytes or len(self._blocks) >= _MAX_BLOCKS:
            self._drop("queue_full", lines)
        else:
            self._bytes_in += len(block)
            self._blocks.append((block, lines))
            self._wake.set()

    def close(self, deadline_s: float) -> None:
        """Write what waits, for at most so many seconds; the rest is dropped and counted. Blocks; call it in a thread."""
        self._is_closing = True
        self._wake.set()
        self._thread.join(deadline_s)
        self._is_abandoned = True
        left = sum(lines for _, lines in tuple(self._blocks))
        if left:
            self._drop("shutdown", left)

    def _run(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            while self._blocks and not self._is_abandoned:
                block, lines = self._blocks[0]
                self._deliver(block, lines)
                self._bytes_out += len(block)
                self._blocks.popleft()
            if self._is_closing:
                return

    def _deliver(self, block: bytes, lines: int) -> None:
        """A block that `close` gave up on while it was being written has been counted there."""
        rest = memoryview(b"\n" + block if self._is_line_open else block)
        try:
            while rest and not (self._is_broken or self._is_abandoned):
                written = self._write_some(rest)
                if written:
                    self._is_line_open = rest[written - 1] != _LINE_END
                    rest = rest[written:]
        except OSError as error:
            self._tell_failure(error)
        if self._is_abandoned:
            return
        if rest:
            self._drop("write_failed", lines)
            return
        self._ledger.count_exported(_SIGNAL, _SINK, lines)
        if self._is_failing:
            self._is_failing = False
            _log.info("access_log_written_again")

    def _tell_failure(self, error: OSError) -> None:
        self._is_broken = error.errno == errno.EPIPE
        if not self._is_failing:
            self._is_failing = True
            _log.error("access_log_not_written", error=error.strerror, is_final=self._is_broken)

    def _write_some(self, rest: memoryview) -> int:
        """Blocks while the reader does not read. Somebody else may have set the descriptor not to block: then wait here."""
        try:
            return os.write(self._descriptor, rest)
        except BlockingIOError:
            poller = select.poll()
            poller.register(self._descriptor, select.POLLOUT)
            poller.poll(_POLL_MS)
            return 0

    def _drop(self, reason: str, lines: int) -> None:
        self._ledger.count_dropped(_SIGNAL, _SINK, reason, lines)
