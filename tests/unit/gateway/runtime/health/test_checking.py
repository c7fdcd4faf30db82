"""One active check against real sockets: what is asked, and what the answers come to."""

import asyncio
import re
import socket
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.model.clock import MILLISECOND_NS
from gateway.model.health import ActiveCheck, CheckResult, CheckType, Question
from gateway.model.upstream import Endpoint
from gateway.runtime.health.checking import Checker, Finding

QUICK = ActiveCheck(timeout_ns=300 * MILLISECOND_NS)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nready"

Answer = bytes | None


class Peer:
    """Answers every connection with the same bytes, or not at all."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.asked: list[bytes] = []
        self.served = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = b""
            while not head.endswith(b"\r\n\r\n") and (piece := await reader.read(4096)):
                head += piece
            self.asked.append(head)
            if self.answer is None:
                await reader.read()
            else:
                writer.write(self.answer)
        finally:
            writer.transport.abort()
            self.served.set()


async def asked_by(checker: Checker, peer: Peer, check: ActiveCheck, **endpoint: Any) -> Finding:
    server = await asyncio.start_server(peer.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        declared = Endpoint(f"orders.test:{port}", "orders.test", port, **endpoint)
        finding = await checker.check(declared, ["127.0.0.1"], check)
        await asyncio.wait_for(peer.served.wait(), 5)
        return finding


def found(answer: Answer, check: ActiveCheck = QUICK, peer: Peer | None = None) -> Finding:
    async def run() -> Finding:
        checker = Checker()
        try:
            return await asked_by(checker, peer or Peer(answer), check)
        finally:
            await checker.close()

    return asyncio.run(run())


def asking(**question: Any) -> ActiveCheck:
    return replace(QUICK, question=Question(**question))


@pytest.mark.parametrize(
    ("answer", "check", "result", "evidence"),
    [
        pytest.param(OK, QUICK, "ok", r"200 in [0-9.]+ ms", id="a good status"),
        pytest.param(
            b"HTTP/1.1 503 Down\r\nContent-Length: 0\r\n\r\n", QUICK, "bad_status", r"503 in [0-9.]+ ms", id="a bad one"
        ),
        pytest.param(
            b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
            QUICK,
            "bad_status",
            r"302 in [0-9.]+ ms",
            id="a redirect is not followed",
        ),
        pytest.param(
            b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n",
            asking(statuses=((200, 204), (302, 302))),
            "ok",
            r"302 in .*",
            id="unless that is expected",
        ),
        pytest.param(OK, asking(body="ready"), "ok", r"200 in .*", id="a body that has it"),
        pytest.param(
            OK,
            asking(body="fine"),
            "bad_body",
            r"200, body does not contain 'fine' in [0-9.]+ ms",
            id="one that has not",
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 70_000 + b"late",
            asking(body="late"),
            "bad_body",
            ".*",
            id="found too late",
        ),
        pytest.param(None, QUICK, "timeout", r"timeout after 0.3 s", id="no answer"),
        pytest.param(b"", QUICK, "connect_error", "the connection ended before an answer", id="an end without one"),
        pytest.param(b"SSH-2.0-x\r\n\r\n", QUICK, "bad_status", "no valid answer: .*", id="what is no HTTP"),
        pytest.param(None, asking(type=CheckType.TCP), "ok", r"connected in [0-9.]+ ms", id="a connection alone"),
    ],
)
def test_what_comes_back_is_told_in_a_word_and_a_few_more(
    answer: Answer, check: ActiveCheck, result: str, evidence: str
) -> None:
    finding = found(answer, check)
    assert finding.result == result
    assert re.fullmatch(evidence, finding.evidence), finding.evidence


def test_it_asks_as_itself_over_a_connection_of_its_own_and_brings_nothing_along() -> None:
    peer = Peer(OK.replace(b"\r\n\r\n", b"\r\nSet-Cookie: a=b\r\n\r\n"))
    check = asking(path="/live?deep=%2F1", method="POST", host="health.test")

    async def run() -> None:
        checker = Checker()
        for _ in range(2):
            await asked_by(checker, peer, check)
        await checker.close()

    asyncio.run(run())
    first, second = peer.asked
    assert first.startswith(b"POST /live?deep=%2F1 HTTP/1.1\r\n")
    assert b"\r\nHost: health.test\r\n" in first
    assert b"\r\nUser-Agent: sightline-health/" in first
    assert b"Cookie" not in second


def test_without_a_host_of_its_own_it_asks_for_the_endpoint_as_configured() -> None:
    peer = Peer(OK)
    found(OK, peer=peer)
    assert re.search(rb"\r\nHost: orders\.test:[0-9]+\r\n", peer.asked[0])


@pytest.fixture
def closed_port() -> Iterator[int]:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        yield reserved.getsockname()[1]


Ask = Callable[[Checker], Awaitable[Finding]]


def run_with(ask: Ask) -> Finding:
    async def run() -> Finding:
        checker = Checker()
        try:
            return await ask(checker)
        finally:
            await checker.close()

    return asyncio.run(run())


@pytest.mark.parametrize("kind", list(CheckType))
def test_a_refused_connection_is_called_so(closed_port: int, kind: CheckType) -> None:
    endpoint = Endpoint("a:1", "127.0.0.1", closed_port)
    finding = run_with(lambda checker: checker.check(endpoint, ["127.0.0.1"], asking(type=kind)))
    assert (finding.result, finding.evidence) == (CheckResult.CONNECT_ERROR, "connect refused")


def test_the_next_address_is_asked_when_one_takes_no_connection() -> None:
    peer = Peer(OK)

    async def ask(checker: Checker) -> Finding:
        server = await asyncio.start_server(peer.serve, "127.0.0.1", 0)
        async with server:
            endpoint = Endpoint("a.test:1", "a.test", server.sockets[0].getsockname()[1])
            finding = await checker.check(endpoint, ["127.0.0.2", "127.0.0.1"], QUICK)
            await asyncio.wait_for(peer.served.wait(), 5)
            return finding

    assert run_with(ask).is_good


@pytest.mark.parametrize("kind", list(CheckType))
def test_a_unix_socket_is_asked_too(tmp_path: Path, kind: CheckType) -> None:
    path = str(tmp_path / "app.sock")
    endpoint = Endpoint(f"unix:{path}", unix_path=path)

    async def ask(checker: Checker) -> Finding:
        peer = Peer(OK)
        async with await asyncio.start_unix_server(peer.serve, path):
            finding = await checker.check(endpoint, [""], asking(type=kind))
            await asyncio.wait_for(peer.served.wait(), 5)
            return finding

    assert run_with(ask).is_good
    missing = Endpoint("unix:/nowhere.sock", unix_path="/nowhere.sock")
    finding = run_with(lambda checker: checker.check(missing, [""], asking(type=kind)))
    assert (finding.result, finding.evidence) == (
        CheckResult.CONNECT_ERROR,
        "connect failed: no such file or directory",
    )


def test_a_loop_that_was_held_up_says_nothing_about_the_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter([100.0, 101.0])
    monkeypatch.setattr("gateway.runtime.health.checking.time.perf_counter", lambda: next(moments))
    assert found(None).result is None
