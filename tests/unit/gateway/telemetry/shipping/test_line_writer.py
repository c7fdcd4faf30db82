"""The writer of access lines: everything arrives in order, a stalled reader costs lines and never time."""

import errno
import os
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import pytest
import structlog.testing

from gateway.telemetry.shipping.destinations import Descriptor
from gateway.telemetry.shipping.line_writer import LineWriter
from gateway.telemetry.shipping.settings import QueueLimits
from tests.support.waiting import wait_until

WAIT_S: Final = 20.0


class CountedLedger:
    def __init__(self) -> None:
        self.dropped: Counter[str] = Counter()
        self.exported = 0
        self.changed = threading.Condition()

    def count_dropped(self, signal: str, sink: str, reason: str, count: int) -> None:
        assert (signal, sink) == ("log", "access_log")
        with self.changed:
            self.dropped[reason] += count
            self.changed.notify_all()

    def export_took(self, signal: str, sink: str, seconds: float) -> None:
        """Of no interest here."""

    def count_exported(self, signal: str, sink: str, count: int) -> None:
        with self.changed:
            self.exported += count
            self.changed.notify_all()

    def wait_for_drops(self, reason: str, count: int) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: self.dropped[reason] >= count, WAIT_S), self.dropped


class Pipe:
    """A pipe whose reader reads only when told."""

    def __init__(self) -> None:
        self.reading, self.writing = os.pipe()
        self.is_reading = True

    def read_all(self) -> bytes:
        """Until the writing side is closed."""
        pieces = []
        while piece := os.read(self.reading, 65536):
            pieces.append(piece)
        return b"".join(pieces)

    def close_reader(self) -> None:
        if self.is_reading:
            self.is_reading = False
            os.close(self.reading)

    def close_writer(self) -> None:
        if self.writing >= 0:
            os.close(self.writing)
            self.writing = -1


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    made = Pipe()
    yield made
    made.close_reader()
    made.close_writer()


def block(number: int, size: int = 100) -> bytes:
    return b"%06d" % number + b"x" * (size - 7) + b"\n"


def outages(logged: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """What was told beside the number of lines lost."""
    return [entry for entry in logged if entry["event"] != "access_lines_dropped"]


def test_blocks_arrive_whole_and_in_order(pipe: Pipe) -> None:
    ledger = CountedLedger()
    writer = LineWriter(ledger, Descriptor(pipe.writing))
    for number in range(300):
        writer.write(block(number), 1)
    writer.close(WAIT_S)
    pipe.close_writer()
    assert pipe.read_all() == b"".join(block(number) for number in range(300))
    assert (ledger.exported, ledger.dropped, writer.queue.size) == (300, Counter(), 0)


def test_a_stalled_reader_costs_the_oldest_lines_and_the_newest_arrive(pipe: Pipe) -> None:
    ledger = CountedLedger()
    writer = LineWriter(ledger, Descriptor(pipe.writing), limits=QueueLimits(1_000_000, 200_000))
    size, count = 50_000, 12
    for number in range(count):
        writer.write(block(number, size), 1)
    kept = count - ledger.dropped["queue_full"]
    assert 4 <= kept < count
    reader = threading.Thread(target=lambda: received.append(pipe.read_all()))
    received: list[bytes] = []
    reader.start()
    writer.close(WAIT_S)
    pipe.close_writer()
    reader.join(WAIT_S)
    numbers = [int(line[:6]) for line in received[0].splitlines()]
    assert (len(numbers), numbers) == (kept, sorted(numbers))
    assert numbers[-3:] == [count - 3, count - 2, count - 1]
    assert ledger.exported + ledger.dropped["queue_full"] == count


def test_lines_that_come_after_a_silence_arrive_as_well(pipe: Pipe) -> None:
    ledger = CountedLedger()
    writer = LineWriter(ledger, Descriptor(pipe.writing))
    for number in range(3):
        wait_until(lambda: writer._is_asleep, "the thread sleeps until it is woken", WAIT_S)
        writer.write(block(number), 1)
        with ledger.changed:
            assert ledger.changed.wait_for(lambda number=number: ledger.exported == number + 1, WAIT_S)  # type: ignore[misc]
    writer.close(WAIT_S)


def test_a_reader_that_has_gone_ends_nothing(pipe: Pipe) -> None:
    ledger = CountedLedger()
    writer = LineWriter(ledger, Descriptor(pipe.writing))
    pipe.close_reader()
    with structlog.testing.capture_logs() as logged:
        writer.write(block(1), 3)
        ledger.wait_for_drops("write_failed", 3)
        writer.write(block(2), 4)
        writer.close(WAIT_S)
    assert [(entry["event"], entry["error"]) for entry in outages(logged)] == [
        ("access_log_not_written", "Broken pipe")
    ]
    assert sum(entry["lines"] for entry in logged if entry["event"] == "access_lines_dropped") == 7
    assert ledger.dropped["write_failed"] == 7
    assert ledger.exported == 0


def test_a_disk_that_was_full_is_written_to_again_once_there_is_room(pipe: Pipe) -> None:
    ledger = CountedLedger()
    descriptor = os.open("/dev/full", os.O_WRONLY)
    try:
        writer = LineWriter(ledger, Descriptor(descriptor))
        with structlog.testing.capture_logs() as logged:
            writer.write(block(1), 3)
            writer.write(block(1), 3)
            ledger.wait_for_drops("write_failed", 6)
            os.dup2(pipe.writing, descriptor)
            writer.write(block(2), 4)
            writer.close(WAIT_S)
    finally:
        os.close(descriptor)
    assert os.read(pipe.reading, 1_000_000) == block(2)
    assert (ledger.dropped, ledger.exported) == ({"write_failed": 6}, 4)
    assert [entry["event"] for entry in outages(logged)] == ["access_log_not_written", "access_log_written_again"]


def test_a_line_that_was_cut_off_by_a_full_disk_is_ended_before_the_next(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = CountedLedger()
    writer = LineWriter(ledger, Descriptor(pipe.writing))
    results: list[int | OSError] = [5, OSError(errno.ENOSPC, "No space left on device")]
    write_for_real = os.write

    def write(descriptor: int, data: bytes) -> int:
        if not results:
            return write_for_real(descriptor, data)
        result = results.pop(0)
        if isinstance(result, OSError):
            raise result
        return write_for_real(descriptor, data[:result])

    monkeypatch.setattr("gateway.telemetry.shipping.destinations.os.write", write)
    writer.write(b"a line\n", 1)
    ledger.wait_for_drops("write_failed", 1)
    writer.write(b"another\n", 1)
    writer.close(WAIT_S)
    assert os.read(pipe.reading, 1_000) == b"a lin\nanother\n"


def test_closing_gives_up_at_its_deadline_and_counts_what_is_left(pipe: Pipe) -> None:
    ledger = CountedLedger()
    writer = LineWriter(ledger, Descriptor(pipe.writing))
    for number in range(3):
        writer.write(block(number, 100_000), 5)
    writer.close(0.05)
    assert ledger.dropped == {"shutdown": 15}
    writer.write(block(9), 1)
    pipe.close_reader()
    writer._thread.join(WAIT_S)
    assert ledger.dropped == {"shutdown": 16}
    assert ledger.exported == 0


def test_a_descriptor_that_does_not_block_is_waited_for(pipe: Pipe) -> None:
    os.set_blocking(pipe.writing, False)
    ledger = CountedLedger()
    writer = LineWriter(ledger, Descriptor(pipe.writing))
    received: list[bytes] = []
    reader = threading.Thread(target=lambda: received.append(pipe.read_all()))
    for number in range(5):
        writer.write(block(number, 100_000), 1)
    reader.start()
    writer.close(WAIT_S)
    pipe.close_writer()
    reader.join(WAIT_S)
    assert len(received[0]) == 500_000
    assert ledger.exported == 5


def test_an_empty_block_is_nothing(pipe: Pipe) -> None:
    ledger = CountedLedger()
    writer = LineWriter(ledger, Descriptor(pipe.writing))
    writer.write(b"", 0)
    writer.close(WAIT_S)
    assert (ledger.exported, ledger.dropped) == (0, Counter())


def test_a_fault_of_ours_costs_the_block_and_not_the_thread(pipe: Pipe) -> None:
    def rewrite(data: bytes) -> bytes:
        if data.startswith(b"000001"):
            raise ValueError("no form for this one")
        return data

    ledger = CountedLedger()
    with structlog.testing.capture_logs() as logs:
        writer = LineWriter(ledger, Descriptor(pipe.writing))
        writer.rewrite = rewrite
        writer.write(block(1), 1)
        ledger.wait_for_drops("write_failed", 1)
        writer.write(block(2), 1)
        writer.close(WAIT_S)
    pipe.close_writer()
    assert pipe.read_all() == block(2)
    assert (ledger.exported, ledger.dropped) == (1, {"write_failed": 1})
    told = [(log["event"], log.get("error")) for log in logs if log["event"] != "access_lines_dropped"]
    assert told == [
        ("access_log_not_written", "ValueError('no form for this one')"),
        ("access_log_written_again", None),
    ]
