"""W3C Trace Context, level 2: one rule of the recommendation a test."""

import re
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.exchange import Attempt, Exchange
from gateway.telemetry.propagation.propagator import Propagator, new_request_id
from tests.unit.gateway.telemetry.samples import SPAN_ID, TRACE_ID

PARENT: Final = f"00-{TRACE_ID}-{SPAN_ID}-01".encode()
OUTGOING: Final = re.compile(r"traceparent: 00-([0-9a-f]{32})-([0-9a-f]{16})-(0[0-3])\r\n(?:tracestate: (.*)\r\n)?")


def begun(parents: list[bytes], states: list[bytes] | None = None, ratio: float = 0.01) -> Exchange:
    exchange = Exchange("public", "rev", "127.0.0.1", 1, 1)
    Propagator(ratio).begin(exchange, parents, states or [])
    return exchange


def sent(exchange: Exchange) -> re.Match[str]:
    lines = Propagator(0.01).lines(exchange, Attempt("orders", "127.0.0.1:9001", 1)).decode()
    found = OUTGOING.fullmatch(lines)
    assert found is not None, lines
    return found


def continues(parent: bytes) -> bool:
    return begun([parent]).trace_id == TRACE_ID


def state_of(*states: bytes) -> str:
    return begun([PARENT], list(states)).trace_state


def test_a_request_without_context_starts_a_new_trace() -> None:
    exchange = begun([])
    assert re.fullmatch("[0-9a-f]{32}", exchange.trace_id)
    assert re.fullmatch("[0-9a-f]{16}", exchange.span_id)
    assert exchange.parent_span_id == ""


def test_every_new_trace_has_other_ids() -> None:
    assert len({begun([]).trace_id for _ in range(100)}) == 100


def test_a_valid_traceparent_is_continued() -> None:
    exchange = begun([PARENT])
    assert (exchange.trace_id, exchange.parent_span_id) == (TRACE_ID, SPAN_ID)
    assert exchange.span_id not in {SPAN_ID, ""}


def test_whitespace_around_traceparent_is_ignored() -> None:
    assert continues(b"\t " + PARENT + b" \t")


def test_two_traceparents_restart_the_trace() -> None:
    assert begun([PARENT, PARENT]).trace_id != TRACE_ID


@pytest.mark.parametrize(
    "parent",
    [
        b"",
        b"00-" + TRACE_ID[1:].encode() + b"-" + SPAN_ID.encode() + b"-01",
        b"00-0" + TRACE_ID.encode() + b"-" + SPAN_ID.encode() + b"-01",
        b"00-" + TRACE_ID.encode() + b"-" + SPAN_ID[1:].encode() + b"-01",
        b"00-" + TRACE_ID.encode() + b"-0" + SPAN_ID.encode() + b"-01",
        b"0-" + TRACE_ID.encode() + b"-" + SPAN_ID.encode() + b"-01",
        b"000-" + TRACE_ID.encode() + b"-" + SPAN_ID.encode() + b"-01",
        b"00-" + TRACE_ID.encode() + b"-" + SPAN_ID.encode() + b"-1",
        b"00-" + TRACE_ID.encode() + b"-" + SPAN_ID.encode() + b"-001",
    ],
)
def test_a_field_of_the_wrong_length_restarts_the_trace(parent: bytes) -> None:
    assert not continues(parent)


@pytest.mark.parametrize(
    "parent",
    [
        PARENT.upper(),
        PARENT.replace(b"0af", b"0AF"),
        PARENT.replace(b"-b7", b"-.7"),
        b".0" + PARENT[2:],
        PARENT[:-1] + b".",
        PARENT.replace(b"-", b"_"),
    ],
)
def test_anything_but_lower_case_hex_and_dashes_restarts_the_trace(parent: bytes) -> None:
    assert not continues(parent)


def test_an_all_zero_trace_id_restarts_the_trace() -> None:
    exchange = begun([b"00-" + b"0" * 32 + b"-" + SPAN_ID.encode() + b"-01"])
    assert exchange.trace_id != "0" * 32
    assert exchange.parent_span_id == ""


def test_an_all_zero_parent_id_restarts_the_trace() -> None:
    assert not continues(b"00-" + TRACE_ID.encode() + b"-" + b"0" * 16 + b"-01")


def test_version_00_ends_after_its_flags() -> None:
    assert not continues(PARENT + b"-more")
    assert not continues(PARENT + b".")


def test_version_ff_is_invalid() -> None:
    assert not continues(b"ff" + PARENT[2:])


@pytest.mark.parametrize("rest", [b"", b"-", b"-what-the-future-will-be-like", b"-\xff\n"])
def test_a_higher_version_is_read_as_far_as_it_is_known(rest: bytes) -> None:
    assert continues(b"cc" + PARENT[2:] + rest)


def test_a_higher_version_must_go_on_with_a_dash() -> None:
    assert not continues(b"cc" + PARENT[2:] + b".what-the-future-will-be-like")


def test_a_higher_version_is_sent_on_as_version_00() -> None:
    assert sent(begun([b"cc" + PARENT[2:] + b"-more"]))[1] == TRACE_ID


@pytest.mark.parametrize(("flags", "sampled"), [(b"00", False), (b"01", True), (b"fe", False), (b"ff", True)])
def test_the_head_decision_follows_the_parent(flags: bytes, sampled: bool) -> None:
    assert begun([PARENT[:-2] + flags], ratio=1.0).sampled is sampled


@pytest.mark.parametrize(("flags", "expected"), [(b"00", "00"), (b"01", "01"), (b"02", "02"), (b"03", "03")])
def test_the_random_flag_is_sent_on_as_it_came(flags: bytes, expected: str) -> None:
    assert sent(begun([PARENT[:-2] + flags]))[3] == expected


def test_flags_that_are_not_defined_are_sent_as_zero() -> None:
    assert sent(begun([PARENT[:-2] + b"ff"]))[3] == "03"


def test_a_new_trace_is_marked_random() -> None:
    assert sent(begun([], ratio=0.0))[3] == "02"
    assert sent(begun([], ratio=1.0))[3] == "03"


def test_the_flag_of_a_higher_version_is_not_taken_for_random() -> None:
    assert sent(begun([b"01" + PARENT[2:-2] + b"03"]))[3] == "01"


def test_a_new_trace_is_sampled_by_the_low_half_of_its_id() -> None:
    for _ in range(200):
        exchange = begun([], ratio=0.25)
        assert exchange.sampled is (int(exchange.trace_id[16:], 16) < 0.25 * 2**64)


def test_every_attempt_sends_a_new_parent_id() -> None:
    exchange = begun([PARENT])
    propagator = Propagator(0.01)
    attempts = [Attempt("orders", "127.0.0.1:9001", 1) for _ in range(3)]
    lines = [propagator.lines(exchange, attempt).decode() for attempt in attempts]
    ids = [attempt.span_id for attempt in attempts]
    assert len({*ids, exchange.span_id, SPAN_ID}) == 5
    assert all(span_id in line for span_id, line in zip(ids, lines, strict=True))


def test_tracestate_is_sent_on() -> None:
    exchange = begun([PARENT], [b"congo=t61rcWkgMzE,rojo=00f067aa0ba902b7"])
    assert sent(exchange)[4] == "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7"


def test_tracestate_without_a_valid_traceparent_is_ignored() -> None:
    assert begun([], [b"foo=1"]).trace_state == ""
    assert begun([b"nonsense"], [b"foo=1"]).trace_state == ""


def test_several_tracestates_are_combined_in_order() -> None:
    assert state_of(b"foo=1,bar=2", b"rojo=1,congo=2", b"baz=3") == "foo=1,bar=2,rojo=1,congo=2,baz=3"


@pytest.mark.parametrize("states", [(b"",), (b"foo=1", b""), (b"", b"foo=1"), (b"foo=1,,\t ,",)])
def test_empty_members_of_tracestate_are_allowed(states: tuple[bytes, ...]) -> None:
    assert state_of(*states) == ("foo=1" if any(states) else "")


def test_whitespace_around_members_is_ignored() -> None:
    assert state_of(b" foo=1 \t , \t bar=2,\tbaz=3\t") == "foo=1,bar=2,baz=3"


def test_an_inner_space_belongs_to_the_value() -> None:
    assert state_of(b"foo=a b,bar=2") == "foo=a b,bar=2"


@pytest.mark.parametrize("key", [b"foo@", b"0foo", b"foo@@bar", b"a_-*/@z", b"z" * 256, b"t" * 242 + b"@v"])
def test_keys_of_the_current_grammar_are_accepted(key: bytes) -> None:
    assert state_of(key + b"=1,foo=2") == key.decode() + "=1,foo=2"


@pytest.mark.parametrize("key", [b"foo ", b"FOO", b"foo.bar", b"@foo", b"_foo", b"", b"z" * 257, b"f\xc3\xb6"])
def test_a_malformed_key_drops_the_whole_tracestate(key: bytes) -> None:
    exchange = begun([PARENT], [b"foo=1", key + b"=1"])
    assert (exchange.trace_state, exchange.trace_id) == ("", TRACE_ID)


def test_every_printable_character_but_comma_and_equals_may_be_in_a_value() -> None:
    value = bytes(code for code in range(0x20, 0x7F) if code not in b",=")
    assert state_of(b"foo=" + value) == "foo=" + value.decode()


@pytest.mark.parametrize("value", [b"", b"a=b", b"\x01", b"\xff", b"v" * 257])
def test_a_malformed_value_drops_the_whole_tracestate(value: bytes) -> None:
    assert state_of(b"bar=1,foo=" + value) == ""


def test_a_value_may_have_256_characters() -> None:
    assert state_of(b"foo=" + b"v" * 256) != ""


def test_tracestate_has_32_members_at_most() -> None:
    members = [b"bar%02d=%02d" % (number, number) for number in range(1, 34)]
    assert state_of(b",".join(members[:16]), b",".join(members[16:32])).count("=") == 32
    assert state_of(b",".join(members)) == ""


def test_of_two_members_with_one_key_the_first_is_kept() -> None:
    assert state_of(b"foo=1,bar=2,foo=3") == "foo=1,bar=2"


def test_a_request_id_differs_within_one_trace() -> None:
    ids = {new_request_id(begun([PARENT])) for _ in range(50)}
    assert len(ids) == 50
    assert all(re.fullmatch("[0-9a-f]{32}", request_id) for request_id in ids)


def test_there_is_a_request_id_without_propagation() -> None:
    assert re.fullmatch("[0-9a-f]{32}", new_request_id(Exchange("public", "rev", "127.0.0.1", 1, 1)))


@given(st.lists(st.binary(max_size=80), max_size=3), st.lists(st.binary(max_size=80), max_size=3))
def test_whatever_comes_in_what_goes_out_is_valid(parents: list[bytes], states: list[bytes]) -> None:
    found = sent(begun(parents, states))
    assert found[1].strip("0")
    assert found[2].strip("0")
