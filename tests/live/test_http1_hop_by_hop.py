"""What belongs to one hop of a request only (RFC 9110 section 7.6): removed before the gateway's own fields are added,
so that no client can make the gateway drop what it adds or what belongs to the whole way."""

from typing import Final

import pytest

from tests.live.conftest import StartGateway, StartOrigin
from tests.support.config import one_route
from tests.support.messages import Request
from tests.support.origin import OK, answering

HOST: Final = b"Host: gateway.test\r\n"


def forward(start_origin: StartOrigin, start_gateway: StartGateway, fields: bytes, version: bytes = b"1.1") -> Request:
    """The request as the origin receives it."""
    origin = start_origin(answering(OK))
    gateway = start_gateway(one_route(origin.address))
    with gateway.client() as client:
        assert client.request(b"GET / HTTP/" + version + b"\r\n" + HOST + fields + b"\r\n").status == 200
    return origin.requests[0]


DROPPED: Final = [
    pytest.param(b"Connection: keep-alive\r\nKeep-Alive: timeout=5\r\n", b"keep-alive", id="Keep-Alive"),
    pytest.param(b"Keep-Alive: timeout=5\r\n", b"keep-alive", id="Keep-Alive that Connection does not name"),
    pytest.param(b"Proxy-Connection: keep-alive\r\n", b"proxy-connection", id="Proxy-Connection"),
    pytest.param(b"Proxy-Authorization: Basic eDp5\r\n", b"proxy-authorization", id="Proxy-Authorization"),
    pytest.param(b"Connection: X-Hop\r\nX-Hop: 1\r\n", b"x-hop", id="a field named by Connection"),
    pytest.param(b"X-Hop: 1\r\nconnection: close, x-hop\r\n", b"x-hop", id="a field named by a later Connection"),
    pytest.param(b"Connection: X-A\r\nX-Hop: 1\r\nConnection: X-HOP\r\n", b"x-hop", id="a field named by the second"),
    pytest.param(b"Connection: ,, X-Hop ,\r\nX-Hop: 1\r\n", b"x-hop", id="a field named between empty members"),
    pytest.param(b"Connection: X-Hop\r\nX-Hop: 1\r\nX-Hop: 2\r\n", b"x-hop", id="every field of a name"),
    pytest.param(b"Upgrade: websocket\r\n", b"upgrade", id="Upgrade that Connection does not name"),
    pytest.param(b"TE: gzip\r\n", b"te", id="TE with a coding"),
    pytest.param(b"Connection: HTTP2-Settings\r\nHTTP2-Settings: AAMA\r\n", b"http2-settings", id="HTTP2-Settings"),
]


@pytest.mark.parametrize("version", [b"1.1", b"1.0"])
@pytest.mark.parametrize(("fields", "name"), DROPPED)
def test_a_field_of_one_hop_is_not_forwarded(
    start_origin: StartOrigin, start_gateway: StartGateway, fields: bytes, name: bytes, version: bytes
) -> None:
    request = forward(start_origin, start_gateway, fields + b"X-Kept: 1\r\n", version)
    assert name not in request.names
    assert request.value("x-kept") == b"1"
    assert request.tokens("connection") in ([], [b"keep-alive"])


@pytest.mark.parametrize(
    "name",
    [
        b"X-Forwarded-For",
        b"X-Forwarded-Proto",
        b"X-Forwarded-Host",
        b"X-Request-Id",
        b"Via",
        b"Traceparent",
    ],
)
def test_connection_cannot_remove_a_field_the_gateway_makes(
    start_origin: StartOrigin, start_gateway: StartGateway, name: bytes
) -> None:
    request = forward(start_origin, start_gateway, b"Connection: " + name + b"\r\n")
    assert name.lower() in request.names


def test_connection_cannot_bring_back_a_forwarding_field_of_the_client(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    request = forward(
        start_origin, start_gateway, b"Connection: X-Forwarded-For, X-Real-IP\r\nX-Forwarded-For: 1.2.3.4\r\n"
    )
    assert request.value("x-forwarded-for") == b"127.0.0.1"


@pytest.mark.parametrize(
    ("fields", "via"),
    [
        pytest.param(b"", [b"1.1"], id="none before"),
        pytest.param(b"Via: 1.0 first\r\n", [b"1.0 first", b"1.1"], id="one before"),
        pytest.param(b"Via: 1.0 first, 1.1 second\r\n", [b"1.0 first", b"1.1 second", b"1.1"], id="two before"),
    ],
)
def test_the_gateway_adds_itself_to_via(
    start_origin: StartOrigin, start_gateway: StartGateway, fields: bytes, via: list[bytes]
) -> None:
    request = forward(start_origin, start_gateway, fields)
    members = [member.strip() for value in request.values("via") for member in value.split(b",")]
    assert members[:-1] == via[:-1]
    protocol, name = members[-1].split(b" ", 1)
    assert (protocol, bool(name)) == (b"1.1", True)


def test_via_tells_the_version_in_which_the_request_came(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    via = forward(start_origin, start_gateway, b"", b"1.0").value("via")
    assert via is not None
    assert via.startswith(b"1.0 ")
