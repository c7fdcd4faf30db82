"""Sticky sessions: a signed cookie names an endpoint without saying its address."""

import pytest

from gateway.model.clock import SECOND_NS
from gateway.model.upstream import Endpoint, Sticky
from gateway.upstreams.balancing.sessions import Sessions, cookie_value

ENDPOINTS = (Endpoint("10.0.0.1:80"), Endpoint("10.0.0.2:80"))
SECRET = "a secret that nobody knows"


def sessions(upstream: str = "orders", secret: str = SECRET) -> Sessions:
    return Sessions(upstream, Sticky("sid", secret), ENDPOINTS)


def brought(set_cookie: bytes) -> list[tuple[bytes, bytes]]:
    """The fields of a client's next request."""
    return [(b"Cookie", b"other=1; " + set_cookie.split(b";")[0])]


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_a_cookie_leads_back_to_the_endpoint_that_set_it(endpoint: Endpoint) -> None:
    assert sessions().address_of(brought(sessions().set_cookie(endpoint.address))) == endpoint.address


def test_a_cookie_says_nothing_about_addresses() -> None:
    assert b"10.0.0" not in sessions().set_cookie("10.0.0.1:80")


@pytest.mark.parametrize("other", [sessions(secret="another secret altogether"), sessions(upstream="stock")])
def test_a_cookie_that_was_signed_otherwise_leads_nowhere(other: Sessions) -> None:
    assert sessions().address_of(brought(other.set_cookie("10.0.0.1:80"))) is None


@pytest.mark.parametrize("value", [b"", b"10.0.0.1:80", b"x" * 4000, bytes(range(128, 256))])
def test_a_cookie_that_was_made_up_leads_nowhere(value: bytes) -> None:
    assert sessions().address_of([(b"Cookie", b"sid=" + value)]) is None


def test_attributes_keep_scripts_and_other_sites_off() -> None:
    assert sessions().set_cookie("10.0.0.1:80").endswith(b"; Path=/; HttpOnly; SameSite=Lax")
    lasting = Sessions("orders", Sticky("sid", SECRET, 3600 * SECOND_NS, is_secure=True), ENDPOINTS)
    assert lasting.set_cookie("10.0.0.1:80").endswith(b"; Path=/; Max-Age=3600; HttpOnly; SameSite=Lax; Secure")


def test_the_first_cookie_of_a_name_counts() -> None:
    assert cookie_value([(b"cookie", b"a=1; sid=first"), (b"Cookie", b"sid=second")], b"sid") == b"first"
    assert cookie_value([(b"cookie", b"xsid=1")], b"sid") == b""
