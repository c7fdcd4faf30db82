"""Log records of OpenTelemetry over HTTP in protobuf, one for each line, with the line's own field names as attributes.

A record is written by hand, some forty small messages of which most repeat from line to line: by the official classes it
takes seven times as long. A collector knows no ids of ours: what is sent again after a lost answer is there twice.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Final

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from gateway import __version__
from gateway.telemetry.formats.line import AccessLine, AttemptLine
from gateway.telemetry.protobuf import FIXED32, FIXED64, LENGTH, VARINT, double, fixed32, fixed64, message, tag, varint
from gateway.telemetry.shipping.dialects.dialect import Answer, Entry, Judgement

_REPEATING: Final = (
    ("http.request.method", "method"),
    ("http.route", "http_route"),
    ("network.protocol.version", "protocol"),
    ("server.address", "server_address"),
    ("user_agent.original", "user_agent"),
    ("sightline.config_revision", "config_revision"),
    ("sightline.route", "route"),
    ("sightline.upstream", "upstream"),
    ("sightline.endpoint", "endpoint"),
    ("sightline.source", "source"),
    ("sightline.reason", "reason"),
    ("sightline.event", "event"),
    ("sightline.fault", "fault"),
)
"""Attributes of text that many lines share; left out where they are empty, like the next."""
_SINGLE: Final = (
    ("url.path", "path"),
    ("url.query", "query"),
    ("client.address", "client_address"),
    ("sightline.request_id", "request_id"),
    ("sightline.reason_detail", "reason_detail"),
)
_DOUBLES: Final = (
    ("sightline.duration_ms", "duration_ms"),
    ("sightline.overhead_ms", "overhead_ms"),
    ("sightline.open_ms", "open_ms"),
    ("sightline.fault_ms", "fault_ms"),
)
_INTEGERS: Final = (
    ("http.response.status_code", "status"),
    ("sightline.bytes_in", "bytes_in"),
    ("sightline.bytes_out", "bytes_out"),
)
_INFO, _WARN, _ERROR = 9, 13, 17
_SEVERITY_TEXT: Final = {_INFO: b"INFO", _WARN: b"WARN", _ERROR: b"ERROR"}

# Field numbers as in logs.proto and common.proto of opentelemetry-proto, each as the byte that begins the field.
_REQUEST_RESOURCE, _RESOURCE_SCOPE, _SCOPE_RECORD = tag(1, LENGTH), tag(2, LENGTH), tag(2, LENGTH)
_TIME, _OBSERVED, _SEVERITY, _TEXT, _BODY = (
    tag(1, FIXED64),
    tag(11, FIXED64),
    tag(2, VARINT),
    tag(3, LENGTH),
    tag(5, LENGTH),
)
_ATTRIBUTE, _FLAGS, _TRACE, _SPAN = tag(6, LENGTH), tag(8, FIXED32), tag(9, LENGTH), tag(10, LENGTH)
_KEY, _VALUE = tag(1, LENGTH), tag(2, LENGTH)
_STRING, _INT, _DOUBLE, _ARRAY, _KVLIST = (
    tag(1, LENGTH),
    tag(3, VARINT),
    tag(4, FIXED64),
    tag(5, LENGTH),
    tag(6, LENGTH),
)
_ITEM: Final = tag(1, LENGTH)
_SAMPLED: Final = fixed32(1)


class OtlpDialect:
    """resource: attributes of whoever speaks."""

    path: Final = "/v1/logs"
    content_type: Final = "application/x-protobuf"

    def __init__(self, resource: Mapping[str, str]) -> None:
        attributes = [KeyValue(key=key, value=AnyValue(string_value=value)) for key, value in resource.items()]
        scope = InstrumentationScope(name="sightline.access", version=__version__)
        self._resource = message(tag(1, LENGTH), Resource(attributes=attributes).SerializeToString())
        self._scope = message(tag(1, LENGTH), scope.SerializeToString())

    def encode(self, entries: Sequence[Entry]) -> bytes:
        observed = _OBSERVED + fixed64(time.time_ns())
        records = [message(_SCOPE_RECORD, _record(entry.line) + observed) for entry in entries]
        scoped = message(_RESOURCE_SCOPE, self._scope + b"".join(records))
        return message(_REQUEST_RESOURCE, self._resource + scoped)

    def judge(self, entries: Sequence[Entry], answer: Answer) -> Judgement:
        """Of a partial success the specification says that the refused records must not be sent again."""
        if answer.status >= 300:
            return Judgement(rejected=len(entries), problem=f"status {answer.status}")
        try:
            partial = ExportLogsServiceResponse.FromString(answer.body).partial_success
        except DecodeError:
            return Judgement(delivered=len(entries))
        rejected = max(0, min(partial.rejected_log_records, len(entries)))
        problem = f"{rejected} records refused" if rejected else ""
        return Judgement(len(entries) - rejected, rejected, (), problem)


def _record(line: AccessLine) -> bytes:
    severity = _severity(line)
    summary = _utf8(f"{line.method} {line.path} {line.status}")
    return b"".join(
        (
            _TIME + fixed64(line.started_ns),
            _SEVERITY + varint(severity),
            message(_TEXT, _SEVERITY_TEXT[severity]),
            message(_BODY, message(_STRING, summary)),
            *_texts(line),
            *_measures(line),
            message(_TRACE, bytes.fromhex(line.trace_id)),
            message(_SPAN, bytes.fromhex(line.span_id)),
            _FLAGS + _SAMPLED if line.sampled else b"",
        )
    )


def _severity(line: AccessLine) -> int:
    if line.event or not line.has_failed:
        return _INFO
    return _ERROR if line.status >= 500 else _WARN


def _texts(line: AccessLine) -> Iterator[bytes]:
    for key, field in _REPEATING:
        if text := getattr(line, field):
            yield _repeating(key, text)
    for key, field in _SINGLE:
        if text := getattr(line, field):
            yield _attribute(key, message(_STRING, _utf8(text)))


def _measures(line: AccessLine) -> Iterator[bytes]:
    for key, field in _INTEGERS:
        yield _attribute(key, _INT + varint(getattr(line, field)))
    for key, field in _DOUBLES:
        if number := getattr(line, field):
            yield _attribute(key, _DOUBLE + double(number))
    for phase, spent_ms in line.phases.items():
        yield _attribute(f"sightline.phase.{phase}", _DOUBLE + double(spent_ms))
    if line.sample_rate != 1.0:
        yield _attribute("sightline.sample_rate", _DOUBLE + double(line.sample_rate))
    if line.attempts:
        items = b"".join([message(_ITEM, _attempt(attempt)) for attempt in line.attempts])
        yield _attribute("sightline.attempts", message(_ARRAY, items))


@lru_cache(4096)
def _repeating(key: str, text: str) -> bytes:
    return _attribute(key, message(_STRING, _utf8(text)))


@lru_cache(256)
def _key(key: str) -> bytes:
    return message(_KEY, key.encode())


def _attribute(key: str, value: bytes) -> bytes:
    return message(_ATTRIBUTE, _key(key) + message(_VALUE, value))


def _attempt(attempt: AttemptLine) -> bytes:
    """As a list of keys and values."""
    pairs = (
        ("endpoint", message(_STRING, _utf8(attempt.endpoint))),
        ("status", _INT + varint(attempt.status)),
        ("reason", message(_STRING, _utf8(attempt.reason))),
        ("ttfb_ms", _DOUBLE + double(attempt.ttfb_ms)),
        ("ms", _DOUBLE + double(attempt.ms)),
        ("connect_ms", _DOUBLE + double(attempt.connect_ms)),
    )
    return message(_KVLIST, b"".join([message(_ITEM, _key(key) + message(_VALUE, value)) for key, value in pairs]))


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "replace")
