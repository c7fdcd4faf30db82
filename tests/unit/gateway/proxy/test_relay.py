"""The response as it goes to the client: framed for this client, and the same every time it is the same."""

import pytest

from gateway.http1.response_head import ResponseHead, ResponseHeadReader
from gateway.model.route import HeaderEdit, Rewrite
from gateway.proxy.plan import RoutePlan
from gateway.proxy.relay import encode_interim, encode_response, frame_payload
from tests.support.requests import plan_of, route_of

DATE = b"Sat, 21 Nov 2026 02:08:43 GMT"


def head_of(*lines: bytes, line: bytes = b"HTTP/1.1 200 OK", upgrade: bytes | None = None) -> ResponseHead:
    reader = ResponseHeadReader()
    reader.allowed_upgrade = upgrade
    reader.feed(b"\r\n".join([line, *lines]) + b"\r\n\r\n")
    return reader.head


def encode(
    head: ResponseHead,
    plan: RoutePlan | None = None,
    *,
    minor_version: int = 1,
    keep_alive: bool = True,
    is_chunked: bool = False,
    date: bytes | None = None,
) -> list[bytes]:
    """The lines of the head."""
    data = encode_response(
        head, plan or plan_of(), minor_version, keep_alive=keep_alive, is_chunked=is_chunked, date=date
    )
    assert data.endswith(b"\r\n\r\n")
    return data[:-4].split(b"\r\n")


def test_most_answers_go_on_as_they_are() -> None:
    head = head_of(b"Server: x", b"Connection: keep-alive", b"Date: now", b"Content-Length: 005")
    assert encode(head) == [b"HTTP/1.1 200 OK", b"Server: x", b"Date: now", b"Content-Length: 5"]


def test_an_answer_that_comes_again_is_what_each_route_makes_of_it() -> None:
    head = head_of(b"Content-Length: 5")
    edit = HeaderEdit(set=(("X-Route", "two"),))
    plain, edited = plan_of(), plan_of(route_of(rewrite=Rewrite(response_headers=edit)))
    expected = [b"HTTP/1.1 200 OK", b"Content-Length: 5"]
    for _ in range(2):
        assert encode(head, plain) == expected
        assert encode(head, edited) == [expected[0], b"X-Route: two", expected[1]]


def test_what_was_written_for_one_route_serves_all_that_edit_no_answers() -> None:
    head = head_of(b"Content-Length: 5")
    edit = HeaderEdit(set=(("X-Route", "two"),))
    plain = plan_of(route_of("plain"))
    elsewhere = plan_of(route_of("elsewhere", rewrite=Rewrite(host="example.org")))
    edited = plan_of(route_of("edited", rewrite=Rewrite(response_headers=edit)))
    encode(head, plain)
    assert head.encoded_for is plain.answer_form is elsewhere.answer_form
    assert head.encoded_for is not edited.answer_form


def test_an_answer_that_came_before_is_written_anew_for_a_client_that_is_not_like_most() -> None:
    head, plan = head_of(b"Content-Length: 5"), plan_of()
    encode(head, plan)
    assert b"Connection: close" in encode(head, plan, keep_alive=False)
    assert b"Connection: keep-alive" in encode(head, plan, minor_version=0)
    assert b"Date: " + DATE in encode(head, plan, date=DATE)
    assert encode(head, plan) == [b"HTTP/1.1 200 OK", b"Content-Length: 5"]


def test_the_phrase_is_ours() -> None:
    assert encode(head_of(b"Content-Length: 1", line=b"HTTP/1.1 404 Gone fishing"))[0] == b"HTTP/1.1 404 Not Found"
    assert encode(head_of(b"Content-Length: 1", line=b"HTTP/1.1 299 Own"))[0] == b"HTTP/1.1 299 "


@pytest.mark.parametrize(
    ("minor_version", "keep_alive", "connection"),
    [(1, True, None), (1, False, b"close"), (0, True, b"keep-alive"), (0, False, b"close")],
)
def test_what_becomes_of_the_connection_is_said(minor_version: int, keep_alive: bool, connection: bytes | None) -> None:
    lines = encode(head_of(b"Content-Length: 1"), minor_version=minor_version, keep_alive=keep_alive)
    said = [line for line in lines if line.startswith(b"Connection: ")]
    assert said == ([] if connection is None else [b"Connection: " + connection])


def test_a_chunked_answer_says_so_and_has_no_length() -> None:
    head = head_of(b"Transfer-Encoding: chunked")
    assert encode(head, is_chunked=True)[1:] == [b"Transfer-Encoding: chunked"]
    assert encode(head, minor_version=0, keep_alive=False)[1:] == [b"Connection: close"]


@pytest.mark.parametrize("status", [b"204 No Content", b"101 Switching Protocols"])
def test_what_has_no_body_announces_none(status: bytes) -> None:
    lines = [b"Content-Length: 0", b"Connection: upgrade", b"Upgrade: websocket"]
    head = head_of(*lines, line=b"HTTP/1.1 " + status, upgrade=b"websocket")
    assert not [line for line in encode(head) if line.startswith(b"Content-Length")]


def test_a_switch_names_the_protocol() -> None:
    lines = [b"Connection: upgrade", b"Upgrade: WebSocket", b"Sec-WebSocket-Accept: k"]
    head = head_of(*lines, line=b"HTTP/1.1 101 Switching Protocols", upgrade=b"websocket")
    assert encode(head)[1:] == [b"Sec-WebSocket-Accept: k", b"Connection: Upgrade", b"Upgrade: WebSocket"]


def test_an_answer_that_demands_an_upgrade_names_the_protocol() -> None:
    head = head_of(b"Upgrade: websocket", b"Content-Length: 0", line=b"HTTP/1.1 426 Upgrade Required")
    assert b"Upgrade: websocket" in encode(head)
    assert b"Connection: Upgrade" in encode(head)


def test_an_offer_to_upgrade_is_hop_by_hop() -> None:
    head = head_of(b"Upgrade: h2c", b"Connection: Upgrade", b"Content-Length: 1")
    assert encode(head)[1:] == [b"Content-Length: 1"]


def test_the_date_is_added_where_there_is_none() -> None:
    assert encode(head_of(b"Content-Length: 1"), date=DATE)[1] == b"Date: " + DATE


def test_an_interim_answer_keeps_its_fields() -> None:
    head = head_of(b"Link: </a>", b"Connection: close", b"Keep-Alive: 1", line=b"HTTP/1.1 103 Early Hints")
    assert encode_interim(head) == b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"


@pytest.mark.parametrize(
    ("payload", "is_complete", "framed"),
    [
        (b"", False, b""),
        (b"abc", False, b"3\r\nabc\r\n"),
        (b"", True, b"0\r\nX-Sum: 3\r\n\r\n"),
        (b"abc", True, b"3\r\nabc\r\n0\r\nX-Sum: 3\r\n\r\n"),
    ],
)
def test_an_empty_piece_is_never_a_chunk(payload: bytes, is_complete: bool, framed: bytes) -> None:
    assert frame_payload(payload, is_complete=is_complete, trailers=[(b"X-Sum", b"3")]) == framed
