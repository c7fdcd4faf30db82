"""Requests refused for their form (RFC 9110, RFC 9112): one answer, `Connection: close`, the end, and nothing of them
at the origin, whether the bytes come in one piece or one by one."""

from typing import Final

import pytest

from tests.live.conftest import StartGateway, StartOrigin
from tests.support.config import one_route
from tests.support.gateway_answer import read_refusal
from tests.support.origin import say_target
from tests.support.raw_client import Delivery

HOST: Final = b"Host: gateway.test\r\n"
SECOND: Final = b"GET /second HTTP/1.1\r\nHost: gateway.test\r\n\r\n"
FENCE: Final = b"GET /fence HTTP/1.1\r\nHost: gateway.test\r\nConnection: close\r\n\r\n"


def get(target: bytes, fields: bytes = HOST) -> bytes:
    return b"GET " + target + b" HTTP/1.1\r\n" + fields + b"\r\n"


def with_field(line: bytes) -> bytes:
    return b"GET / HTTP/1.1\r\n" + HOST + line + b"\r\n"


def post(fields: bytes, body: bytes = b"") -> bytes:
    return b"POST / HTTP/1.1\r\n" + HOST + fields + b"\r\n" + body


REQUEST_LINES: Final[dict[str, tuple[bytes, tuple[int, ...]]]] = {
    "HTTP/0.9 without a version": (b"GET /\r\n" + HOST + b"\r\n", (400, 505)),
    "HTTP/0.9 without fields": (b"GET /\r\n\r\n", (400, 505)),
    "version 0.9": (b"GET / HTTP/0.9\r\n" + HOST + b"\r\n", (400, 505)),
    "version 1.2": (b"GET / HTTP/1.2\r\n" + HOST + b"\r\n", (400, 505)),
    "version 2.0": (b"GET / HTTP/2.0\r\n" + HOST + b"\r\n", (400, 505)),
    "version 3.0": (b"GET / HTTP/3.0\r\n" + HOST + b"\r\n", (400, 505)),
    "version without a minor number": (b"GET / HTTP/1\r\n" + HOST + b"\r\n", (400, 505)),
    "version with three digits": (b"GET / HTTP/1.10\r\n" + HOST + b"\r\n", (400, 505)),
    "version in lower case": (b"GET / http/1.1\r\n" + HOST + b"\r\n", (400, 505)),
    "another protocol": (b"GET / HTPP/1.1\r\n" + HOST + b"\r\n", (400, 505)),
    "the preface of HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", (400, 501, 505)),
    "a TLS client hello": (b"\x16\x03\x01\x00\xc8\x01\x00\x00\xc4\x03\x03" + b"\x00" * 64, (400,)),
    "two spaces before the target": (b"GET  / HTTP/1.1\r\n" + HOST + b"\r\n", (400,)),
    "two spaces before the version": (b"GET /  HTTP/1.1\r\n" + HOST + b"\r\n", (400,)),
    "a space after the version": (b"GET / HTTP/1.1 \r\n" + HOST + b"\r\n", (400,)),
    "a space before the method": (b" GET / HTTP/1.1\r\n" + HOST + b"\r\n", (400,)),
    "a space in the target": (get(b"/a b"), (400, 505)),
    "a tab before the target": (b"GET\t/ HTTP/1.1\r\n" + HOST + b"\r\n", (400, 501)),
    "a tab before the version": (b"GET /\tHTTP/1.1\r\n" + HOST + b"\r\n", (400, 505)),
    "a vertical tab in the target": (get(b"/a\x0bb"), (400,)),
    "a bare CR in the request line": (b"GET / HTTP/1.1\rX\r\n" + HOST + b"\r\n", (400, 505)),
    "a bare LF after the request line": (b"GET / HTTP/1.1\n" + HOST + b"\r\n", (400, 505)),
    "a method in lower case": (b"get / HTTP/1.1\r\n" + HOST + b"\r\n", (400, 501)),
    "an unknown method": (b"FETCHIT / HTTP/1.1\r\n" + HOST + b"\r\n", (400, 501)),
    "a method with a separator": (b"GE(T / HTTP/1.1\r\n" + HOST + b"\r\n", (400, 501)),
    "no method": (b"/ HTTP/1.1\r\n" + HOST + b"\r\n", (400, 501)),
    "a NUL before the method": (b"\x00GET / HTTP/1.1\r\n" + HOST + b"\r\n", (400, 501)),
}

TARGETS: Final[dict[str, bytes]] = {
    "a NUL": b"/a\x00b",
    "a DEL": b"/a\x7fb",
    "a byte above 0x7f": b"/caf\xc3\xa9",
    "a fragment": b"/a#b",
    "a fragment after the query": b"/a?b#c",
    "a backslash": b"/a\\b",
    "an encoded backslash": b"/a%5Cb",
    "an encoded backslash in lower case": b"/a%5cb",
    "an encoded slash": b"/a%2Fb",
    "an encoded slash in lower case": b"/a%2fb",
    "an encoded NUL": b"/a%00b",
    "a percent sign at the end": b"/a%",
    "a percent sign with one digit": b"/a%2",
    "a percent sign without hex digits": b"/a%zz",
    "a percent sign with a sign": b"/a%+1",
    "dots that climb above the root": b"/../a",
    "dots that climb above the root later": b"/a/../../b",
    "encoded dots that climb above the root": b"/%2e%2e/a",
    "half encoded dots that climb above the root": b"/.%2E/a",
    "nothing but dots that climb": b"/..",
    "an asterisk with GET": b"*",
    "a relative path": b"a/b",
    "nothing but a query": b"?a=b",
    "an authority with GET": b"gateway.test:80",
    "an absolute form with another authority": b"http://other.test/",
    "an absolute form with another port": b"http://gateway.test:81/",
    "an absolute form with user information": b"http://me@gateway.test/",
    "an absolute form without an authority": b"http:///a",
    "an absolute form of another scheme": b"ftp://gateway.test/",
}

HOSTS: Final[dict[str, bytes]] = {
    "none": b"",
    "two": HOST + b"Host: other.test\r\n",
    "two alike": HOST + HOST,
    "two in other case": HOST + b"hOST: other.test\r\n",
    "empty": b"Host: \r\n",
    "empty without a space": b"Host:\r\n",
    "user information": b"Host: me@gateway.test\r\n",
    "a path": b"Host: gateway.test/a\r\n",
    "user information and a path": b"Host: u@b/c\r\n",
    "a list": b"Host: a, b\r\n",
    "a space inside": b"Host: gateway test\r\n",
    "a query": b"Host: gateway.test?a\r\n",
    "a fragment": b"Host: gateway.test#a\r\n",
    "a backslash": b"Host: gateway.test\\a\r\n",
    "a port of letters": b"Host: gateway.test:http\r\n",
    "a port beyond 65535": b"Host: gateway.test:65536\r\n",
    "a signed port": b"Host: gateway.test:+80\r\n",
    "an unclosed IPv6 address": b"Host: [::1\r\n",
    "a quote": b'Host: gateway"test\r\n',
    "an angle bracket": b"Host: <gateway.test>\r\n",
    "a byte above 0x7f": b"Host: caf\xe9.test\r\n",
    "a percent-encoded NUL": b"Host: gateway%00.test\r\n",
}

FIELD_LINES: Final[dict[str, bytes]] = {
    "folded over two lines": b"X-A: 1\r\n 2\r\n",
    "folded with a tab": b"X-A: 1\r\n\t2\r\n",
    "a space before the colon": b"X-A : 1\r\n",
    "a tab before the colon": b"X-A\t: 1\r\n",
    "a space before the name": b" X-A: 1\r\n",
    "an empty name": b": 1\r\n",
    "no colon": b"X-A\r\n",
    "a space in the name": b"X A: 1\r\n",
    "a parenthesis in the name": b"X(A): 1\r\n",
    "a slash in the name": b"X/A: 1\r\n",
    "a NUL in the name": b"X\x00A: 1\r\n",
    "a byte above 0x7f in the name": b"X\xe9: 1\r\n",
    "a bare LF at its end": b"X-A: 1\nX-B: 2\r\n",
    "a bare CR in the value": b"X-A: 1\rX-B: 2\r\n",
    "two CRs at its end": b"X-A: 1\r\r\nX-B: 2\r\n",
    "a NUL in the value": b"X-A: 1\x002\r\n",
    "a BEL in the value": b"X-A: 1\x072\r\n",
    "an escape in the value": b"X-A: 1\x1b[2m\r\n",
    "a DEL in the value": b"X-A: 1\x7f2\r\n",
    "a second Content-Type": b"Content-Type: text/plain\r\nContent-Type: text/html\r\n",
    "a second Authorization": b"Authorization: Basic eDp5\r\nauthorization: Basic eDp6\r\n",
    "a vertical tab in the value": b"X-A: 1\x0b2\r\n",
}

FRAMINGS: Final[dict[str, tuple[bytes, tuple[int, ...]]]] = {
    "a length and chunked": (post(b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n"), (400,)),
    "chunked and a length": (post(b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", b"0\r\n\r\n"), (400,)),
    "two lengths that differ": (post(b"Content-Length: 5\r\nContent-Length: 6\r\n", b"hello!"), (400,)),
    "two lengths alike": (post(b"Content-Length: 5\r\nContent-Length: 5\r\n", b"hello"), (400,)),
    "a list of lengths": (post(b"Content-Length: 5, 5\r\n", b"hello"), (400,)),
    "a length with a plus": (post(b"Content-Length: +5\r\n", b"hello"), (400,)),
    "a negative length": (post(b"Content-Length: -5\r\n", b"hello"), (400,)),
    "an empty length": (post(b"Content-Length: \r\n"), (400,)),
    "a length in hex": (post(b"Content-Length: 0x5\r\n", b"hello"), (400,)),
    "a length with an underscore": (post(b"Content-Length: 1_0\r\n", b"hello"), (400,)),
    "a length with a fraction": (post(b"Content-Length: 5.0\r\n", b"hello"), (400,)),
    "a length with a space inside": (post(b"Content-Length: 1 0\r\n", b"hello"), (400,)),
    "a length in other digits": (post(b"Content-Length: \xd9\xa5\r\n", b"hello"), (400,)),
    "a length past 64 bits": (post(b"Content-Length: 18446744073709551616\r\n"), (400, 413)),
    "a length of 100 digits": (post(b"Content-Length: " + b"9" * 100 + b"\r\n"), (400, 413)),
    "xchunked": (post(b"Transfer-Encoding: xchunked\r\n", b"0\r\n\r\n"), (400, 501)),
    "identity": (post(b"Transfer-Encoding: identity\r\n", b"0\r\n\r\n"), (400, 501)),
    "no coding": (post(b"Transfer-Encoding: \r\n", b"0\r\n\r\n"), (400, 501)),
    "chunked twice": (post(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n"), (400, 501)),
    "chunked twice in one field": (post(b"Transfer-Encoding: chunked, chunked\r\n", b"0\r\n\r\n"), (400, 501)),
    "chunked and a comma": (post(b"Transfer-Encoding: chunked,\r\n", b"0\r\n\r\n"), (400, 501)),
    "a comma and chunked": (post(b"Transfer-Encoding: ,chunked\r\n", b"0\r\n\r\n"), (400, 501)),
    "chunked with a parameter": (post(b"Transfer-Encoding: chunked;q=1\r\n", b"0\r\n\r\n"), (400, 501)),
    "chunked in quotes": (post(b'Transfer-Encoding: "chunked"\r\n', b"0\r\n\r\n"), (400, 501)),
    "gzip and chunked": (post(b"Transfer-Encoding: gzip, chunked\r\n", b"0\r\n\r\n"), (400, 501)),
    "gzip and chunked in two fields": (
        post(b"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n"),
        (400, 501),
    ),
    "chunked and gzip": (post(b"Transfer-Encoding: chunked, gzip\r\n", b"0\r\n\r\n"), (400, 501)),
    "gzip alone": (post(b"Transfer-Encoding: gzip\r\n", b"0\r\n\r\n"), (400, 501)),
    "chunked and identity": (post(b"Transfer-Encoding: chunked, identity\r\n", b"0\r\n\r\n"), (400, 501)),
    "chunked behind a vertical tab": (post(b"Transfer-Encoding: \x0bchunked\r\n", b"0\r\n\r\n"), (400, 501)),
    "chunked behind 0xa0": (post(b"Transfer-Encoding: \xa0chunked\r\n", b"0\r\n\r\n"), (400, 501)),
    "chunked before 0x85": (post(b"Transfer-Encoding: chunked\x85\r\n", b"0\r\n\r\n"), (400, 501)),
    "chunked on HTTP/1.0": (
        b"POST / HTTP/1.0\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        (400, 501),
    ),
}

CONNECTIONS: Final[dict[str, bytes]] = {
    "Host": b"Connection: Host\r\n",
    "Content-Length": b"Connection: Content-Length\r\n",
    "Transfer-Encoding": b"Connection: Transfer-Encoding\r\n",
    "Cookie": b"Connection: Cookie\r\n",
    "Authorization": b"Connection: Authorization\r\n",
    "a field in lower case": b"Connection: authorization\r\n",
    "a field in a list": b"Connection: close, X-A ,Cookie\r\n",
    "a field in a second field": b"Connection: keep-alive\r\nConnection: host\r\n",
}

CASES: Final = [
    *(pytest.param(raw, statuses, id=f"request line: {name}") for name, (raw, statuses) in REQUEST_LINES.items()),
    *(pytest.param(get(target), (400,), id=f"target: {name}") for name, target in TARGETS.items()),
    *(pytest.param(get(b"/", fields), (400,), id=f"Host: {name}") for name, fields in HOSTS.items()),
    *(pytest.param(with_field(line), (400,), id=f"field line: {name}") for name, line in FIELD_LINES.items()),
    *(pytest.param(raw, statuses, id=f"framing: {name}") for name, (raw, statuses) in FRAMINGS.items()),
    *(pytest.param(with_field(line), (400,), id=f"Connection names {name}") for name, line in CONNECTIONS.items()),
    pytest.param(with_field(b"Expect: 200-ok\r\n"), (417,), id="an unknown expectation"),
    pytest.param(with_field(b"Expect: 100-continue, x\r\n"), (417,), id="an unknown expectation beside a known one"),
    pytest.param(b"CONNECT gateway.test:443 HTTP/1.1\r\n" + HOST + b"\r\n", (405, 501), id="CONNECT"),
    pytest.param(b"CONNECT / HTTP/1.1\r\n" + HOST + b"\r\n", (400, 405, 501), id="CONNECT with a path"),
]


@pytest.mark.parametrize("delivery", Delivery)
@pytest.mark.parametrize(("raw", "statuses"), CASES)
def test_a_request_of_bad_form_is_refused_once_and_nothing_of_it_reaches_the_origin(
    start_origin: StartOrigin, start_gateway: StartGateway, raw: bytes, statuses: tuple[int, ...], delivery: Delivery
) -> None:
    origin = start_origin(say_target)
    gateway = start_gateway(one_route(origin.address))
    with gateway.client() as client:
        client.send(raw + SECOND, delivery)
        response = read_refusal(client, *statuses)
        client.send(SECOND)
    with gateway.client() as client:
        assert client.request(FENCE).body == b"/fence"
    assert origin.targets == [b"/fence"]
    assert origin.received_size == len(origin.requests[0].head)
    refused, _ = gateway.await_records(2)
    assert (refused.status, refused.source) == (response.status, "client")


def test_a_refused_head_request_gets_no_body(start_origin: StartOrigin, start_gateway: StartGateway) -> None:
    gateway = start_gateway(one_route(start_origin(say_target).address))
    with gateway.client() as client:
        client.send(b"HEAD /%zz HTTP/1.1\r\n" + HOST + b"\r\n")
        assert read_refusal(client, 400, method="HEAD").value("content-length") != b"0"


@pytest.mark.parametrize("delivery", Delivery)
def test_a_refusal_waits_for_the_answers_before_it(
    start_origin: StartOrigin, start_gateway: StartGateway, delivery: Delivery
) -> None:
    origin = start_origin(say_target)
    gateway = start_gateway(one_route(origin.address))
    with gateway.client() as client:
        client.send(get(b"/first") + get(b"/%zz") + SECOND, delivery)
        assert client.read_response().body == b"/first"
        read_refusal(client, 400)
    assert origin.targets == [b"/first"]


def test_a_request_after_connection_close_is_never_answered(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    origin = start_origin(say_target)
    gateway = start_gateway(one_route(origin.address))
    with gateway.client() as client:
        client.send(get(b"/first", HOST + b"Connection: close\r\n") + SECOND)
        response = client.read_response()
        assert (response.status, response.body, response.closes) == (200, b"/first", True)
        assert client.read_to_end()[0] == b""
    with gateway.client() as client:
        client.request(FENCE)
    assert origin.targets == [b"/first", b"/fence"]


ACCEPTED: Final = [
    pytest.param(b"\r\n" + get(b"/a"), b"/a", id="an empty line before the request line"),
    pytest.param(get(b"http://gateway.test/a?b=c"), b"/a?b=c", id="an absolute form with the authority of Host"),
    pytest.param(get(b"HTTP://GATEWAY.test/a"), b"/a", id="an absolute form in other case"),
    pytest.param(get(b"http://gateway.test"), b"/", id="an absolute form without a path"),
    pytest.param(get(b"http://gateway.test?b"), b"/?b", id="an absolute form with a query alone"),
    pytest.param(get(b"/a", b"hOsT:gateway.test\r\n"), b"/a", id="a Host in other case without a space"),
    pytest.param(get(b"/a", b"Host: \t gateway.test \t\r\n"), b"/a", id="a Host with white space around it"),
    pytest.param(get(b"/a", b"Host: gateway.test:8080\r\n"), b"/a", id="a Host with a port"),
    pytest.param(get(b"/a", b"Host: [::1]:8080\r\n"), b"/a", id="a Host that is an IPv6 address"),
    pytest.param(get(b"/a", b"Host: 127.0.0.1\r\n"), b"/a", id="a Host that is an IPv4 address"),
    pytest.param(get(b"/a?%zz[]|^"), b"/a?%zz[]|^", id="a query of any visible characters"),
    pytest.param(with_field(b"X-A:\r\n"), b"/", id="a field without a value"),
    pytest.param(with_field(b"X-A: \x80\xff caf\xc3\xa9\r\n"), b"/", id="obs-text in a value"),
    pytest.param(with_field(b"X-A: a\tb\r\n"), b"/", id="a tab within a value"),
    pytest.param(with_field(b"!#$%&'*+-.^`|~0aA: 1\r\n"), b"/", id="every character of a token in a name"),
    pytest.param(with_field(b"Connection: keep-alive, X-A\r\n"), b"/", id="a Connection naming a plain field"),
    pytest.param(b"PROPFIND /a HTTP/1.1\r\n" + HOST + b"\r\n", b"/a", id="a method of WebDAV"),
]


@pytest.mark.parametrize("delivery", Delivery)
@pytest.mark.parametrize(("raw", "target"), ACCEPTED)
def test_a_request_at_the_edge_of_good_form_is_forwarded(
    start_origin: StartOrigin, start_gateway: StartGateway, raw: bytes, target: bytes, delivery: Delivery
) -> None:
    origin = start_origin(say_target)
    gateway = start_gateway(one_route(origin.address))
    with gateway.client() as client:
        assert client.request(raw, delivery=delivery).status == 200
        assert client.request(FENCE).body == b"/fence"
    assert origin.targets == [target, b"/fence"]
