"""Where redirects lead."""

from typing import Any

import pytest

from gateway.http1.refusal import RequestRefused
from gateway.model.route import Redirect
from gateway.routing.redirect import check_redirect, redirect_location
from tests.support.routes import route

NOTHING = Redirect()


def location(
    redirect: Redirect = NOTHING, host: str = "example.com", port: int | None = 9080, query: str | None = "q=1"
) -> str:
    return redirect_location(redirect, route(path_prefix="/a"), "http", host, port, "/a/b", query).decode()


def test_what_is_left_out_is_kept_from_the_request() -> None:
    assert location() == "http://example.com:9080/a/b?q=1"
    assert location(query=None, port=None) == "http://example.com/a/b"
    assert location(query="") == "http://example.com:9080/a/b?"
    assert location(host="other.example") == "http://other.example:9080/a/b?q=1"


def test_the_query_may_be_dropped() -> None:
    assert location(Redirect(keep_query=False)) == "http://example.com:9080/a/b"


@pytest.mark.parametrize(
    ("redirect", "origin"),
    [
        ({"scheme": "https"}, "https://example.com"),
        ({"scheme": "https", "port": 8443}, "https://example.com:8443"),
        ({"scheme": "https", "port": 443}, "https://example.com"),
        ({"port": 80}, "http://example.com"),
        ({"port": 8080}, "http://example.com:8080"),
    ],
)
def test_a_port_is_the_redirects_or_its_schemes_and_else_the_requests(redirect: dict[str, Any], origin: str) -> None:
    assert location(Redirect(**redirect)) == f"{origin}/a/b?q=1"


def test_the_host_may_change_and_be_an_address() -> None:
    kept = redirect_location(Redirect(host="[::1]"), route(path_prefix="/"), "http", "example.com", 81, "/", None)
    assert kept == b"http://[::1]:81/"


def test_a_request_without_a_host_gets_a_path() -> None:
    assert location(host="", port=None) == "/a/b?q=1"


def test_paths_are_replaced_as_rewrites_do() -> None:
    assert location(Redirect(path_prefix="/x")) == "http://example.com:9080/x/b?q=1"
    template = route(path="/o/{id}")
    made = redirect_location(Redirect(path="/orders/{id}"), template, "https", "a.com", 443, "/o/7", None)
    assert made == b"https://a.com/orders/7"


def test_a_path_that_becomes_a_dot_segment_is_refused() -> None:
    with pytest.raises(RequestRefused):
        redirect_location(Redirect(path="/.{rest}"), route(path="/f/{rest*}"), "http", "a.com", None, "/f/", None)


@pytest.mark.parametrize(
    "redirect",
    [
        Redirect(path="/x/{name}"),
        Redirect(path="/x/.."),
        Redirect(host="a b"),
        Redirect(host="a.com:80"),
        Redirect(scheme="ftp"),
    ],
)
def test_a_redirect_that_leads_nowhere_is_refused(redirect: Redirect) -> None:
    with pytest.raises(ValueError):
        check_redirect(redirect, route(path="/a/{id}"))


def test_a_redirect_that_works_is_not_refused() -> None:
    check_redirect(Redirect(scheme="https", host="a.com", path="/x/{id}"), route(path="/a/{id}"))
