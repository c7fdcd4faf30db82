"""Calls of an admin API, against a peer that answers with the bytes it is told to."""

import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from console.client.call import decode, follow, get, send
from console.client.contexts import Target
from console.client.problems import AdminProblem, Refused, Unreachable
from console.state.messages import Request
from gateway.wire.exit_codes import ExitCode
from gateway.wire.views import HealthView

Serve = Callable[[bytes], tuple[Target, list[bytes]]]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start a peer that takes one request, answers with these bytes and closes; the requests it got are in the list."""
    threads: list[threading.Thread] = []
    sockets: list[socket.socket] = []

    def start(answer: bytes) -> tuple[Target, list[bytes]]:
        listening = socket.create_server(("127.0.0.1", 0))
        listening.settimeout(10)
        requests: list[bytes] = []

        def run() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.settimeout(10)
                received = b""
                while b"\r\n\r\n" not in received:
                    received += connection.recv(65536)
                requests.append(received)
                connection.sendall(answer)

        thread = threading.Thread(target=run)
        thread.start()
        threads.append(thread)
        sockets.append(listening)
        return Target(url=f"http://127.0.0.1:{listening.getsockname()[1]}", token="s3cret"), requests

    yield start
    for thread in threads:
        thread.join(10)
    for listening in sockets:
        listening.close()


def answer(status: str, body: bytes, kind: str = "application/json") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def test_a_call_carries_the_token_and_the_query(serve: Serve) -> None:
    target, requests = serve(answer("200 OK", b"{}"))
    assert get(target, "/api/v1/x", {"filter": "route:a b"}) == b"{}"
    assert requests[0].startswith(b"GET /api/v1/x?filter=route%3Aa+b HTTP/1.1\r\n")
    assert b"\r\nAuthorization: Bearer s3cret\r\n" in requests[0]


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("401 Unauthorized", ExitCode.DENIED),
        ("403 Forbidden", ExitCode.DENIED),
        ("400 Bad Request", ExitCode.USAGE),
        ("404 Not Found", ExitCode.FAILED),
    ],
)
def test_a_refusal_says_why_and_has_the_exit_code_of_its_status(serve: Serve, status: str, code: ExitCode) -> None:
    problem = b'{"title":"t","status":400,"reason":"r","detail":"there is no route ordrs"}'
    target, _ = serve(answer(status, problem, "application/problem+json"))
    with pytest.raises(Refused, match="there is no route ordrs") as raised:
        get(target, "/")
    assert raised.value.exit_code is code


@pytest.mark.parametrize("bytes_", [b"", b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort"])
def test_what_is_no_answer_is_a_gateway_that_cannot_be_reached(serve: Serve, bytes_: bytes) -> None:
    target, _ = serve(bytes_)
    with pytest.raises(Unreachable) as raised:
        get(target, "/")
    assert raised.value.exit_code is ExitCode.NOT_REACHABLE


def test_a_password_in_an_address_is_not_told() -> None:
    with pytest.raises(AdminProblem, match=r"no gateway answers at http://127\.0\.0\.1:1: "):
        get(Target(url="http://ada:hush@127.0.0.1:1"), "/")


def test_nobody_there_is_told_with_the_address() -> None:
    with pytest.raises(AdminProblem, match=r"no gateway answers at http://127\.0\.0\.1:1: connection refused"):
        get(Target(url="http://127.0.0.1:1"), "/")


def test_an_answer_of_something_else_is_told() -> None:
    with pytest.raises(Unreachable, match="not an admin API this command knows"):
        decode(b'{"hello":1}', HealthView)


def test_events_are_read_as_they_are_written(serve: Serve) -> None:
    stream = (
        b": beat\n\nevent: hello\ndata: {}\n\nevent: exchange\nid: e;x=1\ndata: a\ndata: b\n\ndata:c\n\ndata: cut off"
    )
    target, requests = serve(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + stream)
    events = list(follow(target, "/stream", {}, after="e;x=0"))
    assert events == [("hello", "{}", ""), ("exchange", "a\nb", "e;x=1"), ("message", "c", "e;x=1")]
    assert b"\r\nLast-Event-ID: e;x=0\r\n" in requests[0]


def test_a_call_that_changes_something_carries_its_body_and_what_was_seen(serve: Serve) -> None:
    target, requests = serve(answer("200 OK", b"{}"))
    request = Request("PUT", "config/objects/route/a%2Fb", (("dry_run", "true"),), b"{}", "application/yaml", "3.7")
    assert send(target, request) == b"{}"
    assert requests[0].startswith(b"PUT /api/v1/config/objects/route/a%2Fb?dry_run=true HTTP/1.1\r\n")
    for field in (b"Content-Type: application/yaml", b'If-Match: "3.7"', b"Content-Length: 2"):
        assert b"\r\n" + field + b"\r\n" in requests[0]


def test_a_conflict_and_a_wrong_configuration_have_exit_codes_of_their_own(serve: Serve) -> None:
    error = b'{"file":"f","line":3,"key":"k","message":"m"}'
    problem = b'{"title":"t","status":422,"reason":"r","detail":"d","errors":[' + error + b"]}"
    for status, body, code in (
        ("412 Precondition Failed", b"{}", ExitCode.REVISION_CONFLICT),
        ("422 Unprocessable Entity", problem, ExitCode.CONFIG_INVALID),
    ):
        target, _ = serve(answer(status, body))
        with pytest.raises(Refused) as raised:
            send(target, Request("POST", "config/apply"))
        assert raised.value.exit_code is code
        assert [each.line for each in raised.value.errors] == ([3] if body is problem else [])
