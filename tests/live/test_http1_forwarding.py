"""Fields that tell an origin for whom the gateway speaks: replaced when they come from anybody, continued when they come
from a trusted proxy."""

import re
from typing import Final

import pytest

from tests.live.conftest import StartGateway, StartOrigin
from tests.support.config import one_route
from tests.support.messages import Request
from tests.support.origin import OK, answering

HOST: Final = b"Host: gateway.test\r\n"
TRUSTED: Final = 'trusted_proxies: ["127.0.0.0/24", "10.0.0.0/8"]'
NOBODY: Final = ""
STRANGER: Final = "127.0.9.9"
"""A source address outside the trusted network."""


def forward(
    start_origin: StartOrigin,
    start_gateway: StartGateway,
    fields: bytes,
    listener: str,
    source: str = "127.0.0.1",
    host: bytes = HOST,
) -> tuple[Request, str]:
    """The request as the origin receives it, and the client address in the record."""
    origin = start_origin(answering(OK))
    gateway = start_gateway(one_route(origin.address, listener=listener))
    with gateway.client(source=source) as client:
        assert client.request(b"GET / HTTP/1.1\r\n" + host + fields + b"\r\n").status == 200
    return origin.requests[0], gateway.await_records(1)[0].client_address


CLAIMS: Final = (
    b"X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-For: 5.6.7.8\r\nX-Forwarded-Proto: https\r\n"
    b"X-Forwarded-Host: shop.test\r\nX-Forwarded-Port: 443\r\nX-Forwarded-Server: a\r\nX-Forwarded-Prefix: /a\r\n"
    b"X-Forwarded-Anything: b\r\nX-Real-IP: 1.2.3.4\r\nForwarded: for=1.2.3.4;proto=https\r\n"
    b"x_forwarded_for: 1.2.3.4\r\nX-Forwarded_For: 1.2.3.4\r\n"
)


@pytest.mark.parametrize(
    ("listener", "source"),
    [
        pytest.param(NOBODY, "127.0.0.1", id="nobody is trusted"),
        pytest.param(TRUSTED, STRANGER, id="another is trusted"),
    ],
)
def test_claims_of_a_stranger_are_replaced(
    start_origin: StartOrigin, start_gateway: StartGateway, listener: str, source: str
) -> None:
    request, client_address = forward(start_origin, start_gateway, CLAIMS, listener, source)
    assert request.values("x-forwarded-for") == [source.encode()]
    assert request.values("x-forwarded-proto") == [b"http"]
    assert request.values("x-forwarded-host") == [b"gateway.test"]
    ours = {b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host"}
    assert {name for name in request.names if name.startswith((b"x-forwarded", b"x_forwarded"))} == ours
    assert request.names & {b"x-real-ip", b"forwarded"} == set()
    assert client_address == source


FOR_CASES: Final = [
    pytest.param(b"X-Forwarded-For: 1.2.3.4\r\n", b"1.2.3.4, 127.0.0.1", "1.2.3.4", id="one"),
    pytest.param(b"X-Forwarded-For: 6.6.6.6, 1.2.3.4\r\n", b"6.6.6.6, 1.2.3.4, 127.0.0.1", "1.2.3.4", id="the last"),
    pytest.param(
        b"X-Forwarded-For: 1.2.3.4, 10.1.2.3\r\n", b"1.2.3.4, 10.1.2.3, 127.0.0.1", "1.2.3.4", id="the last untrusted"
    ),
    pytest.param(
        b"X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 1.2.3.4\r\n",
        b"6.6.6.6, 1.2.3.4, 127.0.0.1",
        "1.2.3.4",
        id="the last of two fields",
    ),
    pytest.param(b"X-Forwarded-For: 2001:db8::1\r\n", b"2001:db8::1, 127.0.0.1", "2001:db8::1", id="an IPv6 address"),
    pytest.param(b"", b"127.0.0.1", "127.0.0.1", id="none"),
]


@pytest.mark.parametrize(("fields", "forwarded_for", "client_address"), FOR_CASES)
def test_the_chain_of_a_trusted_proxy_is_continued_and_its_last_untrusted_member_is_the_client(
    start_origin: StartOrigin, start_gateway: StartGateway, fields: bytes, forwarded_for: bytes, client_address: str
) -> None:
    request, recorded = forward(start_origin, start_gateway, fields, TRUSTED)
    members = [member.strip() for value in request.values("x-forwarded-for") for member in value.split(b",")]
    assert b", ".join(members) == forwarded_for
    assert recorded == client_address


@pytest.mark.parametrize(
    "value", [b"unknown", b"1.2.3.4:99999", b"not an address", b"1.2.3", b"<script>", b"1.2.3.4 5.6.7.8", b"\xff"]
)
def test_a_chain_that_ends_in_no_address_leaves_the_peer_as_the_client(
    start_origin: StartOrigin, start_gateway: StartGateway, value: bytes
) -> None:
    _, recorded = forward(start_origin, start_gateway, b"X-Forwarded-For: " + value + b"\r\n", TRUSTED)
    assert recorded == "127.0.0.1"


def test_scheme_and_host_of_a_trusted_proxy_are_believed(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    request, _ = forward(start_origin, start_gateway, CLAIMS, TRUSTED)
    assert request.values("x-forwarded-proto") == [b"https"]
    assert request.values("x-forwarded-host") == [b"shop.test"]
    assert request.values("x-real-ip") == [b"1.2.3.4"]
    assert [name for name in request.names if b"_" in name] == []


def test_scheme_and_host_are_told_where_a_trusted_proxy_said_nothing(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    request, _ = forward(start_origin, start_gateway, b"", TRUSTED)
    assert request.values("x-forwarded-proto") == [b"http"]
    assert request.values("x-forwarded-host") == [b"gateway.test"]


def test_the_host_is_told_with_its_port(start_origin: StartOrigin, start_gateway: StartGateway) -> None:
    request, _ = forward(start_origin, start_gateway, b"", NOBODY, host=b"Host: gateway.test:8080\r\n")
    assert request.values("x-forwarded-host") == [b"gateway.test:8080"]
    assert request.values("host") == [b"gateway.test:8080"]


REQUEST_IDS: Final = [
    pytest.param(b"abc-DEF_1.2", True, id="a plain one"),
    pytest.param(b"a" * 128, True, id="128 characters"),
    pytest.param(b"a" * 129, False, id="129 characters"),
    pytest.param(b"a b", False, id="a space"),
    pytest.param(b"a,b", False, id="a comma"),
    pytest.param(b'a"b', False, id="a quote"),
    pytest.param(b"caf\xe9", False, id="obs-text"),
    pytest.param(b"", False, id="an empty one"),
    pytest.param(b"<script>", False, id="markup"),
]


@pytest.mark.parametrize("listener", [NOBODY, TRUSTED], ids=["stranger", "trusted"])
@pytest.mark.parametrize(("given", "kept"), REQUEST_IDS)
def test_a_request_id_is_kept_only_in_its_narrow_form(
    start_origin: StartOrigin, start_gateway: StartGateway, given: bytes, listener: str, *, kept: bool
) -> None:
    request, _ = forward(start_origin, start_gateway, b"X-Request-Id: " + given + b"\r\n", listener)
    [request_id] = request.values("x-request-id")
    assert re.fullmatch(rb"[A-Za-z0-9._-]{1,128}", request_id)
    assert (request_id == given) is kept


def test_two_request_ids_become_one(start_origin: StartOrigin, start_gateway: StartGateway) -> None:
    request, _ = forward(start_origin, start_gateway, b"X-Request-Id: a\r\nX-Request-Id: b\r\n", NOBODY)
    assert len(request.values("x-request-id")) == 1


def test_every_request_without_an_id_gets_its_own(start_origin: StartOrigin, start_gateway: StartGateway) -> None:
    origin = start_origin(answering(OK))
    gateway = start_gateway(one_route(origin.address))
    with gateway.client() as client:
        for _ in range(50):
            client.request(b"GET / HTTP/1.1\r\n" + HOST + b"\r\n")
    ids = [request.value("x-request-id") for request in origin.requests]
    assert len(set(ids)) == 50
    recorded = [record.request_id.encode() for record in gateway.await_records(50)]
    assert recorded == ids


@pytest.mark.parametrize(
    ("source", "host", "expected"),
    [
        pytest.param("127.0.0.1", b"gateway.test", {b"for=127.0.0.1", b"proto=http", b"host=gateway.test"}, id="plain"),
        pytest.param(
            "127.0.0.1",
            b"gateway.test:8080",
            {b"for=127.0.0.1", b"proto=http", b'host="gateway.test:8080"'},
            id="a host with a port is quoted",
        ),
    ],
)
def test_forwarded_is_emitted_where_the_listener_says_so(
    start_origin: StartOrigin, start_gateway: StartGateway, source: str, host: bytes, expected: set[bytes]
) -> None:
    request, _ = forward(
        start_origin,
        start_gateway,
        b"Forwarded: for=1.2.3.4\r\n",
        "forwarded: true",
        source,
        b"Host: " + host + b"\r\n",
    )
    [value] = request.values("forwarded")
    pairs = {pair.strip().replace(b'"gateway.test"', b"gateway.test") for pair in value.split(b";")}
    assert {pair for pair in pairs if not pair.startswith(b"by=")} == expected


def test_forwarded_of_a_trusted_proxy_is_continued(start_origin: StartOrigin, start_gateway: StartGateway) -> None:
    request, _ = forward(
        start_origin, start_gateway, b"Forwarded: for=1.2.3.4;proto=https\r\n", TRUSTED + ", forwarded: true"
    )
    elements = [element.strip() for value in request.values("forwarded") for element in value.split(b",")]
    assert elements[0] == b"for=1.2.3.4;proto=https"
    assert b"for=127.0.0.1" in elements[1]
