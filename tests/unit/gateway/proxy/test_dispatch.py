"""Where an attempt goes: by the upstream's balancer, and for consistent hashing by what the configuration names."""

from typing import cast

import pytest

from gateway.model.exchange import Attempt
from gateway.model.upstream import Balance, Endpoint, Upstream
from gateway.proxy.dispatch import hash_key, pick_endpoint, pick_other_endpoint
from gateway.upstreams.endpoint import LiveEndpoint
from gateway.upstreams.live_upstream import LiveUpstream
from gateway.upstreams.pool import Pool
from tests.support.requests import exchange_of, head_of


@pytest.mark.parametrize(
    ("hash_on", "key"),
    [
        ("client_address", b"192.0.2.1"),
        ("path", b"/a%20b"),
        ("host", b"a.test"),
        ("header:X-Tenant", b"blue,red"),
        ("header:x-missing", b"192.0.2.1"),
        ("query:id", b"7 8"),
        ("query:missing", b"192.0.2.1"),
        ("cookie:sid", b"s1"),
        ("cookie:missing", b"192.0.2.1"),
    ],
)
def test_what_is_hashed(hash_on: str, key: bytes) -> None:
    lines = [b"x-tenant: blue", b"X-Tenant: red", b"Cookie: a=b; sid=s1", b"Cookie: sid=s2"]
    head = head_of(*lines, line=b"GET /a%20b?x=1&id=7%208 HTTP/1.1")
    assert hash_key(hash_on, exchange_of(head), head) == key


def test_a_query_that_is_not_there_is_no_harm() -> None:
    head = head_of()
    assert hash_key("query:id", exchange_of(head), head) == b"192.0.2.1"


@pytest.mark.parametrize("balance", list(Balance))
def test_without_an_endpoint_nothing_is_chosen(balance: Balance) -> None:
    head = head_of()
    live = LiveUpstream(Upstream("orders", (), balance), [])
    assert pick_endpoint(live, exchange_of(head), head) is None


def test_a_further_attempt_goes_to_an_untried_endpoint_of_the_first_group_before_a_standby() -> None:
    declared = tuple(
        Endpoint(f"10.0.{group}.{at}:80", priority=group) for group, count in ((0, 3), (1, 1)) for at in range(count)
    )
    endpoints = [LiveEndpoint("orders", each, cast("Pool", None)) for each in declared]
    live = LiveUpstream(Upstream("orders", declared), endpoints)
    head = head_of()
    exchange = exchange_of(head)
    exchange.attempts = [Attempt("orders", endpoints[at].address, 0) for at in (0, 1)]
    endpoints[2].in_flight = 5  # So that the balancer would rather have one that was tried.
    assert pick_other_endpoint(live, exchange, head) is endpoints[2]
    endpoints[2].is_available = False
    assert pick_other_endpoint(live, exchange, head) is endpoints[3]
