"""An answer that nobody gets: what is left of it is read within bounds, or its connection is ended."""

import pytest

from gateway.model.clock import MILLISECOND_NS
from gateway.model.retry import Backoff, Retries
from gateway.proxy.leftover import LEFTOVER_BYTES, LEFTOVER_NS
from tests.support.scripted import ScriptedTransport
from tests.support.walk import Walk, get, ok

RETRIES = Retries(on=(503,), backoff=Backoff(MILLISECOND_NS, MILLISECOND_NS))


def begin_leftover(walk: Walk, head: bytes) -> ScriptedTransport:
    """The head of an answer that is not used has come; the client is served by another endpoint."""
    client = walk.connect()
    client.send(get())
    endpoint = walk.accept()
    endpoint.deliver(head)
    walk.settle()
    walk.clock.now_ns += MILLISECOND_NS
    walk.settle()
    walk.accept().deliver(ok())
    walk.settle()
    assert client.received.endswith(b"ok")
    return endpoint


@pytest.mark.parametrize(
    ("head", "rest"),
    [
        (b"HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\n", b"busy"),
        (b"HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n", b"4\r\nbusy\r\n0\r\n\r\n"),
    ],
)
def test_one_that_ends_soon_leaves_its_connection_for_the_next(head: bytes, rest: bytes) -> None:
    with Walk(retries=RETRIES, endpoints=2) as walk:
        endpoint = begin_leftover(walk, head)
        endpoint.deliver(rest[:2])
        endpoint.deliver(rest[2:])
        walk.settle()
        assert not endpoint.is_closing()
        assert [each.pool.idle for each in walk.endpoints] == [1, 1]
        walk.assert_at_rest()


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 503 Busy\r\n\r\nuntil the end",
        b"HTTP/1.1 503 Busy\r\nConnection: close\r\nContent-Length: 4\r\n\r\n",
        b"HTTP/1.1 503 Busy\r\nContent-Length: %d\r\n\r\n" % (LEFTOVER_BYTES + 1),
    ],
)
def test_one_that_is_not_worth_reading_ends_its_connection(head: bytes) -> None:
    with Walk(retries=RETRIES, endpoints=2) as walk:
        assert begin_leftover(walk, head).was_aborted
        walk.assert_at_rest()


def test_one_that_becomes_too_long_ends_its_connection() -> None:
    with Walk(retries=RETRIES, endpoints=2) as walk:
        endpoint = begin_leftover(walk, b"HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n")
        endpoint.deliver(b"8000\r\n" + bytes(0x8000) + b"\r\n8000\r\n" + bytes(0x8000) + b"\r\n")
        walk.settle()
        assert not endpoint.was_aborted
        endpoint.deliver(b"1\r\nx\r\n")
        walk.settle()
        assert endpoint.was_aborted
        walk.assert_at_rest()


def test_one_that_takes_too_long_ends_its_connection() -> None:
    with Walk(retries=RETRIES, endpoints=2) as walk:
        endpoint = begin_leftover(walk, b"HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\n")
        walk.pass_time(LEFTOVER_NS)
        assert endpoint.was_aborted
        walk.assert_at_rest()


@pytest.mark.parametrize("ending", [b"", b"\0\r\n"])
def test_nobody_hears_of_one_that_breaks_off(ending: bytes) -> None:
    with Walk(retries=RETRIES, endpoints=2) as walk:
        endpoint = begin_leftover(walk, b"HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n")
        if ending:
            endpoint.deliver(ending)
        else:
            endpoint.reset()
        walk.settle()
        assert endpoint.is_closing()
        assert len(walk.records) == 1
        walk.assert_at_rest()
