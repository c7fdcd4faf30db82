"""The readers by themselves, which is fast: head readers, the chunked body, the target and the authority.

The invariants: nothing is raised but a refusal; what is read is clean, so that it can be written down and sent on as it
is; limits hold; reading in pieces comes to the same; a normalised path is one that stays as it is.
"""

import zlib
from collections.abc import Callable, Iterable
from typing import Final, TypeAlias

from gateway.http1.body import BodyInvalid, ChunkedBody
from gateway.http1.refusal import RequestRefused, ResponseRefused
from gateway.http1.request_head import RequestHead, RequestHeadReader
from gateway.http1.response_head import HEADER_BYTES, HEADER_COUNT, ResponseHead, ResponseHeadReader
from gateway.http1.target import parse_authority, parse_target
from gateway.http1.writer import field_line
from gateway.model.listener import ListenerLimits, PathRules
from tests.support.cutting import bytewise, cut

_LIMITS: Final = ListenerLimits(line=100, header_bytes=300, headers=6)
_CHUNK_LINE: Final = 30
_TRAILER_BYTES: Final = 60
_REFUSED: Final = "refused"

Pieces: TypeAlias = Iterable[bytes]


def judge(data: bytes) -> None:
    for read in (read_requests, read_responses, read_chunks):
        agree(read, data)
    for method in ("GET", "OPTIONS"):
        judge_target(method, data)
    judge_authority(data)


def agree(read: Callable[[Pieces], object], data: bytes) -> None:
    seed = zlib.crc32(data)
    whole = read([data] if data else [])
    pieces = list(cut(data, [seed >> shift & 0x3FF for shift in (0, 7, 13, 19)]))
    assert read(pieces) == whole, f"{read.__name__}: cut, it differs"
    assert read(bytewise(data)) == whole, f"{read.__name__}: byte by byte, it differs"


def read_requests(pieces: Pieces) -> list[object]:
    """The facts of all heads one behind the other, until one is refused."""
    reader, facts = RequestHeadReader(_LIMITS), list[object]()
    try:
        for piece in pieces:
            rest = piece
            while rest:
                end = reader.feed(rest)
                if end < 0:
                    break
                rest = rest[end:]
                head = reader.head
                # Where a head comes again but for its target, that is judged only now.
                parse_target(head.method, head.target, PathRules())
                facts.append(request_facts(head))
                if head.has_body or not head.keep_alive:
                    return facts  # What follows is not a head, or never read.
    except RequestRefused:
        facts.append(_REFUSED)
    return facts


def request_facts(head: RequestHead) -> object:
    assert len(head.fields) <= _LIMITS.headers, "too many fields"
    assert head.size <= _LIMITS.line + _LIMITS.header_bytes + 2, "too large a head"
    assert not (head.is_chunked and head.content_length is not None), "two framings"
    assert_clean(head.fields)
    fields = (tuple(sorted(head.fields)), head.passed_lines, head.host)
    return (head.method, head.target, head.minor_version, head.keep_alive, head.has_body, head.upgrade, fields)


def read_responses(pieces: Pieces) -> list[object]:
    reader, facts = ResponseHeadReader(), list[object]()
    try:
        for piece in pieces:
            rest = piece
            while rest:
                end = reader.feed(rest)
                if end < 0:
                    break
                rest = rest[end:]
                facts.append(response_facts(reader.head))
                if not reader.head.is_bodyless:
                    return facts
    except ResponseRefused:
        facts.append(_REFUSED)
    return facts


def response_facts(head: ResponseHead) -> object:
    assert 100 <= head.status <= 599
    assert len(head.passed) <= HEADER_COUNT
    assert sum(len(name) + len(value) for name, value in head.passed) <= HEADER_BYTES
    assert not (head.is_chunked and head.content_length is not None), "two framings"
    assert_clean(head.passed)
    return (head.status, head.minor_version, head.is_reusable, head.content_length, sorted(head.passed))


def assert_clean(fields: list[tuple[bytes, bytes]]) -> None:
    for name, value in fields:
        field_line(name, value)  # Raises ValueError for what could split a message.


def read_chunks(pieces: Pieces) -> object:
    """Payload, trailers, what came behind, and whether it is over; or that it was refused."""
    body = ChunkedBody(_CHUNK_LINE, _TRAILER_BYTES)
    payload = behind = b""
    try:
        for piece in pieces:
            if body.is_complete:
                behind += piece
                continue
            payload += body.read(piece)
            behind += body.rest
            assert len(body._held) <= max(_CHUNK_LINE, _TRAILER_BYTES) + 2, "too much is held"
    except BodyInvalid:
        return _REFUSED
    assert_clean(body.trailers)
    return (payload, tuple(body.trailers), behind, body.is_complete)


def judge_target(method: str, raw: bytes) -> None:
    try:
        target = parse_target(method, raw, PathRules())
    except RequestRefused:
        return
    if target.is_asterisk:
        return
    path, query = target.path, target.query
    assert path.isascii(), "not clean"
    assert path.isprintable(), "not clean"
    assert path.startswith("/"), "no path"
    assert not {".", ".."} & set(path.split("/")), "dot segments"
    assert "//" not in path, "an empty segment"
    again = parse_target(method, (path if query is None else f"{path}?{query}").encode(), PathRules())
    assert (again.path, again.query) == (path, query), "normalised twice, it differs"


def judge_authority(raw: bytes) -> None:
    try:
        host, port = parse_authority(raw)
    except RequestRefused:
        return
    assert host == host.lower(), "not in lower case"
    assert host.isascii(), "not clean"
    assert port is None or 0 < port < 65536
    assert parse_authority((host if port is None else f"{host}:{port}").encode()) == (host, port), (
        "read twice, it differs"
    )
