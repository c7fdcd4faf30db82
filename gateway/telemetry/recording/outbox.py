"""Finished lines and records waiting for the worker's next report, bounded in bytes and items; what does not fit is counted."""

from typing import Final, Protocol, TypeAlias

from gateway.wire.report import DropCount, ExchangeRecord, Place

_DUE_BYTES: Final = 128 * 1024
"""More than this is sent on at once: megabytes waiting would push the engine out of the processor's cache."""
_MAX_LINE_BYTES: Final = 8 * 1024 * 1024
_MAX_KEPT_BYTES: Final = 256 * 1024
_MAX_UNMATCHED_BYTES: Final = _MAX_KEPT_BYTES // 4
_MAX_RECORDS: Final = 512
_DUE_RECORDS: Final = _MAX_RECORDS // 4
"""So many are sent on with lines alone; fewer wait for the counts: many at once are taken apart at half of the cost of a few."""


Lines: TypeAlias = tuple[tuple[bytes, Place | None, int], bytes, bytes, list[ExchangeRecord]]
"""Access lines, where those are that came before them, and their number altogether; kept lines, tapped lines, records."""


class LineRoom(Protocol):
    """Memory where access lines are put at once, a block at a time, and found by whoever takes the report."""

    def begin(self) -> int:
        """A new block; how many bytes it may have, 0 where there is no room now."""

    def write(self, lines: bytes, /) -> int:
        """Append to it."""

    def end(self) -> Place | None:
        """Where the block is; None if nothing was written to it."""


class Outbox:
    """What one worker has to send on. Without a room, or while there is none in it, lines are kept here."""

    __slots__ = (
        "_decisions",
        "_drops",
        "_kept",
        "_line_bytes",
        "_line_count",
        "_lines",
        "_records",
        "_room",
        "_room_left",
        "_sampled",
        "_tapped",
        "_unmatched",
    )

    def __init__(self, room: LineRoom | None = None) -> None:
        self._room = room
        self._room_left = room.begin() if room is not None else 0
        self._lines: list[bytes] = []
        self._line_bytes = 0
        self._line_count = 0
        self._kept = bytearray()
        self._unmatched = 0
        self._sampled = 0
        self._tapped = bytearray()
        self._records: list[ExchangeRecord] = []
        self._decisions: dict[str, int] = {}
        self._drops: dict[tuple[str, str], int] = {}

    def add_line(self, line: bytes) -> None:
        """One line, with its end, for the access log."""
        self.add_lines(line, 1)

    def add_lines(self, lines: bytes, count: int) -> None:
        """Several lines at once; they stay or are dropped together."""
        size = len(lines)
        if self._room is not None and size <= self._room_left:
            self._room.write(lines)
            self._room_left -= size
        elif self._line_bytes + size > _MAX_LINE_BYTES:
            self._drop("log", "access_log", count)
            return
        else:
            self._lines.append(lines)
            self._room_left = 0  # They stay in their order.
        self._line_bytes += size
        self._line_count += count

    def add_kept_line(self, line: bytes) -> None:
        """One line, with its end, that only the admin API will show."""
        if len(self._kept) + len(line) > _MAX_KEPT_BYTES:
            self._drop("log", "recent")
            return
        self._kept += line

    def add_unmatched_line(self, line: bytes) -> None:
        """The same of a request that no route took: they leave room for what has failed, however many there are."""
        if len(self._kept) + len(line) > _MAX_UNMATCHED_BYTES:
            self._drop("log", "recent")
            return
        self._kept += line

    def add_kept_copy(self, line: bytes) -> None:
        """The same of a line that the access log has: that it does not fit is no loss to count."""
        if len(self._kept) + len(line) <= _MAX_KEPT_BYTES:
            self._kept += line

    def note_unmatched(self) -> None:
        """A line that was just added is of a request that no route took."""
        self._unmatched += 1

    def take_unmatched(self) -> int:
        """How many lines were, since the last call."""
        unmatched, self._unmatched = self._unmatched, 0
        return unmatched

    def note_sampled(self) -> None:
        """A line that is being added stands for others too."""
        self._sampled += 1

    def take_sampled(self) -> int:
        """How many lines did, since the last call."""
        sampled, self._sampled = self._sampled, 0
        return sampled

    def add_tapped_line(self, line: bytes) -> None:
        """One line of a plain exchange that is only written because somebody looks."""
        if len(self._tapped) + len(line) > _MAX_KEPT_BYTES:
            self._drop("log", "tap")
            return
        self._tapped += line

    def add_record(self, record: ExchangeRecord) -> None:
        """One exchange whose spans are kept."""
        self._decisions[record.rule] = self._decisions.get(record.rule, 0) + 1
        if len(self._records) >= _MAX_RECORDS:
            self._drop("span", "otlp", 1 + len(record.attempts))
            return
        self._records.append(record)

    def is_due(self) -> bool:
        return self._line_bytes > _DUE_BYTES

    def take_lines(self, *, with_records: bool = True) -> Lines:
        """Everything waiting, which is then forgotten; records only if they are wanted or many."""
        place = self._room.end() if self._room is not None else None
        lines = b"".join(self._lines)
        records: list[ExchangeRecord] = []
        if with_records or len(self._records) >= _DUE_RECORDS:
            records, self._records = self._records, records
        taken = ((lines, place, self._line_count), bytes(self._kept), bytes(self._tapped), records)
        self._room_left = self._room.begin() if self._room is not None else 0
        self._lines = []
        self._line_bytes = self._line_count = 0
        self._kept = bytearray()
        self._tapped = bytearray()
        return taken

    def take_decisions(self) -> dict[str, int]:
        """Kept exchanges by rule since the last call."""
        decisions, self._decisions = self._decisions, {}
        return decisions

    def take_drops(self) -> list[DropCount]:
        """What did not fit since the last call."""
        drops = [DropCount(signal, sink, "queue_full", count) for (signal, sink), count in self._drops.items()]
        self._drops.clear()
        return drops

    def _drop(self, signal: str, sink: str, count: int = 1) -> None:
        """Log drops are lines, span drops are spans."""
        self._drops[signal, sink] = self._drops.get((signal, sink), 0) + count
