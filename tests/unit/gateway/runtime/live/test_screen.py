"""A screen lets through every line that satisfies its filter, as workers write them, and keeps most others from being decoded."""

import msgspec
import pytest
from hypothesis import given

from gateway.runtime.live.screen import Screen, screen_of
from gateway.wire.filter import Expression, compile_filter, parse_filter
from gateway.wire.filter.expression import Exact, Test
from gateway.wire.live import AccessLine, decode_line
from tests.support.filters import EXPRESSIONS, LINES
from tests.unit.gateway.telemetry.recording.test_smooth import smooth_exchange
from tests.unit.gateway.telemetry.samples import failed_attempt, make_attempt, make_exchange, make_recorder, record

IS_REMARKABLE = compile_filter(parse_filter("err | slow | retried"))


def needles(text: str) -> tuple[bytes, ...] | None:
    screen = screen_of(parse_filter(text))
    return None if screen is None else screen.needles


@given(EXPRESSIONS, LINES)
def test_no_line_that_satisfies_a_filter_is_kept_back(expression: Expression, line: AccessLine) -> None:
    screen = screen_of(expression)
    if screen is not None and compile_filter(expression)(line):
        assert (screen.remarkable and IS_REMARKABLE(line)) or screen.has_needle(msgspec.json.encode(line))


def worker_lines() -> list[bytes]:
    """Of the short way and of the general one."""
    recorder = make_recorder()
    retried = make_exchange(attempts=[failed_attempt(), make_attempt(3)])
    record(recorder, smooth_exchange(query=None), retried)
    return recorder.take_report([], 0).access_lines.splitlines()


@pytest.mark.parametrize("line", worker_lines())
@pytest.mark.parametrize(
    ("field", "attribute"),
    [
        ("route", "route"), ("upstream", "upstream"), ("endpoint", "endpoint"), ("method", "method"), ("host", "host"),
        ("path", "path"), ("status", "status"), ("reason", "reason"), ("by", "source"), ("client", "client"),
        ("proto", "protocol"), ("trace", "trace_id"), ("req", "request_id"), ("rev", "revision"),
        ("hdr.user-agent", "user_agent"),
    ],
)  # fmt: skip
def test_workers_write_what_a_screen_looks_for(line: bytes, field: str, attribute: str) -> None:
    value = getattr(decode_line(line), attribute)
    wanted = parse_filter(f"status:{value}") if field == "status" else Test(field, (Exact(value),))
    screen = screen_of(wanted)
    assert screen is not None
    assert screen.has_needle(line)


def test_what_is_always_copied_is_looked_for_among_the_copies() -> None:
    for text in (
        "err",
        "slow retried",
        "status:5xx",
        "status:>=500",
        "retries:>0",
        "reason:upstream_reset",
        "err route:a",
    ):
        assert screen_of(parse_filter(text)) == Screen(remarkable=True), text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("route:orders", (b'"route":"orders"',)),
        ("status:4xx", (b'"http.response.status_code":4',)),
        ("status:404,429", (b'"http.response.status_code":404', b'"http.response.status_code":429')),
        ("path:/v1/*", (b'"url.path":"/v1/',)),
        ("orders method:GET", (b"orders",)),
        ("status:2xx by:upstream req:r-1", (b'"request_id":"r-1"',)),
        ("cut | route:a", (b'"reason":"client_disconnect"', b'"route":"a"')),
        ("sampled", (b'"sampled":true',)),
    ],
)
def test_a_line_must_have_what_tells_most_others_apart(text: str, expected: tuple[bytes, ...]) -> None:
    assert needles(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "!route:a", "latency:>1ms", 'route:"a\\"b"', "route:ä", 'query:""', "path:*x", "status:<500", "client:10.0.0.0/8",
     "route:a | !b", 'path~"x"', "req:a,b,c,d,e,f,g,h,i", "retries:0..3"],
)  # fmt: skip
def test_where_bytes_tell_nothing_every_line_is_decoded(text: str) -> None:
    assert screen_of(parse_filter(text)) is None
