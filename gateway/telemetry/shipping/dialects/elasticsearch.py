"""The bulk API of Elasticsearch and OpenSearch: pairs of lines, and an answer that judges each document by itself.

Each document has an id of ours, so that one that is sent again after a lost answer is refused as there already (409)
and not indexed twice.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from gateway.telemetry.formats.ecs import ecs_document
from gateway.telemetry.shipping.dialects.dialect import Answer, Entry, Judgement

_CONFLICT: Final = 409
_encode: Final = msgspec.json.Encoder().encode


class _Error(msgspec.Struct):
    type: str = ""


class _Result(msgspec.Struct):
    status: int
    error: _Error | None = None


class _Bulk(msgspec.Struct):
    errors: bool = False
    items: list[dict[str, _Result]] = []


_decoder: Final = msgspec.json.Decoder(_Bulk)


class ElasticsearchDialect:
    """boot: unlike that of any other start of any other gateway. service_name: None writes our own JSON instead of ECS."""

    content_type: Final = "application/x-ndjson"

    def __init__(self, index: str, boot: str, service_name: str | None) -> None:
        self.path = f"/{index}/_bulk?filter_path=errors,items.*.status,items.*.error.type"
        self._boot = boot
        self._service_name = service_name

    def encode(self, entries: Sequence[Entry]) -> bytes:
        pieces: list[bytes] = []
        for entry in entries:
            pieces.append(_encode({"create": {"_id": f"{self._boot}-{entry.number}"}}))
            pieces.append(self._document(entry))
        pieces.append(b"")
        return b"\n".join(pieces)

    def _document(self, entry: Entry) -> bytes:
        if self._service_name is None:
            return entry.raw
        return _encode(ecs_document(entry.line, self._service_name))

    def judge(self, entries: Sequence[Entry], answer: Answer) -> Judgement:
        if answer.status >= 300:
            return Judgement(rejected=len(entries), problem=f"status {answer.status}")
        try:
            bulk = _decoder.decode(answer.body)
        except msgspec.DecodeError:
            return Judgement(again=tuple(entries), problem="an answer that is none of the bulk API")
        if not bulk.errors:
            return Judgement(delivered=len(entries))
        if len(bulk.items) != len(entries):
            return Judgement(again=tuple(entries), problem="an answer about another number of documents")
        return _judge_items(entries, [next(iter(item.values()), _Result(0)) for item in bulk.items])


def _judge_items(entries: Sequence[Entry], results: list[_Result]) -> Judgement:
    again: list[Entry] = []
    delivered = rejected = 0
    problem = ""
    for entry, result in zip(entries, results, strict=True):
        if 200 <= result.status < 300 or result.status == _CONFLICT:
            delivered += 1
            continue
        if result.status == 429 or result.status >= 500:
            again.append(entry)
        else:
            rejected += 1
        problem = problem or _problem(result)
    return Judgement(delivered, rejected, tuple(again), problem)


def _problem(result: _Result) -> str:
    kind: Any = result.error.type if result.error else ""
    return f"status {result.status} of a document {kind}".rstrip()
