"""The access line: its keys, its numbers, and that no text whatever breaks it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.exchange import Exchange
from gateway.model.outcome import Reason, Source
from gateway.telemetry.access_line import LineEncoder, line_ending
from gateway.telemetry.labels import METHODS
from gateway.telemetry.timing import measure
from tests.unit.gateway.telemetry.samples import (
    MS,
    STARTED_AT_NS,
    failed_attempt,
    make_attempt,
    make_exchange,
    refused_exchange,
    stamp,
)


def encoded(exchange: Exchange, allowed: tuple[str, ...] = (), sample_rate: float = 1.0) -> bytes:
    method = METHODS.get(exchange.method, "_OTHER")
    ending = line_ending(exchange.route, method, exchange.status, exchange.source, exchange.reason, sample_rate)
    return LineEncoder(allowed).encode(exchange, measure(exchange), ending)


def fields(exchange: Exchange, **options: Any) -> dict[str, Any]:
    line = encoded(exchange, **options)
    assert line.endswith(b"}\n")
    assert line.count(b"\n") == 1
    decoded = json.loads(line)
    assert isinstance(decoded, dict)
    return decoded


def test_a_plain_exchange_has_these_fields() -> None:
    assert fields(make_exchange()) == {
        "@timestamp": "2026-09-21T14:13:20.123Z",
        "trace_id": "0af7651916cd43dd8448eb211c80319c",
        "span_id": "b7ad6b7169203331",
        "sampled": False,
        "request_id": "req-1",
        "config_revision": "0123456789ab",
        "http.request.method": "GET",
        "server.address": "api.example.com",
        "url.path": "/v1/orders/7",
        "http.route": "/v1/orders/{id}",
        "route": "orders",
        "upstream": "orders",
        "endpoint": "127.0.0.1:9001",
        "http.response.status_code": 200,
        "source": "upstream",
        "reason": "none",
        "client.address": "203.0.113.7",
        "user_agent.original": "curl/8.11",
        "network.protocol.version": "1.1",
        "duration_ms": 15.0,
        "overhead_ms": 3.0,
        "phases": {"send_ms": 1.0, "ttfb_ms": 10.0, "transfer_ms": 2.0},
        "attempts": [
            {"endpoint": "127.0.0.1:9001", "status": 200, "reason": "none", "ttfb_ms": 10.0, "ms": 13.0},
        ],
        "bytes_in": 120,
        "bytes_out": 340,
        "in_flight": 2,
    }


def test_every_attempt_is_listed_and_the_last_names_the_endpoint() -> None:
    second = make_attempt(3, sent_ms=4, endpoint="127.0.0.1:9002")
    line = fields(make_exchange(attempts=[failed_attempt(), second]))
    assert [attempt["reason"] for attempt in line["attempts"]] == ["connect_refused", "none"]
    assert [attempt.get("connect_ms") for attempt in line["attempts"]] == [1.0, None]
    assert line["endpoint"] == "127.0.0.1:9002"


def test_all_phases_that_took_time_are_there() -> None:
    attempt = make_attempt(3, sent_ms=9, connecting_ns=stamp(4), connected_ns=stamp(6), leased_ns=stamp(7))
    line = fields(make_exchange(attempts=[attempt], head_ns=stamp(2), write_stall_ns=1 * MS))
    assert line["phases"] == {
        "read_head_ms": 2.0,
        "pool_wait_ms": 2.0,
        "connect_ms": 2.0,
        "send_ms": 2.0,
        "ttfb_ms": 3.0,
        "transfer_ms": 2.0,
        "write_ms": 1.0,
    }


def test_a_request_without_a_route_says_so() -> None:
    line = fields(refused_exchange())
    assert (line["route"], line["source"], line["reason"]) == ("_unmatched", "gateway", "no_route")
    assert not {"http.route", "upstream", "endpoint", "attempts"} & set(line)


def test_an_upstream_that_was_chosen_but_never_tried_is_named() -> None:
    line = fields(make_exchange(attempts=[], reason=Reason.NO_HEALTHY_ENDPOINT, source=Source.GATEWAY, status=503))
    assert line["upstream"] == "orders"
    assert "endpoint" not in line


def test_trace_fields_are_there_only_with_a_trace() -> None:
    assert not {"trace_id", "span_id", "sampled"} & set(fields(make_exchange(trace_id="")))


def test_detail_and_user_agent_are_there_only_if_set() -> None:
    line = fields(make_exchange(detail="broke off after 3 bytes", user_agent=None))
    assert line["reason_detail"] == "broke off after 3 bytes"
    assert "user_agent.original" not in line
    assert "reason_detail" not in fields(make_exchange())


def test_an_injected_delay_is_told_also_where_the_client_left_during_it() -> None:
    line = fields(make_exchange(status=499, detail="", fault="delay", fault_ns=1_500_000))
    assert (line["fault"], line["fault_ms"]) == ("delay", 1.5)
    assert "reason_detail" not in line


def test_query_values_are_redacted_and_names_kept() -> None:
    line = fields(make_exchange(query="token=s3cret&page=2&flag&empty=&a=b=c"))
    assert line["url.query"] == "token=REDACTED&page=REDACTED&flag&empty=&a=REDACTED"


def test_allowed_query_values_are_shown() -> None:
    assert fields(make_exchange(query="token=s3cret&page=2"), allowed=("page",))["url.query"] == "token=REDACTED&page=2"


def test_a_sampled_line_says_at_what_rate() -> None:
    assert fields(make_exchange(), sample_rate=0.25)["sample_rate"] == 0.25
    assert "sample_rate" not in fields(make_exchange())


def test_an_unknown_method_is_not_repeated() -> None:
    assert fields(make_exchange(method="BREW"))["http.request.method"] == "_OTHER"


def test_milliseconds_have_three_decimals_at_most() -> None:
    assert fields(make_exchange(ended_ns=stamp(15) + 1_234_567))["duration_ms"] == 16.234


@pytest.mark.parametrize("offset_ns", [0, 877 * MS - 1, 877 * MS, 3_600 * 10**9, -(10**9)])
def test_the_time_is_right_across_seconds(offset_ns: int) -> None:
    encoder = LineEncoder()
    first, second = make_exchange(), make_exchange(started_at_ns=STARTED_AT_NS + offset_ns)
    ending = line_ending(first.route, "GET", 200, Source.UPSTREAM, Reason.NONE)
    encoder.encode(first, measure(first), ending)
    text = json.loads(encoder.encode(second, measure(second), ending))["@timestamp"]
    expected_ms = (STARTED_AT_NS + offset_ns) // MS
    assert text == json.loads(encoded(make_exchange(started_at_ns=expected_ms * MS)))["@timestamp"]
    assert text.endswith(f"{expected_ms % 1000:03d}Z")


def test_control_characters_are_escaped() -> None:
    line = encoded(make_exchange(user_agent='a\r\n{"b":1}\x1b[31m\x9b31m\u2028\x7f'))
    assert line.count(b"\n") == 1
    assert not any(text in line.decode() for text in ("\x1b", "\x9b", "\u2028", "\r"))
    assert json.loads(line)["user_agent.original"] == 'a\r\n{"b":1}\x1b[31m\x9b31m\u2028\x7f'


ANYTHING = st.text(st.characters(), max_size=40)
WITH_SURROGATES = st.text(st.characters(categories=["Cs", "Cc", "Lu", "Po"]), max_size=20)


@given(path=ANYTHING | WITH_SURROGATES, query=ANYTHING | WITH_SURROGATES | st.none(), agent=ANYTHING | WITH_SURROGATES)
def test_any_text_gives_one_line_of_valid_json(path: str, query: str | None, agent: str) -> None:
    exchange = make_exchange(path=path, query=query, user_agent=agent, detail=agent, host=path, method=path)
    line = fields(exchange)
    if not any("\ud800" <= letter <= "\udfff" for letter in path):
        assert line["url.path"] == path


@given(st.text(st.characters(categories=["L", "N"]), min_size=6, max_size=30))
def test_no_query_value_reaches_the_line(secret: str) -> None:
    line = encoded(make_exchange(query=f"a={secret}*&b={secret}*&c=x={secret}*"))
    assert f"{secret}*" not in json.loads(line)["url.query"]


def test_where_there_are_several_attempts_each_says_when_it_began() -> None:
    several = fields(make_exchange(attempts=[failed_attempt(), make_attempt(3)]))
    assert [attempt["at_ms"] for attempt in several["attempts"]] == [1.0, 3.0]
    assert "at_ms" not in fields(make_exchange())["attempts"][0]
