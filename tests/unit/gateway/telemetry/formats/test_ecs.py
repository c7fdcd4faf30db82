"""The Elastic Common Schema: what goes where, and what is left out."""

import json
from typing import Any

import msgspec
import pytest

from gateway.telemetry.formats.ecs import ecs_line
from tests.unit.gateway.telemetry.lines import failure, success, written
from tests.unit.gateway.telemetry.samples import SPAN_ID, TRACE_ID, make_exchange, refused_exchange


def document(line: bytes) -> Any:
    encoded = ecs_line(line, "edge")
    assert encoded.endswith(b"\n")
    return json.loads(encoded)


def test_fields_stand_where_the_schema_has_them() -> None:
    found = document(success(7))
    assert found["@timestamp"].endswith("Z")
    assert found["http"]["request"] == {"id": "req-7", "method": "GET", "bytes": 120}
    assert found["http"]["response"] == {"status_code": 200, "bytes": 340}
    assert (found["url"], found["client"]) == (
        {"path": "/v1/orders/7", "domain": "api.example.com"},
        {"address": "203.0.113.7", "ip": "203.0.113.7"},
    )
    assert (found["trace"], found["span"]) == ({"id": TRACE_ID}, {"id": SPAN_ID})
    assert (found["service"], found["user_agent"]) == ({"name": "edge"}, {"original": "curl/8.11"})
    assert found["event"] == {
        "kind": "event",
        "category": ["web"],
        "dataset": "sightline.access",
        "duration": 15_000_000,
        "type": ["access"],
        "outcome": "success",
    }


def test_our_own_facts_stand_under_our_own_name() -> None:
    facts = document(failure())["sightline"]
    assert (facts["route"], facts["source"], facts["reason"]) == ("orders", "gateway", "pool_exhausted")
    assert facts["attempts"][0]["endpoint"] == "127.0.0.1:9001"


def test_a_failure_says_why() -> None:
    event = document(failure())["event"]
    assert (event["outcome"], event["reason"]) == ("failure", "No place was free.")


def test_what_a_line_does_not_have_is_left_out() -> None:
    found = document(written(refused_exchange(trace_id="", user_agent=None)))
    assert "trace" not in found
    assert "user_agent" not in found
    assert "query" not in found["url"]
    assert {"upstream", "endpoint", "attempts", "sampled"}.isdisjoint(found["sightline"])


def test_a_client_that_is_no_address_is_no_ip() -> None:
    assert document(written(make_exchange(client_address="unix")))["client"] == {"address": "unix"}


def test_controls_stay_escaped() -> None:
    line = written(make_exchange(user_agent="a\x9bb\u2028"))
    assert b"\\u009b" in ecs_line(line, "edge")
    assert "\u2028" not in ecs_line(line, "edge").decode()


def test_what_is_no_line_is_an_error() -> None:
    with pytest.raises(msgspec.DecodeError):
        ecs_line(b"[]\n", "edge")
