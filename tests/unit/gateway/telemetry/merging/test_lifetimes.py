"""When the series of what was deleted are shown no longer."""

from dataclasses import replace

import pytest

from gateway.telemetry import catalog
from gateway.telemetry.catalog import Instrument
from gateway.telemetry.merging.lifetimes import Lifetimes, Owner, owner_of
from tests.unit.gateway.telemetry.samples import make_route, make_snapshot

ROUTE = ("route", "orders")


@pytest.mark.parametrize(
    ("instrument", "labels", "owner"),
    [
        (catalog.HTTP_REQUESTS, ("orders", "GET", "200", "upstream"), ("route", "orders")),
        (catalog.HTTP_PHASE_DURATION, ("ttfb", "files"), ("upstream", "files")),
        (catalog.UPSTREAM_REQUESTS, ("files", "10.0.0.1:80", "2xx", "none"), ("endpoint", "files", "10.0.0.1:80")),
        (catalog.CONNECTIONS_ACTIVE, ("public",), ("listener", "public")),
        (catalog.EVENT_LOOP_LAG, ("1",), ("process",)),
    ],
)
def test_a_series_goes_with_the_object_it_is_about(
    instrument: Instrument, labels: tuple[str, ...], owner: Owner
) -> None:
    assert owner_of(instrument, labels) == owner


def test_an_object_that_is_configured_never_expires() -> None:
    lifetimes = Lifetimes()
    lifetimes.configure(make_snapshot(), 0)
    assert not lifetimes.has_expired(ROUTE, 1e9)


def test_a_deleted_object_lingers_five_minutes() -> None:
    lifetimes = Lifetimes()
    lifetimes.configure(make_snapshot(), 0)
    lifetimes.configure(make_snapshot(make_route("other")), 100)
    assert not lifetimes.has_expired(ROUTE, 399)
    assert lifetimes.has_expired(ROUTE, 400)


def test_an_object_that_comes_back_in_time_stays() -> None:
    lifetimes = Lifetimes()
    lifetimes.configure(make_snapshot(), 0)
    lifetimes.configure(make_snapshot(make_route("other")), 100)
    lifetimes.configure(make_snapshot(), 200)
    lifetimes.configure(make_snapshot(make_route("other")), 300)
    assert not lifetimes.has_expired(ROUTE, 599)
    assert lifetimes.has_expired(ROUTE, 600)


def test_an_object_never_heard_of_lingers_from_when_it_is_seen() -> None:
    lifetimes = Lifetimes()
    assert not lifetimes.has_expired(ROUTE, 50)
    assert lifetimes.has_expired(ROUTE, 350)


def test_an_endpoint_goes_without_its_upstream() -> None:
    lifetimes = Lifetimes()
    snapshot = make_snapshot()
    lifetimes.configure(snapshot, 0)
    fewer = replace(snapshot.upstreams[0], endpoints=snapshot.upstreams[0].endpoints[:1])
    lifetimes.configure(replace(snapshot, upstreams=(fewer,)), 0)
    assert lifetimes.has_expired(("endpoint", "orders", "127.0.0.1:9002"), 300)
    assert not lifetimes.has_expired(("endpoint", "orders", "127.0.0.1:9001"), 300)
    assert not lifetimes.has_expired(("upstream", "orders"), 300)


@pytest.mark.parametrize("owner", [("route", "_unmatched"), ("route", "_overflow"), ("upstream", "_none")])
def test_the_names_we_made_up_never_expire(owner: Owner) -> None:
    lifetimes = Lifetimes()
    lifetimes.configure(make_snapshot(), 0)
    assert not lifetimes.has_expired(owner, 1e9)
