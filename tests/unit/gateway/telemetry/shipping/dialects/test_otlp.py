"""Log records written by hand, read by the official definitions: every field, whatever its value."""

from typing import Any

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from gateway.telemetry.formats.line import read_line
from gateway.telemetry.shipping.dialects.dialect import Answer, Entry
from gateway.telemetry.shipping.dialects.otlp import OtlpDialect
from tests.unit.gateway.telemetry.lines import failure, success, written
from tests.unit.gateway.telemetry.samples import (
    SPAN_ID,
    STARTED_AT_NS,
    TRACE_ID,
    failed_attempt,
    make_attempt,
    make_exchange,
    refused_exchange,
)

DIALECT = OtlpDialect({"service.name": "edge", "host.name": "här"})


def entry(line: bytes) -> Entry:
    return Entry(1, line[:-1], read_line(line))


def request(*lines: bytes) -> Any:
    return ExportLogsServiceRequest.FromString(DIALECT.encode([entry(line) for line in lines]))


def record(line: bytes) -> Any:
    return request(line).resource_logs[0].scope_logs[0].log_records[0]


def plain(value: Any) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [plain(item) for item in value.array_value.values]
    if kind == "kvlist_value":
        return {pair.key: plain(pair.value) for pair in value.kvlist_value.values}
    return getattr(value, kind)


def attributes(line: bytes) -> dict[str, Any]:
    found = record(line).attributes
    assert len({pair.key for pair in found}) == len(found)
    return {pair.key: plain(pair.value) for pair in found}


def test_whoever_speaks_is_named_once_for_all_records() -> None:
    (resource,) = request(success(1), success(2)).resource_logs
    assert {pair.key: pair.value.string_value for pair in resource.resource.attributes} == {
        "service.name": "edge",
        "host.name": "här",
    }
    (scoped,) = resource.scope_logs
    assert (scoped.scope.name, len(scoped.log_records)) == ("sightline.access", 2)


def test_a_record_has_its_time_its_trace_and_its_severity() -> None:
    found = record(success(7))
    assert (found.time_unix_nano, found.trace_id.hex(), found.span_id.hex()) == (STARTED_AT_NS, TRACE_ID, SPAN_ID)
    assert found.observed_time_unix_nano > STARTED_AT_NS
    assert (found.severity_number, found.severity_text, found.flags) == (9, "INFO", 0)
    assert found.body.string_value == "GET /v1/orders/7 200"
    assert record(written(make_exchange(sampled=True))).flags == 1
    assert record(failure()).severity_text == "ERROR"
    assert record(written(refused_exchange())).severity_text == "WARN"


def test_attributes_are_the_fields_of_the_line() -> None:
    found = attributes(written(make_exchange(attempts=[failed_attempt(), make_attempt(3)], bytes_out=2**40)))
    assert (found["http.request.method"], found["http.response.status_code"]) == ("GET", 200)
    assert (found["http.route"], found["sightline.route"]) == ("/v1/orders/{id}", "orders")
    assert (found["sightline.bytes_out"], found["sightline.duration_ms"]) == (2**40, 15.0)
    assert [attempt["reason"] for attempt in found["sightline.attempts"]] == ["connect_refused", "none"]
    assert found["sightline.attempts"][1]["status"] == 200
    assert "sightline.event" not in found


@pytest.mark.parametrize("agent", ["", "é\u2028", "x" * 20_000, "a\x00b"])
def test_any_text_arrives_as_it_was(agent: str) -> None:
    assert attributes(written(make_exchange(user_agent=agent))).get("user_agent.original", "") == agent


def test_what_has_no_trace_has_none() -> None:
    found = record(written(make_exchange(trace_id="", span_id="")))
    assert (found.trace_id, found.span_id) == (b"", b"")


def test_an_answer_that_is_no_message_of_the_protocol_is_taken_for_a_yes() -> None:
    entries = [entry(success())]
    assert DIALECT.judge(entries, Answer(200, {}, b"<html>")).delivered == 1
