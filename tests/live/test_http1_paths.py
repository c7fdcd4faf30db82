"""The path is normalised once, before anything is decided by it: the same string is routed, recorded and forwarded."""

from typing import Final

import pytest

from tests.live.conftest import StartGateway, StartOrigin
from tests.support.config import one_route
from tests.support.gateway_answer import assert_gateway_answer, read_refusal
from tests.support.origin import say_target
from tests.support.raw_client import Delivery


def get(target: bytes) -> bytes:
    return b"GET " + target + b" HTTP/1.1\r\nHost: gateway.test\r\n\r\n"


NORMALISED: Final = [
    pytest.param(b"/a/./b", b"/a/b", id="a dot"),
    pytest.param(b"/a/b/.", b"/a/b/", id="a dot at the end"),
    pytest.param(b"/a/../b", b"/b", id="two dots"),
    pytest.param(b"/a/b/..", b"/a/", id="two dots at the end"),
    pytest.param(b"/a/b/../..", b"/", id="two dots twice"),
    pytest.param(b"/a/%2e%2e/b", b"/b", id="encoded dots"),
    pytest.param(b"/a/.%2E/b", b"/b", id="half encoded dots"),
    pytest.param(b"/a/%2e/b", b"/a/b", id="an encoded dot"),
    pytest.param(b"//a///b//", b"/a/b/", id="slashes in a row"),
    pytest.param(b"/a//../b", b"/b", id="slashes in a row before dots"),
    pytest.param(b"/%61%62", b"/ab", id="encoded letters"),
    pytest.param(b"/%7Ea%2D%2e%5f", b"/~a-._", id="encoded marks"),
    pytest.param(b"/%c3%a9", b"/%C3%A9", id="hex digits in lower case"),
    pytest.param(b"/a%20b", b"/a%20b", id="an encoded space"),
    pytest.param(b"/a%252Fb", b"/a%252Fb", id="an encoded percent sign is not decoded twice"),
    pytest.param(b"/a%252e%252e/b", b"/a%252e%252e/b", id="dots encoded twice stay encoded"),
    pytest.param(b"/a/...", b"/a/...", id="three dots"),
    pytest.param(b"/a/..b/.c", b"/a/..b/.c", id="dots within names"),
    pytest.param(b"/a%3Fb", b"/a%3Fb", id="an encoded question mark"),
    pytest.param(b"/a%23b", b"/a%23b", id="an encoded hash"),
    pytest.param(b"/a%25", b"/a%25", id="an encoded percent sign"),
    pytest.param(b"/a;b=c/d", b"/a;b=c/d", id="path parameters"),
    pytest.param(b"/a?b=/../c//d%2Fe", b"/a?b=/../c//d%2Fe", id="a query is left alone"),
    pytest.param(b"/a/../b?c#"[:-1], b"/b?c", id="a path with a query"),
    pytest.param(b"/a?", b"/a?", id="an empty query"),
    pytest.param(b"/!$&'()*+,;=:@", b"/!$&'()*+,;=:@", id="every mark a path may hold"),
]


@pytest.mark.parametrize("delivery", Delivery)
@pytest.mark.parametrize(("target", "forwarded"), NORMALISED)
def test_a_path_is_forwarded_in_its_normal_form(
    start_origin: StartOrigin, start_gateway: StartGateway, target: bytes, forwarded: bytes, delivery: Delivery
) -> None:
    origin = start_origin(say_target)
    gateway = start_gateway(one_route(origin.address))
    with gateway.client() as client:
        assert client.request(get(target), delivery=delivery).body == forwarded
    record = gateway.await_records(1)[0]
    assert record.path == forwarded.partition(b"?")[0].decode()


ROUTES: Final = """
  - {name: admin, match: {path_prefix: /admin}, respond: {status: 403}}
  - {name: api, match: {path_prefix: /api}, upstream: origin, rewrite: {path_prefix: /}}
"""

ROUTED: Final = [
    pytest.param(b"/api/users", 200, b"/users", id="a prefix"),
    pytest.param(b"/api", 200, b"/", id="a prefix alone"),
    pytest.param(b"/api?a=b", 200, b"/?a=b", id="a prefix alone with a query"),
    pytest.param(b"/api/../admin/users", 403, None, id="dots that leave the prefix"),
    pytest.param(b"/api/%2e%2e/admin/users", 403, None, id="encoded dots that leave the prefix"),
    pytest.param(b"/api%2e%2e/admin", 404, None, id="encoded dots behind the prefix"),
    pytest.param(b"/api../admin", 404, None, id="dots behind the prefix"),
    pytest.param(b"/apix", 404, None, id="a longer first segment"),
    pytest.param(b"/api//admin", 200, b"/admin", id="slashes behind the prefix"),
    pytest.param(b"/api/.../admin", 200, b"/.../admin", id="three dots behind the prefix"),
    pytest.param(b"//admin", 403, None, id="slashes before the prefix"),
    pytest.param(b"/%61dmin", 403, None, id="an encoded letter in the prefix"),
    pytest.param(b"/./admin/", 403, None, id="a dot before the prefix"),
]


@pytest.mark.parametrize(("target", "status", "forwarded"), ROUTED)
def test_a_route_is_chosen_by_the_normal_form(
    start_origin: StartOrigin, start_gateway: StartGateway, target: bytes, status: int, forwarded: bytes | None
) -> None:
    origin = start_origin(say_target)
    gateway = start_gateway(one_route(origin.address, match="path: /only", more_routes=ROUTES))
    with gateway.client() as client:
        assert client.request(get(target)).status == status
    assert origin.targets == ([] if forwarded is None else [forwarded])


def test_slashes_in_a_row_are_refused_where_the_listener_says_so(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    origin = start_origin(say_target)
    gateway = start_gateway(one_route(origin.address, listener="paths: {merge_slashes: reject}"))
    with gateway.client() as client:
        assert client.request(get(b"/a/b?c=//")).status == 200
        client.send(get(b"/a//b"))
        read_refusal(client, 400)
    assert len(origin.targets) == 1


@pytest.mark.parametrize("slash", [b"%2F", b"%2f"])
def test_an_encoded_slash_is_kept_encoded_where_the_listener_says_so(
    start_origin: StartOrigin, start_gateway: StartGateway, slash: bytes
) -> None:
    origin = start_origin(say_target)
    gateway = start_gateway(one_route(origin.address, listener="paths: {encoded_slash: keep}"))
    with gateway.client() as client:
        assert client.request(get(b"/a" + slash + b"b")).body == b"/a%2Fb"
        client.send(get(b"/a/..%2Fb/../../c"))
        assert client.read_response().status in {200, 400}
    assert all(b"/../" not in target for target in origin.targets)


TEMPLATE: Final = """
  - {name: files, match: {path: "/files/{name}/{rest*}"}, upstream: origin, rewrite: {path: "/store/{rest}/{name}"}}
"""


@pytest.mark.parametrize(
    ("target", "forwarded"),
    [
        pytest.param(b"/files/a/b/c", b"/store/b/c/a", id="plain"),
        pytest.param(b"/files/a%20b/c", b"/store/c/a%20b", id="an encoded space stays encoded"),
        pytest.param(b"/files/a%0d%0aX:1/c", b"/store/c/a%0D%0AX:1", id="an encoded line end stays encoded"),
        pytest.param(b"/files/a%3Fb/c", b"/store/c/a%3Fb", id="an encoded question mark stays encoded"),
    ],
)
def test_a_rewritten_path_is_made_of_what_was_matched(
    start_origin: StartOrigin, start_gateway: StartGateway, target: bytes, forwarded: bytes
) -> None:
    origin = start_origin(say_target)
    gateway = start_gateway(one_route(origin.address, match="path: /only", more_routes=TEMPLATE))
    with gateway.client() as client:
        assert client.request(get(target)).body == forwarded


@pytest.mark.parametrize("target", [b"/go/a%0d%0aSet-Cookie:%20a=b", b"/go/a%0Aa", b"/go/a?b=%0d%0aX:%201"])
def test_a_redirect_never_decodes_what_it_repeats(
    start_origin: StartOrigin, start_gateway: StartGateway, target: bytes
) -> None:
    go = "  - {name: go, match: {path_prefix: /go}, redirect: {host: other.test, status: 308}}"
    gateway = start_gateway(one_route(start_origin(say_target).address, match="path: /only", more_routes=go))
    with gateway.client() as client:
        response = client.request(get(target))
    assert response.status == 308
    location = response.value("location")
    assert location is not None
    assert location.lower() == b"http://other.test" + target.lower()
    assert b"set-cookie" not in response.names


def test_a_path_no_route_knows_is_answered_by_the_gateway(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    gateway = start_gateway(one_route(start_origin(say_target).address, match="path: /only"))
    with gateway.client() as client:
        response = client.request(get(b"/other"))
        assert_gateway_answer(response, 404, "no_route")
        assert not response.closes
        assert client.request(get(b"/only")).body == b"/only"


def test_a_method_the_path_does_not_take_is_answered_with_those_it_takes(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    gateway = start_gateway(one_route(start_origin(say_target).address, match="path: /only, methods: [PUT, DELETE]"))
    with gateway.client() as client:
        response = client.request(get(b"/only"))
        assert_gateway_answer(response, 405, "method_not_allowed")
        assert set(response.tokens("allow")) == {b"put", b"delete"}
