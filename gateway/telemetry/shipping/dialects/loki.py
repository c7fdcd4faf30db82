"""Loki's push API: streams by label, of which there are few, and what has many values as structured metadata.

A line's time is the end of its exchange, for Loki refuses what is much older than the newest of its stream. Lines that
are sent again after a lost answer have the same time and text, which Loki keeps once.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from gateway.telemetry.formats.line import AccessLine
from gateway.telemetry.shipping.dialects.dialect import Answer, Entry, Judgement

_IGNORED: Final = re.compile(rb"total ignored: (\d{1,9}) out of \d{1,9}")
_encode: Final = msgspec.json.Encoder().encode


class LokiDialect:
    """labels: those of every stream, beside `level`. text: the line as it is to be read in Loki."""

    path: Final = "/loki/api/v1/push"
    content_type: Final = "application/json"

    def __init__(self, labels: dict[str, str], text: Callable[[Entry], str]) -> None:
        self._labels = labels
        self._text = text

    def encode(self, entries: Sequence[Entry]) -> bytes:
        streams: dict[str, list[Any]] = {}
        for entry in entries:
            value = [str(entry.line.written_ns), self._text(entry), _metadata(entry.line)]
            streams.setdefault(_level(entry.line), []).append(value)
        return _encode(
            {
                "streams": [
                    {"stream": {**self._labels, "level": level}, "values": values} for level, values in streams.items()
                ]
            }
        )

    def judge(self, entries: Sequence[Entry], answer: Answer) -> Judgement:
        """A 400 may be about some of the lines, and then says of how many; the others were taken."""
        if answer.status < 300:
            return Judgement(delivered=len(entries))
        ignored = sum(int(number) for number in _IGNORED.findall(answer.body))
        rejected = min(ignored, len(entries)) or len(entries)
        return Judgement(len(entries) - rejected, rejected, (), f"status {answer.status}")


def _level(line: AccessLine) -> str:
    if line.event or not line.has_failed:
        return "info"
    return "error" if line.status >= 500 or (line.source != "client" and line.reason != "none") else "warn"


def _metadata(line: AccessLine) -> dict[str, str]:
    metadata = {
        "route": line.route,
        "status": str(line.status),
        "reason": line.reason,
        "source": line.source,
        "upstream": line.upstream,
        "endpoint": line.endpoint,
        "request_id": line.request_id,
        "trace_id": line.trace_id,
        "event": line.event,
    }
    return {key: value for key, value in metadata.items() if value}
