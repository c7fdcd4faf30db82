"""Logstash's http input: an array of objects, each of which becomes an event.

`event.id` is a line's own, also when it is sent again after a lost answer: take it as `document_id` and nothing is
indexed twice.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from gateway.telemetry.formats.ecs import ecs_document
from gateway.telemetry.shipping.dialects.dialect import Answer, Entry, Judgement, all_or_nothing

_encode: Final = msgspec.json.Encoder().encode


class LogstashDialect:
    """boot, service_name: as of elasticsearch."""

    path: Final = "/"
    content_type: Final = "application/json"

    def __init__(self, boot: str, service_name: str | None) -> None:
        self._boot = boot
        self._service_name = service_name

    def encode(self, entries: Sequence[Entry]) -> bytes:
        return _encode([self._document(entry) for entry in entries])

    def _document(self, entry: Entry) -> Any:
        if self._service_name is None:
            return msgspec.Raw(entry.raw)
        document = ecs_document(entry.line, self._service_name)
        document["event"]["id"] = f"{self._boot}-{entry.number}"
        return document

    def judge(self, entries: Sequence[Entry], answer: Answer) -> Judgement:
        return all_or_nothing(entries, answer)
