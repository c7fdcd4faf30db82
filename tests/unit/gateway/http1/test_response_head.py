"""Heads of responses: how the body is framed, whether the connection may serve again, and what is never relayed."""

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateway.http1.refusal import ResponseRefused
from gateway.http1.response_head import HEADER_BYTES, HEADER_COUNT, ResponseHead, ResponseHeadReader
from tests.support.cutting import CUTS, bytewise, cut


def response(*lines: bytes, line: bytes = b"HTTP/1.1 200 OK") -> bytes:
    return b"\r\n".join([line, *lines]) + b"\r\n\r\n"


def read(data: bytes, *, to_head: bool = False, upgrade: bytes | None = None) -> ResponseHead:
    reader = ResponseHeadReader()
    reader.to_head, reader.allowed_upgrade = to_head, upgrade
    assert reader.feed(data) == len(data)
    return reader.head


def facts(head: ResponseHead) -> dict[str, Any]:
    return {name: getattr(head, name) for name in dir(head) if not name.startswith("_")}


def read_heads(pieces: Iterable[bytes]) -> tuple[list[dict[str, Any]], str]:
    """The facts of all heads in a stream without bodies, and how reading ended."""
    reader, heads = ResponseHeadReader(), []
    reader.allowed_upgrade = b"websocket"
    try:
        for piece in pieces:
            rest = piece
            while rest:
                end = reader.feed(rest)
                if end < 0:
                    break
                heads.append(facts(reader.head))
                rest = rest[end:]
    except ResponseRefused:
        return heads, "refused"
    return heads, "incomplete" if reader.size_so_far else "waiting"


def test_a_status_line_is_taken_apart() -> None:
    head = read(response(b"Content-Length: 5", line=b"HTTP/1.1 404 Not Found"))
    assert (head.status, head.minor_version, head.content_length) == (404, 1, 5)


@pytest.mark.parametrize("line", [b"HTTP/1.1 200 ", b"HTTP/1.1 200", b"HTTP/1.1 200 caf\xe9", b"HTTP/1.1 299 Whatever"])
def test_the_phrase_is_of_no_importance(line: bytes) -> None:
    assert read(response(b"Content-Length: 1", line=line)).status in {200, 299}


LENGTH, CHUNKED, CLOSE, NONE = "length", "chunked", "close", "none"


def framing(head: ResponseHead) -> str:
    found = [
        name
        for name, holds in (
            (NONE, head.is_bodyless),
            (CHUNKED, head.is_chunked and not head.is_bodyless),
            (CLOSE, head.is_close_delimited),
        )
        if holds
    ]
    assert len(found) <= 1
    return found[0] if found else LENGTH


@pytest.mark.parametrize(
    ("data", "expected", "is_reusable"),
    [
        (response(b"Content-Length: 5"), LENGTH, True),
        (response(b"Content-Length: 0"), NONE, True),
        (response(b"Content-Length: 5 "), LENGTH, True),
        (response(b"Transfer-Encoding: Chunked"), CHUNKED, True),
        (response(), CLOSE, False),
        (response(b"Connection: keep-alive"), CLOSE, False),
        (response(line=b"HTTP/1.1 204 No Content"), NONE, True),
        (response(b"Content-Length: 5", line=b"HTTP/1.1 304 Not Modified"), NONE, True),
        (response(b"Transfer-Encoding: chunked", line=b"HTTP/1.1 304 Not Modified"), NONE, True),
        (response(line=b"HTTP/1.1 103 Early Hints"), NONE, True),
        (response(b"Content-Length: 5", b"Connection: close"), LENGTH, False),
        (response(b"Content-Length: 5", b"Connection: a", b"Connection: b, Close"), LENGTH, False),
        (response(b"Content-Length: 5", line=b"HTTP/1.0 200 OK"), LENGTH, False),
        (response(b"Content-Length: 5", b"Connection: keep-alive", line=b"HTTP/1.0 200 OK"), LENGTH, True),
        (response(b"Connection: keep-alive", line=b"HTTP/1.0 200 OK"), CLOSE, False),
    ],
    ids=lambda value: repr(value)[:70],
)
def test_framing_and_whether_the_connection_may_serve_again(data: bytes, expected: str, is_reusable: bool) -> None:
    head = read(data)
    assert (framing(head), head.is_reusable) == (expected, is_reusable)


@pytest.mark.parametrize("lines", [[b"Content-Length: 5"], [b"Transfer-Encoding: chunked"], []])
def test_no_body_follows_the_answer_to_head(lines: list[bytes]) -> None:
    head = read(response(*lines), to_head=True)
    assert framing(head) == NONE
    assert head.is_reusable


def test_hop_by_hop_fields_and_those_that_connection_names_are_not_passed_on() -> None:
    head = read(
        response(
            b"Server: x",
            b"Keep-Alive: timeout=5",
            b"X-Hop: 1",
            b"Connection: x-hop, keep-alive",
            b"Content-Length: 1",
            b"Set-Cookie: a",
            b"Set-Cookie: b",
            b"Proxy-Connection: keep-alive",
            b"Trailer: X-Sum",
            b"Date: today",
        )
    )
    assert head.passed == [(b"Server", b"x"), (b"Set-Cookie", b"a"), (b"Set-Cookie", b"b"), (b"Date", b"today")]
    assert head.has_date


@pytest.mark.parametrize(
    ("offered", "chosen", "is_taken"),
    [
        (b"websocket", b"websocket", True),
        (b"websocket", b"WebSocket", True),
        (b"a, websocket", b"websocket", True),
        (b"websocket", b"h2c", False),
        (b"websocket", None, False),
        (None, b"websocket", False),
        (None, None, False),
    ],
)
def test_a_switch_is_taken_only_to_what_was_offered(
    offered: bytes | None,
    chosen: bytes | None,
    is_taken: bool,
) -> None:
    lines = [b"Connection: Upgrade", *([b"Upgrade: " + chosen] if chosen else [])]
    data = response(*lines, line=b"HTTP/1.1 101 Switching Protocols")
    if is_taken:
        assert read(data, upgrade=offered).upgrade == chosen
    else:
        with pytest.raises(ResponseRefused):
            read(data, upgrade=offered)


@pytest.mark.parametrize(
    "data",
    [
        response(b"Content-Length: 1", b"Content-Length: 1"),
        response(b"Content-Length: 1, 1"),
        response(b"Content-Length: -1"),
        response(b"Content-Length: 0x1"),
        response(b"Content-Length: "),
        response(b"Content-Length: 1", b"Transfer-Encoding: chunked"),
        response(b"Transfer-Encoding: chunked", b"Content-Length: 1"),
        response(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"),
        response(b"Transfer-Encoding: gzip, chunked"),
        response(b"Transfer-Encoding: chunked, gzip"),
        response(b"Transfer-Encoding: identity"),
        response(b"Transfer-Encoding: chunked", line=b"HTTP/1.0 200 OK"),
        response(line=b"HTTP/1.1 999 Much"),
        response(line=b"HTTP/1.1 600 More"),
        response(line=b"HTTP/1.1 099 Less"),
        response(line=b"HTTP/1.1 20 OK"),
        response(line=b"HTTP/2.0 200 OK"),
        response(line=b"HTTP/0.9 200 OK"),
        response(line=b"HTTP/1.2 200 OK"),
        response(line=b"RTSP/1.0 200 OK"),
        response(line=b"ICY 200 OK"),
        response(line=b"HTTP/1.1  200 OK"),
        response(line=b"HTTP/1.1 200 O\0K"),
        response(b"A: b\0"),
        response(b"A : b"),
        response(b": b"),
        response(b"A: b\r\n c"),
        response(b"A: b\nC: d"),
        response(b"A: b\rC: d"),
        b"HTTP/1.1 200 OK\nContent-Length: 0\n\n" + response(),
    ],
    ids=lambda value: repr(value)[:70],
)
def test_what_could_split_or_poison_a_connection_is_refused_however_it_is_delivered(data: bytes) -> None:
    assert read_heads([data])[1] == "refused"
    assert read_heads(bytewise(data))[1] == "refused"


@pytest.mark.parametrize("delivery", ["whole", "byte by byte"])
def test_a_head_may_be_as_large_as_the_limit_and_no_larger(delivery: str) -> None:
    for excess, outcome in ((0, "waiting"), (1, "refused")):
        data = response(b"A: " + b"a" * (HEADER_BYTES - len(response(b"A: ")) + excess))
        halves = [data[:-5], data[-5:-3], data[-3:-1], data[-1:]]
        assert read_heads([data] if delivery == "whole" else halves)[1] == outcome


@pytest.mark.parametrize("delivery", ["whole", "byte by byte"])
def test_there_may_be_as_many_fields_as_the_limit_and_no_more(delivery: str) -> None:
    for count, outcome in ((HEADER_COUNT, "waiting"), (HEADER_COUNT + 1, "refused")):
        data = response(*[b"A: b"] * count)
        assert read_heads([data] if delivery == "whole" else bytewise(data))[1] == outcome


def test_a_head_without_end_is_refused_before_it_is_held() -> None:
    unread = iter([response()[:-2], *[b"A: " + b"a" * 1_000 + b"\r\n"] * 1_000])
    assert read_heads(unread) == ([], "refused")
    assert len(list(unread)) > 800


def test_a_head_that_comes_again_is_the_same_object() -> None:
    reader = ResponseHeadReader()
    data = response(b"Content-Length: 2")
    reader.feed(data + b"ok")
    first = reader.head
    assert reader.feed(data + b"no") == len(data)
    assert reader.head is first


@pytest.mark.parametrize(
    "data",
    [
        response(b"Content-Length: 2", b"Connection: close"),
        response(b"Transfer-Encoding: chunked"),
        response(),
        response(line=b"HTTP/1.1 103 Early Hints"),
        response(line=b"HTTP/1.1 204 No Content"),
        response(b"Content-Length: 0"),
    ],
)
def test_a_head_that_is_more_than_a_length_is_read_anew(data: bytes) -> None:
    reader = ResponseHeadReader()
    reader.feed(data)
    first = reader.head
    reader.feed(data)
    assert reader.head is not first
    assert facts(reader.head) == facts(first)


LINES = st.sampled_from(
    [
        b"Content-Length: 0",
        b"Content-Length: 7",
        b"Transfer-Encoding: chunked",
        b"Connection: close",
        b"Connection: x-a, keep-alive",
        b"X-A: b",
        b"Set-Cookie: a=b; Path=/",
        b"Date: Sat, 21 Nov 2026 02:08:43 GMT",
        b"Upgrade: websocket",
        b"Obs: caf\xe9\x85",
        b"Empty:",
    ]
)
STATUS_LINES = st.sampled_from(
    [b"HTTP/1.1 200 OK", b"HTTP/1.1 204 ", b"HTTP/1.1 304", b"HTTP/1.0 200 OK", b"HTTP/1.1 103 X", b"HTTP/1.1 101 Y"]
)
HEADS = st.builds(
    lambda lead, line, lines: lead + response(*lines, line=line),
    st.sampled_from([b"", b"", b"\r\n"]),
    STATUS_LINES,
    st.lists(LINES, max_size=5),
)


@settings(max_examples=150, deadline=None)
@example(stream=[response(b"Content-Length: 7")] * 3, cuts=[])
@given(stream=st.lists(HEADS, min_size=1, max_size=3), cuts=CUTS)
def test_responses_are_read_the_same_however_they_are_cut(stream: list[bytes], cuts: list[int]) -> None:
    data = b"".join(stream)
    whole = read_heads([data])
    assert read_heads(cut(data, cuts)) == whole
    assert read_heads(bytewise(data)) == whole


@settings(max_examples=150, deadline=None)
@given(head=HEADS, cuts=CUTS, where=st.integers(0, 200), noise=st.binary(max_size=3))
def test_broken_responses_are_judged_the_same_however_they_are_cut(
    head: bytes, cuts: list[int], where: int, noise: bytes
) -> None:
    place = where % len(head)
    data = head[:place] + noise + head[place + 1 :]
    whole = read_heads([data])
    assert read_heads(cut(data, cuts)) == whole
    assert read_heads(bytewise(data)) == whole
