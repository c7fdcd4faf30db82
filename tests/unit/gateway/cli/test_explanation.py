"""An explanation in words."""

from msgspec.structs import replace

from gateway.admin import examples
from gateway.cli.explanation import told
from gateway.wire.explain import RecordedView


def test_the_example_of_the_document_is_told_whole() -> None:
    words = told(examples.EXPLANATION)
    assert "route orders:" in words
    assert "match.methods at gateway.yaml:31" in words
    assert "timeouts: request none, first byte 15000 ms, idle 60000 ms" in words
    assert "request header: set authorization: REDACTED" in words
    assert "objective: 99.9% without failure" in words
    assert "upstream orders (gateway.yaml:5), 100% of the requests: " in words
    assert "  - orders.internal:9002 (weight 1; 0 in flight, 0 connections, 0 waiting): the name" in words


def test_who_is_turned_away_first_and_who_is_told_a_deadline_is_said() -> None:
    applied = examples.EXPLANATION.applied
    assert applied is not None
    own = replace(applied, criticality="sheddable", deadline_header="x-left-ms")
    words = told(replace(examples.EXPLANATION, applied=own))
    assert "criticality: sheddable" in words
    assert "deadline: told the upstream in x-left-ms" in words


def test_a_record_says_what_it_does_not_hold() -> None:
    record = RecordedView(
        request_id="req-1",
        at="2026-01-31T08:00:00.000Z",
        revision="0" * 12,
        same_revision=False,
        route="orders",
        status=502,
        reason="connect_refused",
        unknown=["header fields other than Host and User-Agent"],
    )
    words = told(replace(examples.EXPLANATION, recorded=record))
    assert "as req-1: route orders, 502 connect_refused" in words
    assert f"it ran under revision {'0' * 12}" in words
    assert "not in the record: header fields" in words
