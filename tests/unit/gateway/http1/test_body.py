"""Bodies: the payload is the same however they arrive, what is out of form is refused, and each limit lies where it says."""

from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.http1.body import BodyInvalid, BodyReader, ChunkedBody, CloseDelimitedBody, LengthBody, NoBody
from gateway.http1.writer import chunk, last_chunk
from gateway.model.headers import Fields
from gateway.proxy.relay import frame_payload
from tests.support.cutting import CUTS, bytewise, cut

CHUNK_LINE, TRAILER_BYTES = 40, 60


def chunked() -> ChunkedBody:
    return ChunkedBody(CHUNK_LINE, TRAILER_BYTES)


def read(body: BodyReader, pieces: Iterable[bytes]) -> tuple[bytes, Fields, bytes, bool]:
    """Payload, trailers, what came behind the end, and whether the end came."""
    payload, behind = b"", b""
    for piece in pieces:
        if body.is_complete:
            behind += piece
        else:
            payload += body.read(piece)
    return payload, body.trailers, body.rest + behind, body.is_complete


def judge(pieces: Iterable[bytes]) -> tuple[bytes, Fields, bytes, bool] | str:
    try:
        return read(chunked(), pieces)
    except BodyInvalid:
        return "refused"


def test_nothing_belongs_to_a_message_without_a_body() -> None:
    body = NoBody()
    assert body.is_complete
    assert (body.read(b"GET"), body.read(b" /"), body.rest) == (b"", b"", b"GET /")


def test_a_body_of_length_zero_is_complete_at_once() -> None:
    assert LengthBody(0).is_complete


@given(payload=st.binary(min_size=1, max_size=50), behind=st.binary(max_size=10), cuts=CUTS)
def test_a_body_of_a_declared_length_ends_there(payload: bytes, behind: bytes, cuts: list[int]) -> None:
    assert read(LengthBody(len(payload)), cut(payload + behind, cuts)) == (payload, [], behind, True)


def test_a_body_of_a_declared_length_is_not_complete_before() -> None:
    body = LengthBody(5)
    assert (body.read(b"1234"), body.is_complete) == (b"1234", False)
    assert (body.read(b"5"), body.is_complete, body.rest) == (b"5", True, b"")


def test_a_body_that_ends_with_its_connection_is_never_complete_by_itself() -> None:
    body = CloseDelimitedBody()
    assert (body.read(b"all"), body.read(b" of it"), body.is_complete) == (b"all", b" of it", False)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"0\r\n\r\n", (b"", [], b"", True)),
        (b"3\r\nabc\r\n0\r\n\r\n", (b"abc", [], b"", True)),
        (b"003\r\nabc\r\n00\r\n\r\n", (b"abc", [], b"", True)),
        (b"A\r\n0123456789\r\n1;x=y\r\n!\r\n0;z\r\n\r\nGET", (b"0123456789!", [], b"GET", True)),
        (b'1 ; a="b;c"\r\nx\r\n0\r\n\r\n', (b"x", [], b"", True)),
        (b"0\r\nA: b \r\nc:\t\xe9\r\n\r\n", (b"", [(b"A", b"b"), (b"c", b"\xe9")], b"", True)),
        (b"5\r\nab", (b"ab", [], b"", False)),
        (b"2\r\n\r\n\r\n0\r\n\r\n", (b"\r\n", [], b"", True)),
    ],
)
def test_a_chunked_body_is_read(data: bytes, expected: tuple[bytes, Fields, bytes, bool]) -> None:
    assert judge([data]) == expected
    assert judge(bytewise(data)) == expected


@pytest.mark.parametrize(
    "data",
    [
        b"\r\n",
        b"x\r\n",
        b" 1\r\nx\r\n",
        b"-1\r\n",
        b"+1\r\nx\r\n",
        b"0x1\r\nx\r\n",
        b"1_0\r\n",
        b"1\nx\r\n",
        b"1\rx",
        b"1\r\r\n",
        b"1 \rx",
        b"1 x\r\n",
        b"1;a\nb\r\n",
        b"1;a\0b\r\n",
        b"1;a\rb\r\n",
        b"00000000000000001\r\nx\r\n",
        b"1\r\nxy\r\n",
        b"1\r\nx\n",
        b"1\r\nx\rA",
        b"0\r\nA\r\n\r\n",
        b"0\r\nA : b\r\n\r\n",
        b"0\r\n: b\r\n\r\n",
        b"0\r\n A: b\r\n\r\n",
        b"0\r\nA: b\0\r\n\r\n",
        b"0\r\nA: b\rc\r\n\r\n",
        b"0\r\nA: b\nC: d\r\n\r\n",
        b"0\r\nContent-Length: 5\r\n\r\n",
        b"0\r\ntransfer-encoding: chunked\r\n\r\n",
        b"0\r\nHost: b\r\n\r\n",
        b"0\r\nAUTHORIZATION: b\r\n\r\n",
    ],
)
def test_a_chunked_body_out_of_form_is_refused_however_it_is_delivered(data: bytes) -> None:
    assert judge([data]) == "refused"
    assert judge(bytewise(data)) == "refused"


DELIVERIES = pytest.mark.parametrize("delivery", ["whole", "byte by byte"])


def deliver(data: bytes, delivery: str) -> tuple[bytes, Fields, bytes, bool] | str:
    return judge([data] if delivery == "whole" else bytewise(data))


@DELIVERIES
@pytest.mark.parametrize("kind", ["extension", "spaces"])
def test_a_chunk_line_may_be_as_long_as_the_limit_and_no_longer(delivery: str, kind: str) -> None:
    for excess, is_refused in ((0, False), (1, True)):
        filler = CHUNK_LINE - len("1;\r\n") + excess
        line = b"1;" + b"e" * filler if kind == "extension" else b"1" + b" " * filler + b";"
        assert (deliver(line + b"\r\nx\r\n0\r\n\r\n", delivery) == "refused") is is_refused


@DELIVERIES
def test_a_trailer_section_may_be_as_large_as_the_limit_and_no_larger(delivery: str) -> None:
    for excess, is_refused in ((0, False), (1, True)):
        first = b"A: b\r\n"
        filler = TRAILER_BYTES - len(first) - len("B: \r\n") + excess
        assert (deliver(b"0\r\n" + first + b"B: " + b"b" * filler + b"\r\n\r\n", delivery) == "refused") is is_refused


def test_a_trailer_section_too_large_says_so() -> None:
    with pytest.raises(BodyInvalid) as invalid:
        chunked().read(b"0\r\nA: " + b"a" * TRAILER_BYTES)
    assert invalid.value.is_too_large


@pytest.mark.parametrize("endless", [b"1;", b"1" + b" " * 30, b"0\r\nA: b\r\n", b"0\r\n"])
def test_what_has_no_end_is_refused_before_it_is_held(endless: bytes) -> None:
    unread = iter([endless, *[b"A"] * 1_000])
    assert judge(unread) == "refused"
    assert 1_000 - len(list(unread)) <= CHUNK_LINE + TRAILER_BYTES


def test_all_chunks_of_one_read_are_one_piece() -> None:
    assert chunked().read(b"1\r\nx\r\n" * 1000) == b"x" * 1000


def test_a_single_chunk_of_one_read_is_not_copied_once_more() -> None:
    data = b"3e8\r\n" + bytes(1000)
    assert chunked().read(data) == bytes(1000)


EXTENSIONS = st.sampled_from([b"", b";a", b' ; a="b"'])
CHUNKS = st.lists(st.tuples(st.binary(min_size=1, max_size=20), EXTENSIONS), max_size=6)
TRAILERS = st.lists(st.sampled_from([(b"A", b"b"), (b"X-Sum", b"c d"), (b"E", b"")]), max_size=3)


def encode(chunks: list[tuple[bytes, bytes]], trailers: Fields) -> bytes:
    lines = [b"%x%b\r\n%b\r\n" % (len(payload), extension, payload) for payload, extension in chunks]
    return b"".join([*lines, b"0\r\n", *[b"%b: %b\r\n" % field for field in trailers], b"\r\n"])


@settings(max_examples=150, deadline=None)
@given(chunks=CHUNKS, trailers=TRAILERS, behind=st.binary(max_size=5), cuts=CUTS)
def test_a_chunked_body_is_the_same_however_it_is_cut(
    chunks: list[tuple[bytes, bytes]], trailers: Fields, behind: bytes, cuts: list[int]
) -> None:
    data = encode(chunks, trailers) + behind
    expected = (b"".join(payload for payload, _ in chunks), trailers, behind, True)
    assert judge([data]) == expected
    assert judge(cut(data, cuts)) == expected
    assert judge(bytewise(data)) == expected


@settings(max_examples=150, deadline=None)
@given(chunks=CHUNKS, trailers=TRAILERS, cuts=CUTS, where=st.integers(0, 200), noise=st.binary(max_size=3))
def test_a_broken_chunked_body_is_judged_the_same_however_it_is_cut(
    chunks: list[tuple[bytes, bytes]], trailers: Fields, cuts: list[int], where: int, noise: bytes
) -> None:
    data = encode(chunks, trailers)
    place = where % len(data)
    data = data[:place] + noise + data[place + 1 :]
    whole = judge([data])
    assert judge(cut(data, cuts)) == whole
    assert judge(bytewise(data)) == whole


@settings(max_examples=200, deadline=None)
@given(chunks=CHUNKS, trailers=TRAILERS, cuts=CUTS, again=CUTS)
def test_a_body_framed_anew_has_the_same_payload_and_trailers(
    chunks: list[tuple[bytes, bytes]], trailers: Fields, cuts: list[int], again: list[int]
) -> None:
    body, framed = chunked(), b""
    for piece in cut(encode(chunks, trailers), cuts):
        payload = body.read(piece)
        framed += frame_payload(payload, is_complete=body.is_complete, trailers=body.trailers)
    payload = b"".join(payload for payload, _ in chunks)
    assert judge(cut(framed, again)) == (payload, trailers, b"", True)


def test_what_the_writer_writes_is_read_back() -> None:
    data = chunk(b"abc") + chunk(b"d" * 300) + last_chunk([(b"A", b"b")])
    assert judge([data]) == (b"abc" + b"d" * 300, [(b"A", b"b")], b"", True)
