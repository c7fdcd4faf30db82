"""What becomes of the context a request brings, by how far it is trusted; and what attempts are told."""

import re

import pytest

from gateway.model.exchange import Attempt, Exchange
from gateway.model.tracing import TraceFormat, TrustIncoming
from gateway.telemetry.propagation.propagator import LegacyPropagator, OtherFields, Propagator
from tests.unit.gateway.telemetry.samples import SPAN_ID, TRACE_ID

PARENT = f"00-{TRACE_ID}-{SPAN_ID}-01".encode()
B3 = f"{TRACE_ID}-{SPAN_ID}".encode()


def new_exchange() -> Exchange:
    return Exchange("public", "rev", "127.0.0.1", 1, 1)


def begun(trust: TrustIncoming, parent: bytes = PARENT, state: bytes = b"foo=1", ratio: float = 0.0) -> Exchange:
    exchange = new_exchange()
    Propagator(ratio, trust).begin(exchange, [parent], [state])
    return exchange


def begun_other(fields: OtherFields, ratio: float = 0.0, trust: TrustIncoming = TrustIncoming.ACCEPT) -> Exchange:
    exchange = new_exchange()
    Propagator(ratio, trust).begin_other(exchange, fields)
    return exchange


def test_an_accepted_trace_is_continued_with_its_decision_and_state() -> None:
    exchange = begun(TrustIncoming.ACCEPT)
    assert (exchange.trace_id, exchange.parent_span_id, exchange.trace_state) == (TRACE_ID, SPAN_ID, "foo=1")
    assert exchange.sampled
    assert exchange.link is None


def test_a_linked_trace_is_a_new_one_that_names_the_caller() -> None:
    exchange = begun(TrustIncoming.LINK)
    assert exchange.trace_id != TRACE_ID
    assert (exchange.parent_span_id, exchange.trace_state, exchange.sampled) == ("", "", False)
    assert exchange.link == (TRACE_ID, SPAN_ID, True, "foo=1")


def test_a_linked_trace_is_decided_about_by_us() -> None:
    assert begun(TrustIncoming.LINK, PARENT[:-2] + b"00", ratio=1.0).sampled


def test_an_ignored_trace_leaves_nothing() -> None:
    exchange = begun(TrustIncoming.IGNORE)
    assert exchange.trace_id != TRACE_ID
    assert (exchange.parent_span_id, exchange.trace_state, exchange.sampled, exchange.link) == ("", "", False, None)


@pytest.mark.parametrize("trust", list(TrustIncoming))
def test_what_is_not_valid_is_neither_continued_nor_linked_to(trust: TrustIncoming) -> None:
    exchange = begun(trust, b"nonsense")
    assert (exchange.parent_span_id, exchange.link) == ("", None)
    assert re.fullmatch("[0-9a-f]{32}", exchange.trace_id)


def test_a_decision_that_is_left_to_us_goes_by_the_ratio() -> None:
    assert begun_other(OtherFields(b3=[B3]), ratio=1.0).sampled
    assert not begun_other(OtherFields(b3=[B3]), ratio=0.0).sampled


def test_a_decision_without_a_trace_holds_for_the_new_one() -> None:
    denied = begun_other(OtherFields(b3=[b"0"]), ratio=1.0)
    asked_for = begun_other(OtherFields(b3=[b"d"]), ratio=0.0)
    assert (denied.sampled, denied.parent_span_id, denied.trace_debug) == (False, "", False)
    assert (asked_for.sampled, asked_for.parent_span_id, asked_for.trace_debug) == (True, "", True)
    assert re.fullmatch("[0-9a-f]{32}", denied.trace_id)


def test_a_decision_alone_is_nothing_to_link_to() -> None:
    exchange = begun_other(OtherFields(b3=[b"d"]), trust=TrustIncoming.LINK)
    assert (exchange.link, exchange.sampled, exchange.trace_debug) == (None, False, False)


def test_an_id_of_another_form_is_not_known_to_be_random() -> None:
    assert not begun_other(OtherFields(b3=[B3])).trace_random


def test_the_single_field_goes_before_the_several_and_those_before_jaegers() -> None:
    several = OtherFields(b3_trace_ids=[b"c" * 32], b3_span_ids=[b"3" * 16], jaeger=[b"d:4:0:1"])
    single = OtherFields([B3], [b"c" * 32], [b"3" * 16], [], [], [b"d:4:0:1"])
    assert begun_other(single).parent_span_id == SPAN_ID
    assert begun_other(several).parent_span_id == "3" * 16
    assert begun_other(OtherFields(jaeger=[b"d:4:0:1"])).parent_span_id == "4".zfill(16)


def test_no_field_at_all_begins_a_new_trace() -> None:
    assert begun_other(OtherFields()).parent_span_id == ""


def test_every_form_that_is_asked_for_is_sent_with_the_same_ids() -> None:
    exchange, attempt = begun(TrustIncoming.ACCEPT), Attempt("orders", "127.0.0.1:9001", 1)
    propagator = LegacyPropagator(0.0, TrustIncoming.ACCEPT, tuple(TraceFormat))
    lines = propagator.lines(exchange, attempt).decode().split("\r\n")
    assert [line.split(":")[0] for line in lines] == [
        "traceparent",
        "tracestate",
        "b3",
        "X-B3-TraceId",
        "X-B3-SpanId",
        "X-B3-ParentSpanId",
        "X-B3-Sampled",
        "uber-trace-id",
        "",
    ]
    assert sum(attempt.span_id in line for line in lines) == 4
    assert sum(TRACE_ID in line for line in lines) == 4
