"""Request bodies whose framing breaks after a good head (RFC 9112 section 7): refused once, and the origin can tell
that it has not received the whole request."""

from typing import Final

import pytest

from tests.live.conftest import StartGateway, StartOrigin
from tests.support.config import one_route
from tests.support.gateway_answer import read_refusal
from tests.support.origin import say_target
from tests.support.raw_client import Delivery

HEAD: Final = b"POST /body HTTP/1.1\r\nHost: gateway.test\r\nTransfer-Encoding: chunked\r\n\r\n"
SECOND: Final = b"GET /second HTTP/1.1\r\nHost: gateway.test\r\n\r\n"
FENCE: Final = b"GET /fence HTTP/1.1\r\nHost: gateway.test\r\n\r\n"

CHUNKS: Final[dict[str, bytes]] = {
    "a size that is not hex": b"G\r\nhello\r\n0\r\n\r\n",
    "a negative size": b"-5\r\nhello\r\n0\r\n\r\n",
    "a size with a plus": b"+5\r\nhello\r\n0\r\n\r\n",
    "a size with 0x": b"0x5\r\nhello\r\n0\r\n\r\n",
    "a size with an underscore": b"0_5\r\nhello\r\n0\r\n\r\n",
    "a size behind a space": b" 5\r\nhello\r\n0\r\n\r\n",
    "no size": b"\r\nhello\r\n0\r\n\r\n",
    "no size before an extension": b";a=b\r\nhello\r\n0\r\n\r\n",
    "a size of 17 digits": b"1" + b"0" * 15 + b"5\r\nhello\r\n0\r\n\r\n",
    "a size line ended by LF alone": b"5\nhello\r\n0\r\n\r\n",
    "a size line ended by CR alone": b"5\rhello\r\n0\r\n\r\n",
    "a size line ended by CR CR LF": b"5\r\r\nhello\r\n0\r\n\r\n",
    "a bare LF in an extension": b"5;a\nhello\r\n0\r\n\r\n",
    "a bare CR in an extension": b"5;a\rb\r\nhello\r\n0\r\n\r\n",
    "a NUL in an extension": b"5;a=\x00\r\nhello\r\n0\r\n\r\n",
    "data longer than its size": b"5\r\nhello!\r\n0\r\n\r\n",
    "data longer than its size by a line": b"5\r\nhello\r\n\r\n0\r\n\r\n",
    "data ended by LF alone": b"5\r\nhello\n0\r\n\r\n",
    "data ended by CR alone": b"5\r\nhello\r0\r\n\r\n",
    "data not ended": b"5\r\nhello0\r\n\r\n",
    "a request hidden behind a bare LF": b"5;\nGET /hidden HTTP/1.1\r\n\r\n0\r\n\r\n",
    "a last chunk ended by LF alone": b"5\r\nhello\r\n0\n\r\n",
    "a last chunk followed by LF alone": b"5\r\nhello\r\n0\r\n\n",
    "a last chunk followed by data": b"5\r\nhello\r\n0\r\nhello\r\n\r\n",
    "a Content-Length among the trailers": b"5\r\nhello\r\n0\r\nContent-Length: 5\r\n\r\n",
    "a Transfer-Encoding among the trailers": b"5\r\nhello\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n",
    "a Host among the trailers": b"5\r\nhello\r\n0\r\nHost: other.test\r\n\r\n",
    "a folded trailer": b"5\r\nhello\r\n0\r\nX-A: 1\r\n 2\r\n\r\n",
    "a trailer with a space before the colon": b"5\r\nhello\r\n0\r\nX-A : 1\r\n\r\n",
    "a trailer without a name": b"5\r\nhello\r\n0\r\n: 1\r\n\r\n",
    "a trailer ended by LF alone": b"5\r\nhello\r\n0\r\nX-A: 1\n\r\n",
    "a trailer with a NUL": b"5\r\nhello\r\n0\r\nX-A: \x00\r\n\r\n",
    "a trailer with a bare CR": b"5\r\nhello\r\n0\r\nX-A: 1\rX-B: 2\r\n\r\n",
}


@pytest.mark.parametrize("delivery", Delivery)
@pytest.mark.parametrize("trailers", ["drop", "forward"])
@pytest.mark.parametrize("chunks", [pytest.param(chunks, id=name) for name, chunks in CHUNKS.items()])
def test_a_body_of_bad_form_is_refused_once_and_never_completed_at_the_origin(
    start_origin: StartOrigin, start_gateway: StartGateway, chunks: bytes, trailers: str, delivery: Delivery
) -> None:
    origin = start_origin(say_target)
    gateway = start_gateway(one_route(origin.address, upstream="connections: {max: 1}", route=f"trailers: {trailers}"))
    with gateway.client() as client:
        client.send(HEAD + chunks + SECOND, delivery)
        read_refusal(client, 400)
        client.send(SECOND)
    with gateway.client() as client:
        assert client.request(FENCE).body == b"/fence"
    assert origin.targets == [b"/fence"]
    refused = gateway.await_records(2)[0]
    assert (refused.status, refused.reason, refused.source) == (400, "bad_request", "client")


@pytest.mark.parametrize("delivery", Delivery)
@pytest.mark.parametrize(
    "part",
    [
        pytest.param(HEAD + b"5\r\nhel", id="within a chunk"),
        pytest.param(HEAD + b"5\r\nhello\r\n", id="between chunks"),
        pytest.param(HEAD + b"5\r\nhello\r\n0\r\n", id="before the end of the trailers"),
        pytest.param(
            b"POST /body HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: 6\r\n\r\nhello", id="within a length"
        ),
    ],
)
def test_a_body_cut_short_by_the_client_is_never_completed_at_the_origin(
    start_origin: StartOrigin, start_gateway: StartGateway, part: bytes, delivery: Delivery
) -> None:
    origin = start_origin(say_target)
    gateway = start_gateway(one_route(origin.address, upstream="connections: {max: 1}"))
    with gateway.client() as client:
        client.send(part, delivery)
        origin.await_received(b"POST /body HTTP/1.1\r\n")
        client.half_close()
        client.read_to_end()
    assert origin.await_end() in {"FIN", "RST"}
    with gateway.client() as client:
        assert client.request(FENCE).body == b"/fence"
    assert origin.targets == [b"/fence"]
