"""What a hostile client can make the gateway spend: input that is ten times as long may cost about ten times as much,
however it is cut into pieces."""

from typing import Final

import pytest

from tests.live.conftest import StartGateway, StartOrigin
from tests.support.config import one_route
from tests.support.origin import say_target
from tests.support.raw_client import Delivery

HOST: Final = b"Host: gateway.test\r\n"
CHUNKED: Final = b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
MOST_US_PER_BYTE: Final = 60
"""Reading one byte by itself costs some ten microseconds, nearly all of it in the kernel and the loop."""

INPUTS: Final = [
    pytest.param(b"GET / HTTP/1.1\r\n" + HOST + b"a: b\r\n" * 90 + b"\r\n", id="short fields"),
    pytest.param(b"GET / HTTP/1.1\r\n" + HOST + b"a: " + b"b" * 15_000 + b"\r\n\r\n", id="a long field"),
    pytest.param(b"GET /" + b"a/../" * 2000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", id="dot segments"),
    pytest.param(b"GET /" + b"%61" * 4000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", id="percent-encodings"),
    pytest.param(CHUNKED + b"1\r\nb\r\n" * 700 + b"0\r\n\r\n", id="chunks of one byte"),
    pytest.param(CHUNKED + (b"1;" + b"x" * 4000 + b"\r\nb\r\n") * 2 + b"0\r\n\r\n", id="long chunk extensions"),
    pytest.param(CHUNKED + b"1" + b" " * 4000 + b";x\r\nb\r\n0\r\n\r\n", id="white space in a chunk line"),
    pytest.param(CHUNKED + b"0\r\n" + b"a: b\r\n" * 1300 + b"\r\n", id="short trailers"),
    pytest.param(CHUNKED + b"0\r\na: " + b"b" * 8000 + b"\r\n\r\n", id="a long trailer"),
]


@pytest.mark.parametrize("raw", INPUTS)
def test_a_request_delivered_byte_by_byte_costs_in_proportion_to_its_bytes(
    start_origin: StartOrigin, start_gateway: StartGateway, raw: bytes
) -> None:
    gateway = start_gateway(one_route(start_origin(say_target).address))
    with gateway.client() as client:
        client.request(b"GET / HTTP/1.1\r\n" + HOST + b"\r\n")
        before_s = gateway.busy_s()
        client.send(raw, Delivery.BYTEWISE)
        client.read_final(deadline_s=20.0)
        spent_us = (gateway.busy_s() - before_s) * 1e6
    assert spent_us < MOST_US_PER_BYTE * len(raw) + 50_000


@pytest.mark.parametrize("raw", INPUTS)
def test_a_request_delivered_whole_costs_little(
    start_origin: StartOrigin, start_gateway: StartGateway, raw: bytes
) -> None:
    gateway = start_gateway(one_route(start_origin(say_target).address))
    with gateway.client() as client:
        client.request(b"GET / HTTP/1.1\r\n" + HOST + b"\r\n")
        before_s = gateway.busy_s()
        client.request(raw)
        spent_us = (gateway.busy_s() - before_s) * 1e6
    assert spent_us < len(raw) + 20_000
