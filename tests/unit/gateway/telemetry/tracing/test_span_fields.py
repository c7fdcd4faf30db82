"""Fields of a span as they are written by hand, read by the official messages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from gateway.telemetry.tracing import span_fields
from gateway.telemetry.tracing.span_fields import Value

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)
VALUES = st.one_of(TEXTS, st.booleans(), st.integers(0, 2**63 - 1), st.floats(allow_nan=False))


def by_the_library(key: str, value: Value) -> KeyValue:
    kind = {str: "string_value", bool: "bool_value", int: "int_value", float: "double_value"}[type(value)]
    read = AnyValue()
    setattr(read, kind, value)
    return KeyValue(key=key, value=read)


@given(TEXTS, VALUES)
def test_an_attribute_is_what_the_library_reads(key: str, value: Value) -> None:
    [read] = Span.FromString(span_fields.attribute(key, value)).attributes
    assert read == by_the_library(key, value)


@given(TEXTS, TEXTS)
def test_a_prepared_attribute_is_the_same_as_any_other(key: str, value: str) -> None:
    assert span_fields.text_attribute(key)(value) == span_fields.attribute(key, value)


@given(TEXTS, st.integers(0, 2**62))
def test_a_prepared_duration_is_told_in_milliseconds(key: str, spent_ns: int) -> None:
    assert span_fields.milliseconds_attribute(key)(spent_ns) == span_fields.attribute(key, spent_ns / 1e6)


@given(TEXTS, st.integers(0, 2**64 - 1))
def test_a_prepared_event_has_its_name_and_time(text: str, at_ns: int) -> None:
    [read] = Span.FromString(span_fields.event(text)(at_ns)).events
    assert read == Span.Event(name=text, time_unix_nano=at_ns)


@pytest.mark.parametrize("trace_state", ["", "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7"])
def test_ids_times_and_state_are_fields_of_their_own(trace_state: str) -> None:
    encoded = (
        span_fields.ids("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", "")
        + span_fields.times(1_790_000_000_000_000_001, 1_790_000_000_000_000_002)
        + span_fields.context(trace_state, span_fields.SAMPLED, is_parent_remote=False)
    )
    assert Span.FromString(encoded) == Span(
        trace_id=bytes.fromhex("0af7651916cd43dd8448eb211c80319c"),
        span_id=bytes.fromhex("b7ad6b7169203331"),
        start_time_unix_nano=1_790_000_000_000_000_001,
        end_time_unix_nano=1_790_000_000_000_000_002,
        trace_state=trace_state,
        flags=0x101,
    )
