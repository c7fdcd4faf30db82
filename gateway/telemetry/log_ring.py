"""The newest records of the operational log, for those who look: bounded in number and bytes, secrets taken out before."""

import socket
import threading
from collections import Counter, deque
from collections.abc import MutableMapping
from itertools import islice
from typing import Any, Final, NamedTuple

import orjson

from gateway.wire.filter import EVERYTHING, Expression, compile_log_filter, render
from gateway.wire.logs import LEVELS, LogLevel, LogListView, LogRecordView

CAPACITY: Final = 2_000
CAPACITY_BYTES: Final = 2 * 1024 * 1024
_EVENT: Final = 500
_TEXT: Final = 2_000
_TRACEBACK: Final = 8_000
_FIELDS: Final = 40
_LARGEST: Final = 1 << 53
"""Some readers of JSON cannot hold greater numbers."""
_OPTIONS: Final = orjson.OPT_NON_STR_KEYS
_TAKEN_OUT: Final = frozenset({"@timestamp", "level", "event", "logger", "actor", "exc_info"})
_LEVELS: Final[dict[str, LogLevel]] = {level: level for level in LEVELS} | {
    "warn": "warning",
    "exception": "error",
    "fatal": "critical",
}


class _Kept(NamedTuple):
    record: LogRecordView
    size: int
    """Bytes of its text, about."""


class LogRing:
    """Filled from any thread by the chain of the log, read on the supervisor's loop. The oldest goes where there is no room."""

    def __init__(self, capacity: int = CAPACITY, capacity_bytes: int = CAPACITY_BYTES) -> None:
        self.last_id = 0
        self._capacity = capacity
        self._capacity_bytes = capacity_bytes
        self._node = socket.gethostname()
        self._lock = threading.Lock()
        self._kept: deque[_Kept] = deque()
        self._bytes = 0
        self._dropped: Counter[str] = Counter()

    def keep(self, event: MutableMapping[str, Any]) -> None:
        """A record as the chain has it last: redacted, and what was raised as a text in `exception`."""
        fields, size = _plain_fields(event)
        level = _LEVELS.get(str(event.get("level", "info")), "info")
        text = _cut(str(event.get("event", "")), _EVENT)
        with self._lock:
            self.last_id += 1
            record = LogRecordView(
                id=self.last_id,
                at=str(event.get("@timestamp", "")),
                level=level,
                event=text,
                logger=str(event.get("logger", "")),
                node=self._node,
                actor=_cut(str(event.get("actor") or ""), _EVENT),
                fields=fields,
            )
            self._kept.append(_Kept(record, size + len(text)))
            self._bytes += size + len(text)
            while len(self._kept) > self._capacity or (self._bytes > self._capacity_bytes and len(self._kept) > 1):
                oldest = self._kept.popleft()
                self._bytes -= oldest.size
                self._dropped[oldest.record.level] += 1

    def since(self, after: int, most: int = CAPACITY) -> list[LogRecordView]:
        """The oldest `most` with an id above `after`, oldest first."""
        with self._lock:
            first = self._kept[0].record.id if self._kept else 1
            return [
                kept.record for kept in islice(self._kept, max(0, after + 1 - first), max(0, after + 1 - first) + most)
            ]

    def view(self, wanted: Expression, after: int | None, limit: int) -> LogListView:
        """What the admin API answers. wanted: in the vocabulary LOGS. after: the oldest behind this id; None for the newest."""
        with self._lock:
            kept = [each.record for each in self._kept]
            last_id, dropped = self.last_id, dict(self._dropped)
        first = kept[0].id if kept else last_id + 1
        asked = kept if after is None else kept[max(0, after + 1 - first) :]
        satisfies = compile_log_filter(wanted)
        matching = asked if wanted == EVERYTHING else [record for record in asked if satisfies(record)]
        return LogListView(
            records=matching[-limit:] if after is None else matching[:limit],
            last_id=last_id,
            filter=render(wanted),
            scanned=len(asked),
            kept_since=kept[0].at if kept else None,
            dropped=dropped,
            lost=max(0, first - after - 1) if after is not None else 0,
        )


def _plain_fields(event: MutableMapping[str, Any]) -> tuple[dict[str, Any], int]:
    """All that has no place of its own, as JSON has it, and about how many bytes it takes."""
    others = {str(name): value for name, value in event.items() if name not in _TAKEN_OUT and name[:1] != "_"}
    fields: dict[str, Any] = {}
    size = 0
    for name, value in islice(others.items(), _FIELDS):
        fields[name] = told = _plain(value, _TRACEBACK if name == "exception" else _TEXT)
        size += len(name) + (len(told) if isinstance(told, str) else 16)
    if len(others) > _FIELDS:
        fields["…"] = f"{len(others) - _FIELDS} more fields"
    return fields, size


def _plain(value: Any, most: int) -> Any:
    """Numbers and truth as they are; all else as text, which is JSON where it has an inside."""
    if value is None or isinstance(value, bool | float) or (isinstance(value, int) and abs(value) < _LARGEST):
        return value
    if isinstance(value, str):
        return _cut(value, most)
    try:
        return _cut(orjson.dumps(value, default=str, option=_OPTIONS).decode(), most)
    except (TypeError, ValueError, RecursionError):
        return _cut(repr(value), most)


def _cut(text: str, length: int) -> str:
    """Not too long, and fit to be sent: names of files and what comes from environments may hold bytes that are no text."""
    if not text.isascii():
        text = text[: length + 1].encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= length else f"{text[: length - 1]}…"
