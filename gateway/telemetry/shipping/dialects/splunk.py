"""Splunk's HTTP event collector: envelopes one after the other, the token in a header field.

The collector knows no ids: what is sent again after a lost answer is there twice.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from gateway.telemetry.shipping.dialects.dialect import Answer, Entry, Judgement

_INVALID_EVENT: Final = re.compile(rb'"invalid-event-number"\s*:\s*(\d{1,9})')
_encode: Final = msgspec.json.Encoder().encode


class SplunkDialect:
    """envelope: what all events share (host, source, sourcetype, index). event: the line as it is to be indexed."""

    path: Final = "/services/collector/event"
    content_type: Final = "application/json"

    def __init__(self, envelope: dict[str, str], event: Callable[[Entry], Any]) -> None:
        self._envelope = envelope
        self._event = event

    def encode(self, entries: Sequence[Entry]) -> bytes:
        return b"".join([_encode(self._enveloped(entry)) for entry in entries])

    def _enveloped(self, entry: Entry) -> dict[str, Any]:
        line = entry.line
        fields = {"route": line.route, "upstream": line.upstream, "reason": line.reason, "trace_id": line.trace_id}
        return {
            # Seconds with milliseconds behind the point, as text: no digit is lost on the way through a float.
            "time": f"{line.started_ns // 1_000_000_000}.{line.started_ns // 1_000_000 % 1000:03d}",
            **self._envelope,
            "fields": {key: value for key, value in fields.items() if value},
            "event": self._event(entry),
        }

    def judge(self, entries: Sequence[Entry], answer: Answer) -> Judgement:
        """A 400 names the first event that is invalid: those before it were taken, those behind it not looked at."""
        if answer.status < 300:
            return Judgement(delivered=len(entries))
        found = _INVALID_EVENT.search(answer.body)
        first = int(found[1]) if found else len(entries)
        problem = f"status {answer.status}"
        if first >= len(entries):
            return Judgement(rejected=len(entries), problem=problem)
        return Judgement(first, 1, tuple(entries[first + 1 :]), problem)
