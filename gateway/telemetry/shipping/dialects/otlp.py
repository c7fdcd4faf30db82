"""Log records of OpenTelemetry over HTTP in protobuf, one for each line, with the line's own field names as attributes.

A collector knows no ids of ours: what is sent again after a lost answer is there twice.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs, ScopeLogs, SeverityNumber
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from gateway import __version__
from gateway.telemetry.formats.line import AccessLine, AttemptLine
from gateway.telemetry.shipping.dialects.dialect import Answer, Entry, Judgement

_NAMED: Final = (
    ("http.request.method", "method"),
    ("http.response.status_code", "status"),
    ("http.route", "http_route"),
    ("url.path", "path"),
    ("url.query", "query"),
    ("client.address", "client_address"),
    ("server.address", "server_address"),
    ("network.protocol.version", "protocol"),
    ("user_agent.original", "user_agent"),
    ("sightline.request_id", "request_id"),
    ("sightline.config_revision", "config_revision"),
    ("sightline.route", "route"),
    ("sightline.upstream", "upstream"),
    ("sightline.endpoint", "endpoint"),
    ("sightline.source", "source"),
    ("sightline.reason", "reason"),
    ("sightline.reason_detail", "reason_detail"),
    ("sightline.event", "event"),
)
"""Attributes of text or number, left out where they are empty."""
_MEASURED: Final = (
    ("sightline.duration_ms", "duration_ms"),
    ("sightline.overhead_ms", "overhead_ms"),
    ("sightline.bytes_in", "bytes_in"),
    ("sightline.bytes_out", "bytes_out"),
    ("sightline.sample_rate", "sample_rate"),
)
_SAMPLED: Final = 1


class OtlpDialect:
    """resource: attributes of whoever speaks."""

    path: Final = "/v1/logs"
    content_type: Final = "application/x-protobuf"

    def __init__(self, resource: Mapping[str, str]) -> None:
        self._resource = Resource(attributes=_attributes(resource.items()))
        self._scope = InstrumentationScope(name="sightline.access", version=__version__)

    def encode(self, entries: Sequence[Entry]) -> bytes:
        now_ns = time.time_ns()
        records = [_record(entry.line, now_ns) for entry in entries]
        scoped = ScopeLogs(scope=self._scope, log_records=records)
        request = ExportLogsServiceRequest(resource_logs=[ResourceLogs(resource=self._resource, scope_logs=[scoped])])
        return bytes(request.SerializeToString())

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


def _record(line: AccessLine, now_ns: int) -> LogRecord:
    severity, text = _severity(line)
    pairs: list[tuple[str, Any]] = [(name, value) for name, field in _NAMED if (value := getattr(line, field))]
    pairs += [(name, getattr(line, field)) for name, field in _MEASURED]
    pairs += [(f"sightline.phase.{phase}", spent) for phase, spent in line.phases.items()]
    if line.attempts:
        pairs.append(("sightline.attempts", line.attempts))
    return LogRecord(
        time_unix_nano=line.started_ns,
        observed_time_unix_nano=now_ns,
        severity_number=severity,
        severity_text=text,
        body=AnyValue(string_value=f"{line.method} {line.path} {line.status}"),
        attributes=_attributes(pairs),
        trace_id=bytes.fromhex(line.trace_id),
        span_id=bytes.fromhex(line.span_id),
        flags=_SAMPLED if line.sampled else 0,
    )


def _severity(line: AccessLine) -> tuple[SeverityNumber.ValueType, str]:
    if line.event or not line.has_failed:
        return SeverityNumber.SEVERITY_NUMBER_INFO, "INFO"
    if line.status >= 500:
        return SeverityNumber.SEVERITY_NUMBER_ERROR, "ERROR"
    return SeverityNumber.SEVERITY_NUMBER_WARN, "WARN"


def _attributes(pairs: Iterable[tuple[str, Any]]) -> list[KeyValue]:
    return [KeyValue(key=key, value=_any(value)) for key, value in pairs]


def _any(value: Any) -> AnyValue:
    if isinstance(value, str):
        return AnyValue(string_value=value.encode("utf-8", "replace").decode())
    if isinstance(value, int):
        return AnyValue(int_value=value)
    if isinstance(value, float):
        return AnyValue(double_value=value)
    return AnyValue(array_value=ArrayValue(values=[_attempt(attempt) for attempt in value]))


def _attempt(attempt: AttemptLine) -> AnyValue:
    pairs = ((name, getattr(attempt, name)) for name in attempt.__struct_fields__)
    return AnyValue(kvlist_value=KeyValueList(values=_attributes(pairs)))
