"""Finished lines and records waiting for the worker's next report, bounded in bytes and items; what does not fit is counted."""

from typing import Final, TypeAlias

from gateway.wire.report import DropCount, ExchangeRecord

_DUE_BYTES: Final = 256 * 1024
_MAX_LINE_BYTES: Final = 8 * 1024 * 1024
_MAX_KEPT_BYTES: Final = 256 * 1024
_MAX_RECORDS: Final = 512

Lines: TypeAlias = tuple[bytes, int, bytes, list[ExchangeRecord]]
"""Access lines, their number, kept lines, records."""


class Outbox:
    """What one worker has to send on."""

    __slots__ = ("_decisions", "_drops", "_kept", "_kept_bytes", "_line_bytes", "_lines", "_records")

    def __init__(self) -> None:
        self._lines: list[bytes] = []
        self._line_bytes = 0
        self._kept: list[bytes] = []
        self._kept_bytes = 0
        self._records: list[ExchangeRecord] = []
        self._decisions: dict[str, int] = {}
        self._drops: dict[tuple[str, str], int] = {}

    def add_line(self, line: bytes) -> None:
        """One line, with its end, for the access log."""
        size = self._line_bytes + len(line)
        if size > _MAX_LINE_BYTES:
            self._drop("log", "access_log")
            return
        self._lines.append(line)
        self._line_bytes = size

    def add_kept_line(self, line: bytes) -> None:
        """One line, with its end, that only the admin API will show."""
        size = self._kept_bytes + len(line)
        if size > _MAX_KEPT_BYTES:
            self._drop("log", "recent")
            return
        self._kept.append(line)
        self._kept_bytes = size

    def add_record(self, record: ExchangeRecord) -> None:
        """One exchange whose spans are kept."""
        self._decisions[record.rule] = self._decisions.get(record.rule, 0) + 1
        if len(self._records) >= _MAX_RECORDS:
            self._drop("span", "otlp")
            return
        self._records.append(record)

    def is_due(self) -> bool:
        return self._line_bytes > _DUE_BYTES

    def take_lines(self) -> Lines:
        """Everything waiting, which is then forgotten."""
        taken = (b"".join(self._lines), len(self._lines), b"".join(self._kept), self._records)
        self._lines.clear()
        self._kept.clear()
        self._records = []
        self._line_bytes = self._kept_bytes = 0
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

    def _drop(self, signal: str, sink: str) -> None:
        self._drops[signal, sink] = self._drops.get((signal, sink), 0) + 1
