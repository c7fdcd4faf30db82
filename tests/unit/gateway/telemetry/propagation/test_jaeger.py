"""Jaeger's own field in and out."""

import pytest

from gateway.telemetry.propagation.jaeger import jaeger_line, read_jaeger
from tests.unit.gateway.telemetry.samples import SPAN_ID, TRACE_ID, make_exchange

VALUE = f"{TRACE_ID}:{SPAN_ID}:0:1".encode()


@pytest.mark.parametrize(
    ("flags", "sampled", "debug"),
    [(b"0", False, False), (b"1", True, False), (b"01", True, False), (b"3", True, True), (b"2", True, True)],
)
def test_the_flags_are_a_decision(flags: bytes, sampled: bool, debug: bool) -> None:
    assert read_jaeger([VALUE[:-1] + flags]) == (TRACE_ID, SPAN_ID, sampled, "", False, debug)


def test_ids_that_lost_their_zeros_get_them_back() -> None:
    assert read_jaeger([b"AB:c:0:1"]) == ("ab".zfill(32), "c".zfill(16), True, "", False, False)


def test_colons_may_be_percent_encoded() -> None:
    assert read_jaeger([VALUE.replace(b":", b"%3A")]) == read_jaeger([VALUE])


@pytest.mark.parametrize(
    "values",
    [
        [b""],
        [VALUE, VALUE],
        [VALUE[1:] + b":"],
        [b"0:" + VALUE.split(b":", 1)[1]],
        [TRACE_ID.encode() + b":0:0:1"],
        [b"1" * 33 + VALUE[32:]],
        [VALUE + b"23"],
        [VALUE.replace(b"1", b"g")],
        [VALUE + b"\n"],
    ],
)
def test_anything_else_is_not_jaegers(values: list[bytes]) -> None:
    assert read_jaeger(values) is None


@pytest.mark.parametrize(("debug", "sampled", "flags"), [(False, False, 0), (False, True, 1), (True, True, 3)])
def test_what_is_sent_reads_back(debug: bool, sampled: bool, flags: int) -> None:
    line = jaeger_line(make_exchange(trace_debug=debug, sampled=sampled), "2" * 16)
    assert line == f"uber-trace-id: {TRACE_ID}:{'2' * 16}:0:{flags}\r\n"
    assert read_jaeger([line[15:-2].encode()]) == (TRACE_ID, "2" * 16, sampled, "", False, debug)
