"""The operational log as it came: records in the order they were written, and the truth about what is missing among them."""

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Final

import msgspec

from gateway.wire.logs import LogListView, LogRecordView

KEPT: Final = 2_000


class Logged(msgspec.Struct, frozen=True):
    """A record and its place: a number that grows with time, in microseconds since the epoch where no two share one."""

    number: int
    record: LogRecordView

    @property
    def at_s(self) -> float:
        """About when it was written, in Unix seconds of the gateway."""
        return self.number / 1e6


class LogBook:
    """Records, oldest first. Ids begin anew with each gateway, so that it is time and id which order them."""

    def __init__(self) -> None:
        self.rows: deque[Logged] = deque(maxlen=KEPT)
        self.is_known = False
        """Whether the gateway has told what it remembers."""
        self.dropped = 0
        """How many it wrote before that it does not remember."""
        self.lost = 0
        """How many were missed on the way here."""
        self.version = 0
        self._shown: tuple[int, str, list[Logged]] = (-1, "", [])

    def add(self, record: LogRecordView) -> None:
        """One that was just written."""
        if any(row.record.id == record.id and row.record.at == record.at for row in reversed(self.rows)):
            return
        self.version += 1
        if self.rows and _microseconds(record.at) < self.rows[-1].number:
            self._renumber([*(row.record for row in self.rows), record])
        else:
            self.rows.append(_placed(record, self.rows[-1].number if self.rows else 0))

    def merge(self, view: LogListView) -> None:
        """What the gateway remembers."""
        self.version += 1
        self.is_known = True
        self.dropped = sum(view.dropped.values())
        known = {(row.record.at, row.record.id) for row in self.rows}
        missing = [record for record in view.records if (record.at, record.id) not in known]
        if missing:
            self._renumber([*(row.record for row in self.rows), *missing])

    def lose(self, count: int) -> None:
        self.version += 1
        self.lost += count

    def still(self) -> "LogBook":
        """As it is now."""
        still = LogBook()
        vars(still).update(vars(self))
        still.rows = self.rows.copy()
        return still

    def matching(self, text: str, predicate_of: Callable[[str], Callable[[LogRecordView], bool]]) -> list[Logged]:
        """Those that satisfy a filter; worked out once for as long as nothing comes."""
        version, of, rows = self._shown
        if (version, of) != (self.version, text):
            holds = predicate_of(text)
            rows = [row for row in self.rows if holds(row.record)]
            self._shown = (self.version, text, rows)
        return rows

    def _renumber(self, records: Iterable[LogRecordView]) -> None:
        placed: list[Logged] = []
        for record in sorted(records, key=lambda record: (_microseconds(record.at), record.id)):
            placed.append(_placed(record, placed[-1].number if placed else 0))
        self.rows = deque(placed, maxlen=KEPT)


def jump(rows: Sequence[Logged], from_number: int, seconds: float) -> Logged | None:
    """The row so far from another one in time: the first that is at least so much later, the last that is so much earlier.

    None where a jump forward leads beyond the newest: then the newest is followed.
    """
    wanted = from_number + round(seconds * 1e6)
    if seconds > 0:
        at = bisect_left(rows, wanted, key=lambda row: row.number)
        return rows[at] if at < len(rows) else None
    at = bisect_right(rows, wanted, key=lambda row: row.number) - 1
    return rows[max(at, 0)] if rows else None


def _placed(record: LogRecordView, before: int) -> Logged:
    return Logged(max(before + 1, _microseconds(record.at)), record)


def _microseconds(at: str) -> int:
    try:
        return round(datetime.fromisoformat(at).timestamp() * 1e6)
    except ValueError:
        return 0
