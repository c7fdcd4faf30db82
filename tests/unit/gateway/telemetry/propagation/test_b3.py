"""B3 in and out: ids of either length, every state, and nothing taken that is not exactly so."""

import pytest

from gateway.telemetry.propagation.b3 import b3_line, b3_multi_lines, read_b3, read_b3_multi
from tests.unit.gateway.telemetry.samples import SPAN_ID, TRACE_ID, make_exchange

TRACE, SPAN = TRACE_ID.encode(), SPAN_ID.encode()
PARENT = b"1" * 16


@pytest.mark.parametrize(
    ("state", "sampled", "debug"),
    [(b"", None, False), (b"-0", False, False), (b"-1", True, False), (b"-d", True, True)],
)
def test_a_state_is_a_decision_or_none(state: bytes, sampled: bool | None, debug: bool) -> None:
    assert read_b3([TRACE + b"-" + SPAN + state]) == (TRACE_ID, SPAN_ID, sampled, "", False, debug)


def test_the_callers_parent_is_of_no_interest() -> None:
    assert read_b3([TRACE + b"-" + SPAN + b"-1-" + PARENT]) == (TRACE_ID, SPAN_ID, True, "", False, False)


def test_a_trace_id_of_64_bits_gets_zeros_in_front() -> None:
    found = read_b3([TRACE[:16] + b"-" + SPAN + b"-1"])
    assert found is not None
    assert found[0] == "0" * 16 + TRACE_ID[:16]


def test_capital_letters_are_read_as_small_ones() -> None:
    assert read_b3([(TRACE + b"-" + SPAN).upper()]) == (TRACE_ID, SPAN_ID, None, "", False, False)


@pytest.mark.parametrize(("value", "sampled", "debug"), [(b"0", False, False), (b"1", True, False), (b"d", True, True)])
def test_a_state_may_come_alone(value: bytes, sampled: bool, debug: bool) -> None:
    assert read_b3([value]) == ("", "", sampled, "", False, debug)


@pytest.mark.parametrize(
    "values",
    [
        [b""],
        [b"2"],
        [TRACE],
        [TRACE + b"-" + SPAN, TRACE + b"-" + SPAN],
        [TRACE + b"-" + SPAN + b"-"],
        [TRACE + b"-" + SPAN + b"-2"],
        [TRACE + b"-" + SPAN + b"-1-" + PARENT[1:]],
        [TRACE + b"-" + SPAN + b"-1-" + PARENT + b"-"],
        [TRACE[1:] + b"-" + SPAN],
        [TRACE + b"-" + SPAN[1:]],
        [b"0" * 32 + b"-" + SPAN],
        [TRACE + b"-" + b"0" * 16],
        [TRACE + b"-" + SPAN + b"\n"],
    ],
)
def test_anything_else_is_not_b3(values: list[bytes]) -> None:
    assert read_b3(values) is None


@pytest.mark.parametrize(
    ("sampled", "flags", "decision", "debug"),
    [
        ([], [], None, False),
        ([b"1"], [], True, False),
        ([b"true"], [], True, False),
        ([b"0"], [], False, False),
        ([b"False"], [], False, False),
        ([], [b"1"], True, True),
        ([b"0"], [b"1"], True, True),
        ([b"0"], [b"0"], False, False),
    ],
)
def test_several_fields_say_the_same(
    sampled: list[bytes], flags: list[bytes], decision: bool | None, debug: bool
) -> None:
    assert read_b3_multi([TRACE], [SPAN], sampled, flags) == (TRACE_ID, SPAN_ID, decision, "", False, debug)


def test_a_decision_may_come_without_ids() -> None:
    assert read_b3_multi([], [], [b"0"], []) == ("", "", False, "", False, False)
    assert read_b3_multi([], [], [], [b"1"]) == ("", "", True, "", False, True)


@pytest.mark.parametrize(
    ("trace_ids", "span_ids", "sampled", "flags"),
    [
        ([TRACE], [], [], []),
        ([], [SPAN], [], []),
        ([TRACE, TRACE], [SPAN], [], []),
        ([TRACE], [SPAN, SPAN], [], []),
        ([TRACE], [SPAN], [b"1", b"1"], []),
        ([TRACE], [SPAN], [], [b"1", b"1"]),
        ([TRACE], [SPAN], [b"yes"], []),
        ([TRACE[1:]], [SPAN], [], []),
        ([TRACE], [SPAN[1:]], [], []),
        ([b"0" * 16], [SPAN], [], []),
        ([TRACE], [b"0" * 16], [], []),
        ([], [], [], [b"0"]),
    ],
)
def test_several_fields_that_are_not_whole_are_nothing(
    trace_ids: list[bytes], span_ids: list[bytes], sampled: list[bytes], flags: list[bytes]
) -> None:
    assert read_b3_multi(trace_ids, span_ids, sampled, flags) is None


@pytest.mark.parametrize(("debug", "sampled", "state"), [(False, False, b"0"), (False, True, b"1"), (True, True, b"d")])
def test_what_is_sent_as_one_field_reads_back(debug: bool, sampled: bool, state: bytes) -> None:
    line = b3_line(make_exchange(trace_debug=debug, sampled=sampled), "2" * 16).encode()
    assert line == b"b3: " + TRACE + b"-" + b"2" * 16 + b"-" + state + b"-" + SPAN + b"\r\n"
    assert read_b3([line[4:-2]]) == (TRACE_ID, "2" * 16, sampled, "", False, debug)


@pytest.mark.parametrize(
    ("debug", "sampled", "state"),
    [(False, False, "X-B3-Sampled: 0"), (False, True, "X-B3-Sampled: 1"), (True, True, "X-B3-Flags: 1")],
)
def test_what_is_sent_as_several_fields_names_trace_span_parent_and_state(
    debug: bool, sampled: bool, state: str
) -> None:
    lines = b3_multi_lines(make_exchange(trace_debug=debug, sampled=sampled), "2" * 16).split("\r\n")
    assert lines == [
        f"X-B3-TraceId: {TRACE_ID}",
        f"X-B3-SpanId: {'2' * 16}",
        f"X-B3-ParentSpanId: {SPAN_ID}",
        state,
        "",
    ]
