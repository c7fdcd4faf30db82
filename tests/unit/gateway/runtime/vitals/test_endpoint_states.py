"""States of endpoints: a name without an address is not up, each change is counted and told once, and views agree."""

from dataclasses import dataclass, field, replace

import pytest

from gateway.model.snapshot import Snapshot
from gateway.model.upstream import Endpoint, Upstream
from gateway.runtime.overrides import Decision, Override, Overrides
from gateway.runtime.vitals.endpoint_states import EndpointStates
from gateway.telemetry import catalog
from gateway.telemetry.catalog import Instrument
from gateway.telemetry.merging import overflow
from gateway.telemetry.store import MetricsStore, Value
from tests.unit.gateway.telemetry.samples import make_snapshot

NAMED = "orders.test:80"
LITERAL = "127.0.0.1:9001"


@dataclass
class Told:
    changes: list[tuple[str, str, str, str]] = field(default_factory=list)

    def endpoint_changed(
        self, upstream: str, endpoint: str, to: str, reason: str, evidence: str = "", actor: str = ""
    ) -> None:
        assert evidence
        self.changes.append((upstream, endpoint, to, f"{reason} {actor}".strip()))


def snapshot() -> Snapshot:
    endpoints = (Endpoint(NAMED, "orders.test", 80), Endpoint(LITERAL, "127.0.0.1", 9001))
    return replace(make_snapshot(), upstreams=(Upstream("orders", endpoints),))


def started() -> tuple[EndpointStates, MetricsStore, Told]:
    store, told = MetricsStore(), Told()
    store.configure(snapshot())
    states = EndpointStates(store, told, Overrides(lambda _: None), lambda: 1000.0)
    store.watch((catalog.UPSTREAM_ENDPOINT_UP, catalog.UPSTREAM_ENDPOINTS), states.readings)
    return states, store, told


def series(store: MetricsStore, instrument: Instrument) -> dict[tuple[str, ...], Value]:
    (family,) = store.families((instrument,))
    return family.series


def test_a_name_without_an_address_is_not_up_until_it_has_one() -> None:
    states, store, told = started()
    states.follow(snapshot(), {})
    assert series(store, catalog.UPSTREAM_ENDPOINT_UP) == {("orders", NAMED): 0, ("orders", LITERAL): 1}
    assert series(store, catalog.UPSTREAM_ENDPOINTS) == {
        ("orders", "healthy"): 1,
        ("orders", "unhealthy"): 1,
        ("orders", "ejected"): 0,
        ("orders", "draining"): 0,
    }
    assert states.of("orders", NAMED).state == "unhealthy"
    states.resolved({NAMED: ("192.0.2.1",)})
    assert series(store, catalog.UPSTREAM_ENDPOINT_UP)["orders", NAMED] == 1
    assert told.changes == [("orders", NAMED, "down", "dns"), ("orders", NAMED, "up", "dns")]
    assert series(store, catalog.UPSTREAM_TRANSITIONS) == {
        ("orders", NAMED, "healthy", "dns"): 1,
        ("orders", NAMED, "unhealthy", "dns"): 1,
    }


def test_what_is_up_from_the_start_is_no_change() -> None:
    states, store, told = started()
    states.follow(snapshot(), {NAMED: ("192.0.2.1",)})
    assert told.changes == []
    assert set(series(store, catalog.UPSTREAM_TRANSITIONS).values()) == {0}


def test_a_name_that_had_an_address_is_still_reached_there() -> None:
    states, store, told = started()
    states.follow(snapshot(), {NAMED: ("192.0.2.1",)})
    states.resolved({})
    assert series(store, catalog.UPSTREAM_ENDPOINT_UP)["orders", NAMED] == 1
    assert told.changes == []


def test_another_snapshot_keeps_the_states_of_endpoints_that_stay() -> None:
    states, store, told = started()
    states.follow(snapshot(), {})
    states.follow(snapshot(), {})
    assert len(told.changes) == 1
    states.follow(make_snapshot(), {})
    assert set(series(store, catalog.UPSTREAM_ENDPOINT_UP)) == {("orders", LITERAL), ("orders", "127.0.0.1:9002")}


def test_endpoints_beyond_the_limit_are_counted_but_not_shown_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overflow, "MAX_ENDPOINTS", 1)
    states, store, _ = started()
    states.follow(snapshot(), {NAMED: ("192.0.2.1",)})
    assert series(store, catalog.UPSTREAM_ENDPOINT_UP) == {("orders", NAMED): 1}
    assert series(store, catalog.UPSTREAM_ENDPOINTS)["orders", "healthy"] == 2


def test_a_drain_outweighs_what_else_is_known_and_its_end_tells_who_ended_it() -> None:
    states, store, told = started()
    states.follow(snapshot(), {})
    for key in (("orders", LITERAL), ("orders", NAMED)):
        states.overrides.set(key, Override(drained=Decision("ana", "disk", 999.0)))
        states.decided(key, Decision("ana", "disk", 999.0))
        status = states.of(*key)
        assert (status.state, status.reason, status.actor, status.since_s) == ("draining", "admin", "ana", 1000.0)
    assert series(store, catalog.UPSTREAM_ENDPOINT_UP)["orders", LITERAL] == 0
    assert series(store, catalog.UPSTREAM_ENDPOINTS)["orders", "draining"] == 2
    for key in (("orders", LITERAL), ("orders", NAMED)):
        states.overrides.set(key, Override())
        states.decided(key, Decision("ben", "new disk", 1001.0))
    assert states.of("orders", LITERAL).state == "healthy"
    assert told.changes[1:] == [
        ("orders", LITERAL, "draining", "admin ana"),
        ("orders", NAMED, "draining", "admin ana"),
        ("orders", LITERAL, "up", "admin ben"),
        ("orders", NAMED, "down", "dns"),
    ]
    assert series(store, catalog.UPSTREAM_TRANSITIONS)["orders", LITERAL, "draining", "admin"] == 1


def test_a_drain_stands_through_another_snapshot_while_its_endpoint_does() -> None:
    states, _, _ = started()
    states.follow(snapshot(), {})
    states.overrides.set(("orders", LITERAL), Override(drained=Decision("ana", "disk", 999.0)))
    states.follow(snapshot(), {})
    assert states.of("orders", LITERAL).state == "draining"
    states.follow(replace(make_snapshot(), upstreams=()), {})
    states.follow(snapshot(), {})
    assert states.of("orders", LITERAL).state == "healthy"
