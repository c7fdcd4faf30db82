"""Answers the gateway makes itself: in JSON or text as the client prefers, with a stable reason and the request id."""

import json

import pytest

from gateway.http1.refusal import RequestRefused
from gateway.model.outcome import STATUS_OF, Reason
from gateway.proxy.reply import DETAIL_OF, Reply, encode_reply, refusal_reply, reply_for

DATE = b"Sat, 21 Nov 2026 02:08:43 GMT"


def encode(
    reply: Reply, *accept: bytes, keep_alive: bool = True, minor_version: int = 1, to_head: bool = False
) -> tuple[bytes, dict[bytes, bytes], bytes]:
    """Status line, fields and body."""
    data = encode_reply(
        reply, "id-1", list(accept), DATE, keep_alive=keep_alive, minor_version=minor_version, to_head=to_head
    )
    head, _, body = data.partition(b"\r\n\r\n")
    line, *lines = head.split(b"\r\n")
    fields = [(name, value) for name, _, value in (entry.partition(b": ") for entry in lines)]
    assert len(dict(fields)) == len(fields)
    return line, dict(fields), body


def test_a_problem_is_told_in_json_unless_text_is_wanted_more() -> None:
    line, fields, body = encode(reply_for(Reason.NO_ROUTE))
    assert line == b"HTTP/1.1 404 Not Found"
    assert fields[b"Content-Type"] == b"application/json"
    assert json.loads(body) == {
        "status": 404,
        "reason": "no_route",
        "detail": DETAIL_OF[Reason.NO_ROUTE],
        "request_id": "id-1",
    }


def test_a_problem_in_text_says_the_same() -> None:
    _, fields, body = encode(reply_for(Reason.NO_ROUTE), b"text/plain")
    assert fields[b"Content-Type"] == b"text/plain; charset=utf-8"
    assert body.decode() == f"404 no_route\n{DETAIL_OF[Reason.NO_ROUTE]}\nrequest id: id-1\n"


def test_every_problem_names_date_length_and_request() -> None:
    _, fields, body = encode(reply_for(Reason.CONNECT_REFUSED))
    assert fields[b"Date"] == DATE
    assert fields[b"Server"] == b"sightline"
    assert fields[b"X-Request-Id"] == b"id-1"
    assert fields[b"Content-Length"] == b"%d" % len(body)


@pytest.mark.parametrize(
    ("accept", "is_text"),
    [
        ([], False),
        ([b"*/*"], False),
        ([b"application/json"], False),
        ([b"text/plain"], True),
        ([b"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"], True),
        ([b"text/*;q=0.5, application/json;q=0.4"], True),
        ([b"text/plain;q=0.4", b"application/json;q=0.5"], False),
        ([b"TEXT/PLAIN"], True),
        ([b"text/plain, */*"], True),
        ([b"text/plain;q=0"], False),
        ([b"image/png"], False),
        ([b"text/plain; q=nonsense"], True),
        ([b"\xff;;,,;q=,"], False),
    ],
)
def test_what_is_accepted_decides_the_form(accept: list[bytes], is_text: bool) -> None:
    _, fields, _ = encode(reply_for(Reason.NO_ROUTE), *accept)
    assert (fields[b"Content-Type"] == b"text/plain; charset=utf-8") is is_text


@pytest.mark.parametrize("reason", [reason for reason in Reason if reason in STATUS_OF])
def test_every_reason_has_an_answer(reason: Reason) -> None:
    line, _, body = encode(reply_for(reason))
    assert line.startswith(b"HTTP/1.1 %d " % STATUS_OF[reason])
    assert json.loads(body)["reason"] == reason.value


def test_the_detail_for_the_log_is_not_told_to_the_client() -> None:
    reply = reply_for(Reason.CONNECT_REFUSED, "10.0.0.7 said no")
    assert reply.detail == "10.0.0.7 said no"
    assert b"10.0.0.7" not in encode(reply)[2]


def test_a_refusal_says_what_was_wrong_and_closes() -> None:
    reply = refusal_reply(RequestRefused(Reason.BAD_REQUEST, "A field is missing.", status=505))
    assert reply.closes
    line, _, body = encode(reply)
    assert line == b"HTTP/1.1 505 HTTP Version Not Supported"
    assert json.loads(body)["detail"] == "A field is missing."


@pytest.mark.parametrize("reason", [Reason.OVERLOADED, Reason.SHUTTING_DOWN, Reason.POOL_EXHAUSTED])
def test_what_may_pass_says_when_to_come_again(reason: Reason) -> None:
    assert encode(reply_for(reason))[1][b"Retry-After"] == b"1"


def test_fields_of_an_answer_are_not_shared_between_answers() -> None:
    fields = [(b"Allow", b"GET")]
    reply_for(Reason.OVERLOADED, fields=fields)
    assert fields == [(b"Allow", b"GET")]


@pytest.mark.parametrize(
    ("keep_alive", "minor_version", "connection"),
    [(True, 1, None), (False, 1, b"close"), (True, 0, b"keep-alive"), (False, 0, b"close")],
)
def test_what_becomes_of_the_connection_is_said(keep_alive: bool, minor_version: int, connection: bytes | None) -> None:
    _, fields, _ = encode(reply_for(Reason.NO_ROUTE), keep_alive=keep_alive, minor_version=minor_version)
    assert fields.get(b"Connection") == connection


def test_the_answer_to_head_announces_the_body_it_leaves_out() -> None:
    _, full, body = encode(reply_for(Reason.NO_ROUTE))
    _, fields, nothing = encode(reply_for(Reason.NO_ROUTE), to_head=True)
    assert nothing == b""
    assert fields[b"Content-Length"] == full[b"Content-Length"] == b"%d" % len(body)


@pytest.mark.parametrize("status", [204, 304])
def test_statuses_without_a_body_have_none(status: int) -> None:
    _, fields, body = encode(Reply(status, body=b"ignored"))
    assert body == b""
    assert b"Content-Length" not in fields


def test_a_fixed_answer_is_as_configured() -> None:
    _, fields, body = encode(Reply(200, fields=[(b"X-A", b"b")], body=b"fixed"))
    assert (fields[b"X-A"], fields[b"Content-Length"], body) == (b"b", b"5", b"fixed")
    assert b"Content-Type" not in fields
    assert b"X-Request-Id" not in fields


def test_a_field_that_would_split_the_answer_is_never_written() -> None:
    with pytest.raises(ValueError, match="control characters"):
        encode(Reply(302, fields=[(b"Location", b"/a\r\nSet-Cookie: x")], body=b""))
