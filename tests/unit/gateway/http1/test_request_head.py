"""Heads of requests: what is read from them, what is refused, where each limit lies, and that delivery changes nothing."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateway.http1 import field_kinds as kinds
from gateway.http1.head_reader import REPEATED_AT_MOST
from gateway.http1.refusal import RequestRefused
from gateway.http1.request_head import RequestHead, RequestHeadReader
from gateway.model.listener import ListenerLimits
from gateway.model.outcome import Reason
from tests.support.cutting import CUTS, bytewise, cut

LIMITS = ListenerLimits()
TIGHT = ListenerLimits(line=64, header_bytes=256, headers=5)


def read(data: bytes, limits: ListenerLimits = LIMITS) -> RequestHead:
    reader = RequestHeadReader(limits)
    assert reader.feed(data) == len(data)
    return reader.head


def request(*lines: bytes, line: bytes = b"GET / HTTP/1.1", host: bytes = b"a.test") -> bytes:
    """A head with a Host field and these header lines."""
    return b"\r\n".join([line, b"Host: " + host, *lines]) + b"\r\n\r\n"


def refusal(data: bytes, limits: ListenerLimits = LIMITS) -> tuple[int, Reason]:
    with pytest.raises(RequestRefused) as refused:
        RequestHeadReader(limits).feed(data)
    return refused.value.status, refused.value.reason


def facts(head: RequestHead) -> dict[str, Any]:
    return {name: getattr(head, name) for name in dir(head) if not name.startswith("_")}


Outcome = tuple[list[dict[str, Any]], str]


def read_heads(limits: ListenerLimits, pieces: Iterable[bytes]) -> Outcome:
    """The facts of all heads in a stream without bodies, and how reading ended."""
    reader, heads = RequestHeadReader(limits), []
    try:
        for piece in pieces:
            rest = piece
            while rest:
                end = reader.feed(rest)
                if end < 0:
                    break
                heads.append(facts(reader.head))
                rest = rest[end:]
    except RequestRefused:
        return heads, "refused"
    return heads, "incomplete" if reader.size_so_far else "waiting"


def test_a_request_line_is_taken_apart() -> None:
    head = read(request(line=b"DELETE /a/b?c=d HTTP/1.1"))
    assert (head.method, head.target, head.minor_version) == ("DELETE", b"/a/b?c=d", 1)
    assert (head.host, head.keep_alive, head.has_body, head.is_plain) == (b"a.test", True, False, True)


def test_a_method_that_is_registered_but_rare_is_read_too() -> None:
    assert read(request(line=b"PROPFIND / HTTP/1.1")).method == "PROPFIND"


def test_fields_are_kept_as_they_came_and_most_are_passed_on() -> None:
    data = request(b"X-One: 1", b"accept: */*", b"x-one:2 ", b"Keep-Alive: 5", b"Obs: caf\xe9\x85\xa0")
    head = read(data)
    assert head.passed == [(b"X-One", b"1"), (b"accept", b"*/*"), (b"x-one", b"2 "), (b"Obs", b"caf\xe9\x85\xa0")]
    assert head.passed_lines == b"X-One: 1\r\naccept: */*\r\nx-one: 2 \r\nObs: caf\xe9\x85\xa0\r\n"
    assert (b"Keep-Alive", b"5") in head.fields
    assert head.size == len(data)


def test_the_user_agent_is_read_and_passed_on() -> None:
    head = read(request(b"User-Agent: caf\xe9/1.0"))
    assert head.user_agent == "café/1.0"
    assert head.passed == [(b"User-Agent", b"caf\xe9/1.0")]
    assert head.is_plain


def test_names_with_underscores_are_dropped() -> None:
    head = read(request(b"X_Forwarded_For: 1.2.3.4", b"Transfer_Encoding: chunked"))
    assert head.passed == []
    assert not head.has_body


def test_fields_for_tracing_and_forwarding_are_kept_aside() -> None:
    head = read(
        request(b"traceparent: 00-a", b"X-Forwarded-For: 1.1.1.1", b"x-forwarded-for: 2.2.2.2", b"X-Real-IP: 3")
    )
    assert head.passed == []
    assert head.extras == {
        kinds.TRACEPARENT: [b"00-a"],
        kinds.X_FORWARDED_FOR: [b"1.1.1.1", b"2.2.2.2"],
        kinds.FORWARDING: [b"3"],
    }


@pytest.mark.parametrize(
    ("lines", "length", "is_chunked", "has_body"),
    [
        ([b"Content-Length: 5"], 5, False, True),
        ([b"Content-Length: 0"], 0, False, False),
        ([b"Content-Length: 003 "], 3, False, True),
        ([b"Transfer-Encoding: chunked"], None, True, True),
        ([b"Transfer-Encoding: Chunked "], None, True, True),
        ([], None, False, False),
    ],
)
def test_the_body_is_announced(lines: list[bytes], length: int | None, is_chunked: bool, has_body: bool) -> None:
    head = read(request(*lines, line=b"POST / HTTP/1.1"))
    assert (head.content_length, head.is_chunked, head.has_body) == (length, is_chunked, has_body)


@pytest.mark.parametrize(
    ("version", "options", "keep_alive"),
    [
        (b"1.1", [], True),
        (b"1.1", [b"Connection: close"], False),
        (b"1.1", [b"Connection: keep-alive, Close"], False),
        (b"1.1", [b"Connection: keep-alive", b"Connection: close"], False),
        (b"1.0", [], False),
        (b"1.0", [b"Connection: Keep-Alive"], True),
        (b"1.0", [b"Connection: keep-alive, close"], False),
    ],
)
def test_whether_the_connection_goes_on(version: bytes, options: list[bytes], keep_alive: bool) -> None:
    assert read(request(*options, line=b"GET / HTTP/" + version)).keep_alive is keep_alive


def test_what_connection_names_is_not_passed_on() -> None:
    head = read(request(b"X-Hop: 1", b"Connection: x-HOP , , close", b"X-End: 2"))
    assert head.passed == [(b"X-End", b"2")]
    assert head.passed_lines == b"X-End: 2\r\n"


@pytest.mark.parametrize(
    ("lines", "upgrade"),
    [
        ([b"Connection: Upgrade", b"Upgrade: websocket"], b"websocket"),
        ([b"Connection: keep-alive, upgrade", b"Upgrade: websocket, other/1"], b"websocket, other/1"),
        ([b"Connection: upgrade", b"Upgrade: websocket", b"Upgrade: other"], b"websocket, other"),
        ([b"Upgrade: websocket"], None),
        ([b"Connection: upgrade"], None),
        ([b"Connection: upgrade", b"Upgrade: h2c"], None),
        ([b"Connection: upgrade", b"Upgrade: websocket, h2c, TLS/1.0"], b"websocket"),
    ],
)
def test_protocols_that_may_be_switched_to(lines: list[bytes], upgrade: bytes | None) -> None:
    assert read(request(*lines)).upgrade == upgrade


def test_http_1_0_switches_to_nothing_and_expects_nothing() -> None:
    lines = [b"Connection: Upgrade", b"Upgrade: websocket", b"Expect: 100-continue"]
    head = read(request(*lines, line=b"GET / HTTP/1.0"))
    assert (head.upgrade, head.expects_continue) == (None, False)


def test_http_1_0_needs_no_host() -> None:
    assert read(b"GET / HTTP/1.0\r\n\r\n").host is None


def test_an_expectation_is_noted() -> None:
    assert read(request(b"Expect: 100-Continue", b"Content-Length: 1")).expects_continue


BAD = (400, Reason.BAD_REQUEST)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", BAD),
        (request(b"Host: a.test"), BAD),
        (b"GET / HTTP/1.1\r\nhost: a\r\nHOST: b\r\n\r\n", BAD),
        (request(b"Content-Length: 1", b"Content-Length: 1"), BAD),
        (request(b"Content-Length: 1, 1"), BAD),
        (request(b"Content-Length: +1"), BAD),
        (request(b"Content-Length: 1_0"), BAD),
        (request(b"Content-Length: \xb2"), BAD),
        (request(b"Content-Length:"), BAD),
        (request(b"Content-Length: 1", b"Transfer-Encoding: chunked"), BAD),
        (request(b"Transfer-Encoding: chunked", b"Content-Length: 1"), BAD),
        (request(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"), BAD),
        (request(b"Transfer-Encoding: chunked", line=b"POST / HTTP/1.0"), BAD),
        (request(b"Transfer-Encoding: gzip, chunked"), (501, Reason.NOT_IMPLEMENTED)),
        (request(b"Expect: tea"), (417, Reason.EXPECTATION_FAILED)),
        (request(b"Connection: Host"), BAD),
        (request(b"Connection: close, transfer-encoding"), BAD),
        (request(b"Connection: COOKIE"), BAD),
        (request(b"Connection: authorization"), BAD),
        (request(b"Authorization: a", b"authorization: b"), BAD),
        (request(b"Content-Type: a", b"content-type: b"), BAD),
        (request(line=b"CONNECT a.test:443 HTTP/1.1"), (501, Reason.NOT_IMPLEMENTED)),
        (request(line=b"BREW / HTTP/1.1"), (501, Reason.NOT_IMPLEMENTED)),
        (request(line=b"get / HTTP/1.1"), (501, Reason.NOT_IMPLEMENTED)),
        (request(line=b"G(T / HTTP/1.1"), BAD),
        (request(line=b"GET  / HTTP/1.1"), BAD),
        (request(line=b"GET /  HTTP/1.1"), BAD),
        (request(line=b"GET / HTTP/1.1 "), BAD),
        (request(line=b"GET /"), (505, Reason.BAD_REQUEST)),
        (request(line=b"GET / HTTP/2.0"), (505, Reason.BAD_REQUEST)),
        (request(line=b"GET / HTTP/0.9"), (505, Reason.BAD_REQUEST)),
        (request(line=b"GET / HTTP/1.2"), BAD),
        (request(b"A : b"), BAD),
        (request(b": b"), BAD),
        (request(b"A: b\r\n c"), BAD),
        (request(b"A: b\0c"), BAD),
        (request(b"A: b\rc"), BAD),
        (request(b"A: b\nc: d"), BAD),
    ],
    ids=lambda value: repr(value)[:60],
)
def test_what_is_out_of_form_is_refused_however_it_is_delivered(data: bytes, expected: tuple[int, Reason]) -> None:
    assert refusal(data) == expected
    assert read_heads(LIMITS, bytewise(data))[1] == "refused"


def assert_limit(build: Callable[[int], bytes], delivery: str, expected: tuple[int, Reason]) -> None:
    """build makes a head that passes the limit by so much."""
    for excess, outcome in ((0, "waiting"), (1, "refused")):
        data = build(excess)
        pieces = [data] if delivery == "whole" else bytewise(data)
        assert read_heads(TIGHT, pieces)[1] == outcome
    assert refusal(build(1), TIGHT) == expected


DELIVERIES = pytest.mark.parametrize("delivery", ["whole", "byte by byte"])


@pytest.mark.parametrize("method", ["GET", "OPTIONS", "DELETE", "UNSUBSCRIBE", "MKACTIVITY", "M-SEARCH"])
@DELIVERIES
def test_a_request_line_may_be_as_long_as_the_limit_and_no_longer(method: str, delivery: str) -> None:
    def build(excess: int) -> bytes:
        target = b"/" + b"a" * (TIGHT.line - len(f"{method} / HTTP/1.1") + excess)
        return request(line=b"%b %b HTTP/1.1" % (method.encode(), target))

    assert_limit(build, delivery, (414, Reason.URI_TOO_LONG))


@DELIVERIES
def test_a_header_section_may_be_as_large_as_the_limit_and_no_larger(delivery: str) -> None:
    def build(excess: int) -> bytes:
        return request(b"A: " + b"a" * (TIGHT.header_bytes - len(b"Host: a.test\r\nA: \r\n\r\n") + excess))

    assert len(build(0)) == len(b"GET / HTTP/1.1\r\n") + TIGHT.header_bytes
    assert_limit(build, delivery, (431, Reason.HEADER_TOO_LARGE))


@DELIVERIES
def test_there_may_be_as_many_fields_as_the_limit_and_no_more(delivery: str) -> None:
    def build(excess: int) -> bytes:
        return request(*[b"A: b"] * (TIGHT.headers - 1 + excess))

    assert_limit(build, delivery, (431, Reason.HEADER_TOO_LARGE))


@pytest.mark.parametrize("endless", [b"\r\n", b"A: b\r\n", b"a"])
def test_a_head_without_end_is_refused_before_it_is_held(endless: bytes) -> None:
    line = b"" if endless == b"\r\n" else b"GET / HTTP/1.1\r\n"
    pieces = [line + endless, *[endless] * 1_000]
    unread = iter(pieces)
    assert read_heads(TIGHT, unread) == ([], "refused")
    assert len(endless) * (len(pieces) - len(list(unread))) <= TIGHT.header_bytes + TIGHT.line


def test_empty_lines_before_a_request_are_overlooked() -> None:
    for data in (b"\r\n" + request(), b"\r\n\r\n\r\n" + request()):
        heads, end = read_heads(LIMITS, [data])
        assert (len(heads), end) == (1, "waiting")
        assert read_heads(LIMITS, bytewise(data)) == (heads, end)


def test_a_head_that_comes_again_is_read_the_same_with_its_own_target() -> None:
    reader = RequestHeadReader(LIMITS)
    reader.feed(request(b"Accept: */*"))
    first = facts(reader.head)
    again = request(b"Accept: */*", line=b"POST /other?x HTTP/1.1")
    assert reader.feed(again) == len(again)
    expected = first | {"method": "POST", "target": b"/other?x", "size": len(again)}
    assert facts(reader.head) == expected == facts(read(again))


def test_a_long_head_is_not_remembered() -> None:
    reader = RequestHeadReader(LIMITS)
    data = request(b"A: " + b"a" * REPEATED_AT_MOST)
    for _ in range(2):
        assert reader.feed(data) == len(data)
        assert reader._repeated == b""


@pytest.mark.parametrize(
    "line",
    [
        b"GET  HTTP/1.1",
        b"GET / / HTTP/1.1",
        b"GET / HTTP/1.0",
        b"CONNECT a.test:443 HTTP/1.1",
        b"GET /" + b"a" * TIGHT.line + b" HTTP/1.1",
        b"get / HTTP/1.1",
    ],
)
def test_a_head_that_comes_again_behind_another_request_line_is_judged_like_any_other(line: bytes) -> None:
    reader = RequestHeadReader(TIGHT)
    reader.feed(request())
    data = request(line=line)
    try:
        alone: Any = facts(read(data, TIGHT))
    except RequestRefused as refused:
        alone = (refused.status, refused.reason)
    try:
        reader.feed(data)
        repeated: Any = facts(reader.head)
    except RequestRefused as refused:
        repeated = (refused.status, refused.reason)
    assert repeated == alone


TOKENS = st.sampled_from([b"X-A", b"accept", b"Cookie", b"X_Under", b"X-Forwarded-Proto", b"TE", b"X-Request-Id"])
SPECIAL = st.sampled_from(
    [
        b"Connection: close",
        b"Connection: keep-alive",
        b"Connection: x-a",
        b"Connection: upgrade",
        b"Upgrade: websocket",
        b"Content-Length: 0",
        b"Expect: 100-continue",
        b"traceparent: 00-1-2-3",
        b"User-Agent: u",
        b"Host: b",
        b"Bad Name: x",
    ]
)
VALUES = st.binary(max_size=20).map(lambda value: value.translate(None, bytes([*range(9), *range(10, 32), 127])))
FIELD_LINES = st.one_of(SPECIAL, st.builds(lambda name, value: name + b": " + value, TOKENS, VALUES))
LINES = st.sampled_from(
    [b"GET / HTTP/1.1", b"GET /a?b=c HTTP/1.1", b"HEAD /x HTTP/1.1", b"POST / HTTP/1.0", b"PUT /%41 HTTP/1.1"]
)
HEADS = st.builds(
    lambda lead, line, lines: lead + request(*lines, line=line),
    st.sampled_from([b"", b"", b"\r\n", b"\r\n\r\n"]),
    LINES,
    st.lists(FIELD_LINES, max_size=7),
)


@settings(max_examples=150, deadline=None)
@example(stream=[b"\r\n\r\n" + request(), request()], cuts=[1, 2, 3, 4])
@given(stream=st.lists(HEADS, min_size=1, max_size=3), cuts=CUTS)
def test_requests_are_read_the_same_however_they_are_cut(stream: list[bytes], cuts: list[int]) -> None:
    data = b"".join(stream)
    for limits in (LIMITS, TIGHT):
        # What comes behind a request that ends the connection is never read, so each reading may stop at a refusal.
        whole = read_heads(limits, [data])
        assert read_heads(limits, cut(data, cuts)) == whole
        assert read_heads(limits, bytewise(data)) == whole


@settings(max_examples=150, deadline=None)
@given(head=HEADS, cuts=CUTS, where=st.integers(0, 200), noise=st.binary(max_size=3))
def test_broken_requests_are_judged_the_same_however_they_are_cut(
    head: bytes, cuts: list[int], where: int, noise: bytes
) -> None:
    place = where % len(head)
    data = head[:place] + noise + head[place + 1 :]
    whole = read_heads(LIMITS, [data])
    assert read_heads(LIMITS, cut(data, cuts)) == whole
    assert read_heads(LIMITS, bytewise(data)) == whole
