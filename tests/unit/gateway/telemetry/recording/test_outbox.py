"""Lines leave in the order they came, wherever they waited, and what does not fit is counted."""

from gateway.telemetry.recording.exchange_record import build_record
from gateway.telemetry.recording.outbox import Outbox
from gateway.telemetry.timing import measure
from gateway.wire.report import ExchangeRecord, Place
from tests.unit.gateway.telemetry.samples import make_exchange


class Room:
    """Has room for blocks of so many bytes, for a number of blocks that the test may change."""

    def __init__(self, size: int, blocks: int) -> None:
        self.blocks = blocks
        self.written: list[bytes] = []
        self._size = size

    def begin(self) -> int:
        self.written.append(b"")
        return self._size if self.blocks else 0

    def write(self, lines: bytes, /) -> int:
        self.written[-1] += lines
        return len(lines)

    def end(self) -> Place | None:
        if not self.written[-1]:
            return None
        self.blocks -= 1
        return 1, len(self.written) - 1, len(self.written[-1])


def test_lines_are_kept_where_there_is_no_room_for_them() -> None:
    outbox = Outbox()
    outbox.add_line(b"1\n")
    outbox.add_lines(b"2\n3\n", 2)
    assert outbox.take_lines()[0] == (b"1\n2\n3\n", None, 3)
    assert outbox.take_lines()[0] == (b"", None, 0)


def test_lines_go_where_there_is_room_and_those_after_them_are_kept() -> None:
    room = Room(10, 1)
    outbox = Outbox(room)
    for line in (b"1234\n", b"abcdefg\n", b"5\n"):
        outbox.add_line(line)
    (lines, place, count), *_ = outbox.take_lines()
    assert (lines, count) == (b"abcdefg\n5\n", 3)
    assert place is not None
    assert room.written[place[1]] == b"1234\n"

    outbox.add_line(b"6\n")
    assert outbox.take_lines()[0] == (b"6\n", None, 1)
    room.blocks = 1
    outbox.add_line(b"7\n")
    assert outbox.take_lines()[0] == (b"7\n", None, 1), "there was none when the block began"
    outbox.add_line(b"8\n")
    (lines, place, count), *_ = outbox.take_lines()
    assert (lines, place is not None, count) == (b"", True, 1)
    assert not outbox.take_drops()


def test_a_few_records_wait_for_the_counts_and_many_go_with_the_lines() -> None:
    outbox, record = Outbox(), build_record(make_exchange(), measure(make_exchange()), "sampled", None)
    outbox.add_record(record)
    outbox.add_line(b"1\n")
    assert outbox.take_lines(with_records=False)[-1] == []
    assert outbox.take_lines()[-1] == [record]
    taken: list[ExchangeRecord] = []
    for _ in range(300):
        outbox.add_record(record)
        taken += outbox.take_lines(with_records=False)[-1]
    assert 100 < len(taken) < 300
    assert len(taken + outbox.take_lines()[-1]) == 300
    assert not outbox.take_drops()


def test_what_waits_is_due_and_bounded_wherever_it_is() -> None:
    outbox, line = Outbox(Room(200_000, 1)), b"x" * 99_999 + b"\n"
    outbox.add_line(line)
    assert not outbox.is_due()
    outbox.add_line(line)
    assert outbox.is_due()
    while not (drops := outbox.take_drops()):
        outbox.add_line(line)
    assert [(drop.sink, drop.count) for drop in drops] == [("access_log", 1)]
    (lines, place, count), *_ = outbox.take_lines()
    assert place is not None
    assert place[2] + len(lines) == count * 100_000
    assert not outbox.is_due()
