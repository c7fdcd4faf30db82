"""States of endpoints: a name without an address is not up, each change is counted and told once, and views agree."""

from dataclasses import dataclass, field, replace

import pytest

from gateway.model.clock import SECOND_NS
from gateway.model.snapshot import Snapshot
from gateway.model.upstream import Endpoint, Upstream
from gateway.runtime.overrides import Decision, Override, Overrides
from gateway.runtime.vitals.endpoint_states import EndpointStates
from gateway.telemetry import catalog
from gateway.telemetry.catalog import Instrument
from gateway.telemetry.merging import overflow
from gateway.telemetry.store import MetricsStore, Value
from tests.support.health import ACTIVE, BAD, GOOD, StatesUnderTest, address
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

    def panic_changed(self, upstream: str, usable: int, wanted: int, *, is_panic: bool) -> None:
        raise AssertionError("nothing is checked here")


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
        ("orders", "healthy"): 0,
        ("orders", "unhealthy"): 1,
        ("orders", "ejected"): 0,
        ("orders", "draining"): 0,
        ("orders", "unknown"): 1,
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
    assert series(store, catalog.UPSTREAM_ENDPOINTS)["orders", "unknown"] == 2


def test_a_drain_outweighs_what_else_is_known_and_its_end_tells_who_ended_it() -> None:
    states, store, told = started()
    states.follow(snapshot(), {})
    states.answered({("orders", LITERAL)})
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
    assert states.of("orders", LITERAL).state == "unknown"


# What follows is of checks; see tests.support.health.


def test_an_endpoint_is_unknown_until_it_is_checked_and_in_rotation_meanwhile() -> None:
    under = StatesUnderTest(active=ACTIVE)
    assert (under.state(1), under.series(catalog.UPSTREAM_ENDPOINT_UP)["orders", address(1)]) == ("unknown", 1)
    under.check(1, GOOD)
    assert (under.state(1), under.told.changes, under.news) == ("healthy", [], [])
    assert under.states.of("orders", address(1)).since_s == 1000.0


def test_where_nothing_is_checked_an_answer_makes_it_known() -> None:
    under = StatesUnderTest()
    under.states.answered({("orders", address(2)), ("other", address(2))})
    assert [under.state(number) for number in (1, 2)] == ["unknown", "healthy"]
    assert under.told.changes == []


def test_a_check_that_fails_takes_it_out_and_tells_the_evidence() -> None:
    under = StatesUnderTest(active=ACTIVE)
    under.check(1, GOOD, BAD, BAD)
    assert under.state(1) == "healthy"
    under.check(1, BAD)
    status = under.states.of("orders", address(1))
    assert (status.state, status.reason, status.note, status.brief) == (
        "unhealthy", "bad_status", "503 in 12 ms", "503",
    )  # fmt: skip
    assert under.told.changes == [(address(1), "down", "bad_status: 503 in 12 ms")]
    assert under.news == ["orders"]
    under.check(1, GOOD, GOOD)
    assert under.told.changes[1:] == [(address(1), "up", "bad_status: 200 in 3 ms")]
    checks = under.series(catalog.HEALTH_CHECKS)
    assert checks["orders", address(1), "active", "ok"] == checks["orders", address(1), "active", "bad_status"] == 3
    assert checks["orders", address(2), "active", "timeout"] == 0
    transitions = under.series(catalog.UPSTREAM_TRANSITIONS)
    assert transitions["orders", address(1), "unhealthy", "bad_status"] == 1
    assert transitions["orders", address(1), "healthy", "bad_status"] == 1
    assert transitions["orders", address(2), "unhealthy", "connect_error"] == 0


def test_the_same_check_keeps_its_state_through_another_snapshot_and_none_ends_it() -> None:
    under = StatesUnderTest(active=ACTIVE)
    under.check(1, BAD, BAD, BAD)
    under.follow(2, active=ACTIVE)
    assert (under.state(1), len(under.told.changes)) == ("unhealthy", 1)
    under.verdicts.clear()
    under.follow(2)
    assert under.state(1) == "unknown"
    assert under.told.changes[1:] == [(address(1), "up", "bad_status: it is asked otherwise")]


def test_too_few_usable_endpoints_are_panic_until_there_are_enough_again() -> None:
    under = StatesUnderTest(4, active=ACTIVE)
    for number in (1, 2):
        under.check(number, BAD, BAD, BAD)
    assert under.told.panics == []
    under.check(3, BAD, BAD, BAD)
    assert under.told.panics == [(1, 4, True)]
    assert under.series(catalog.UPSTREAM_PANIC) == {("orders",): 1}
    under.check(1, GOOD, GOOD)
    assert under.told.panics[1:] == [(2, 4, False)]
    assert under.series(catalog.UPSTREAM_PANIC) == {("orders",): 0}


def test_a_drained_endpoint_is_checked_all_the_same_and_comes_back_as_it_is() -> None:
    under = StatesUnderTest(active=ACTIVE)
    key = ("orders", address(1))
    under.states.overrides.set(key, Override(drained=Decision("ana", "disk", 999.0)))
    under.states.decided(key, Decision("ana", "disk", 999.0))
    under.check(1, BAD, BAD, BAD)
    assert (under.state(1), under.states.is_reachable(key)) == ("draining", False)
    under.states.overrides.set(key, Override())
    under.states.decided(key, Decision("ana", "", 999.0))
    assert under.state(1) == "unhealthy"


def test_one_that_comes_back_or_is_added_starts_slowly_and_one_there_from_the_start_does_not() -> None:
    under = StatesUnderTest(active=ACTIVE, slow_start_ns=20 * SECOND_NS)

    def share(number: int) -> float | None:
        known = under.states.known_of(("orders", address(number)))
        return known.slow_start_share(under.now_s) if known is not None else None

    under.check(1, BAD, BAD, BAD, GOOD, GOOD)
    assert (share(1), share(2)) == (0.1, None)
    under.now_s += 9.0
    assert share(1) == 0.5
    under.follow(4, active=ACTIVE, slow_start_ns=20 * SECOND_NS)
    assert (share(1), share(4)) == (0.5, 0.1)
    under.now_s += 11.0
    assert share(1) is None
