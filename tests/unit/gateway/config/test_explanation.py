"""What a configuration does with a request that is not sent."""

from collections.abc import Callable
from typing import Any

import pytest

from gateway.config import Configuration, explain_request
from gateway.wire.views import ExplainRequest, ExplanationView, ShareView

Load = Callable[..., Configuration]

TEXT = """
listeners:
  - {name: public, address: 127.0.0.1:9080, limits: {line: 1KiB}}
  - {name: internal, address: 127.0.0.1:9081, paths: {encoded_slash: keep}}
upstreams:
  orders: {endpoints: [127.0.0.1:9001]}
  canary: {endpoints: [127.0.0.1:9002]}
routes:
  - name: order
    match: {hosts: [api.example.com], path: "/v1/orders/{id}", methods: [GET]}
    split: [{upstream: orders, weight: 95}, {upstream: canary, weight: 5}]
    rewrite: {path: "/orders/{id}", host: orders.internal}
  - {name: old, match: {path_prefix: /old}, redirect: {scheme: https, path_prefix: /new, status: 301}}
  - {name: health, match: {path: /health, clients: [10.0.0.0/8]}, respond: {status: 200, body: ok}}
  - {name: blue, match: {path: /t, headers: {x-tenant: blue}}, upstream: orders}
  - {name: inside, match: {listeners: [internal], path_prefix: /files}, upstream: orders}
"""


@pytest.fixture
def explain(load: Load) -> Callable[..., ExplanationView]:
    configuration = load(TEXT, bare=True)

    def explain_it(url: str, **request: Any) -> ExplanationView:
        return explain_request(configuration.snapshot, configuration.table, ExplainRequest(url=url, **request))

    return explain_it


Explain = Callable[..., ExplanationView]


def test_a_forwarded_request_tells_where_it_goes_and_as_what(explain: Explain) -> None:
    view = explain("http://API.example.com:8080/v1/orders/7?page=1")
    assert (view.route, view.action, view.status, view.reason) == ("order", "forward", None, "none")
    assert (view.host, view.path) == ("api.example.com", "/v1/orders/7")
    assert view.parameters == {"id": "7"}
    assert view.upstreams == [ShareView(upstream="orders", weight=95), ShareView(upstream="canary", weight=5)]
    assert (view.forwarded_path, view.forwarded_host) == ("/orders/7", "orders.internal")
    assert view.considered[0].route == "order"
    assert view.considered[0].matched


def test_without_a_rewrite_the_host_is_forwarded_with_its_port(explain: Explain) -> None:
    view = explain("http://example.com:8080/t", headers=[("X-Tenant", "blue")])
    assert (view.forwarded_path, view.forwarded_host) == ("/t", "example.com:8080")


def test_a_redirect_tells_its_location(explain: Explain) -> None:
    view = explain("http://example.com/old/a?b=c")
    assert (view.route, view.action, view.status) == ("old", "redirect", 301)
    assert view.location == "https://example.com/new/a?b=c"


def test_an_answer_of_the_gateway_tells_its_status(explain: Explain) -> None:
    view = explain("/health", client="10.1.2.3")
    assert (view.route, view.action, view.status, view.host) == ("health", "respond", 200, "localhost")


@pytest.mark.parametrize(
    ("url", "request_of", "status", "reason", "detail"),
    [
        ("/nothing", {}, 404, "no_route", "no route takes the request"),
        ("/health", {}, 404, "no_route", "no route takes the request"),
        (
            "http://api.example.com/v1/orders/7",
            {"method": "PUT"},
            405,
            "method_not_allowed",
            "routes take this path with GET",
        ),
        ("/a%2Fb", {}, 400, "bad_request", "The path holds an encoded slash, backslash or NUL."),
        ("/" + "x" * 2000, {}, 414, "uri_too_long", ""),
        ("http://a b/", {}, 400, "bad_request", ""),
        ("/", {"method": "BREW"}, 501, "not_implemented", ""),
        ("/", {"headers": [("Host", "a"), ("Host", "b")]}, 400, "bad_request", ""),
        ("/", {"headers": [("Content-Length", "x")]}, 400, "bad_request", ""),
    ],
)
def test_what_is_refused_is_refused_with_the_engines_reason(
    explain: Explain, url: str, request_of: dict[str, Any], status: int, reason: str, detail: str
) -> None:
    view = explain(url, **request_of)
    assert (view.route, view.status, view.reason) == (None, status, reason)
    assert detail in view.detail


def test_a_predicate_that_failed_is_told(explain: Explain) -> None:
    (blue,) = [each for each in explain("/t").considered if each.route == "blue"]
    assert not blue.matched
    assert "x-tenant" in blue.because
    assert blue.place.line == 15


def test_the_first_listener_is_meant_unless_another_is_named(explain: Explain) -> None:
    assert explain("/files/a%2Fb").reason == "bad_request"
    view = explain("/files/a%2Fb", listener="internal")
    assert (view.route, view.forwarded_path) == ("inside", "/files/a%2Fb")


def test_options_about_the_gateway_itself_is_answered_by_it(explain: Explain) -> None:
    view = explain("*", method="OPTIONS")
    assert (view.route, view.status, view.detail) == (None, 200, "the gateway answers OPTIONS * by itself")


@pytest.mark.parametrize(
    "request_of",
    [
        {"listener": "nobody"},
        {"client": "example.com"},
        {"headers": [("X-A", "1\r\nHost: b")]},
        {"method": "GET / HTTP/1.1\r\nX: "},
    ],
)
def test_a_request_that_cannot_exist_is_not_explained(explain: Explain, request_of: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        explain("/", **request_of)
