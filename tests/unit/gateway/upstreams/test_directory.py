"""Live upstreams across changes of the configuration: what stays keeps its connections, what goes closes them."""

import msgspec
import pytest

from gateway.model.breaker import BreakerSettings, CircuitCause, CircuitState, UpstreamLimits
from gateway.model.clock import SECOND_NS
from gateway.model.exchange import Attempt
from gateway.model.outcome import Reason
from gateway.model.upstream import Balance, ConnectionLimits, Endpoint, Upstream
from gateway.upstreams.connection import UpstreamConnection
from gateway.upstreams.directory import Directory
from gateway.upstreams.gating.breaker import Breaker
from gateway.upstreams.live_upstream import LiveUpstream
from gateway.upstreams.pool import Pool, Waiter
from gateway.wire.control import EndpointOverride, OpenCircuit
from tests.support.scripted import Clock, ScriptedLoop

A = Endpoint("127.0.0.1:9001", "127.0.0.1", 9001)
B = Endpoint("b.test:9002", "b.test", 9002)


def activate(directory: Directory, *upstreams: Upstream) -> list[LiveUpstream]:
    live = [directory.build(upstream) for upstream in upstreams]
    directory.activate(live)
    return live


def pools(live: LiveUpstream) -> list[Pool]:
    return [endpoint.pool for endpoint in live.endpoints]


class Filler:
    """Puts an idle connection into a pool."""

    def __init__(self, loop: ScriptedLoop) -> None:
        self._loop = loop

    def fill(self, pool: Pool) -> None:
        pool.wait(Waiter(self._granted, self._failed, needs_fresh=False))
        self._loop.settle()
        self._loop.dials[-1].accept()
        self._loop.settle()
        assert pool.idle == 1

    def _granted(self, connection: UpstreamConnection, _waiter: Waiter) -> None:
        connection.last_byte_reusable = True
        connection.release(is_clean=True)

    def _failed(self, reason: Reason, detail: str, _waiter: Waiter) -> None:
        raise AssertionError((reason, detail))


def test_an_upstream_that_did_not_change_stays_the_same_object(directory: Directory) -> None:
    upstream = Upstream("orders", (A,))
    (first,) = activate(directory, upstream)
    (second,) = activate(directory, Upstream("orders", (A,)))
    assert second is first


def test_a_change_of_the_upstream_keeps_the_endpoints_that_stay_and_their_load(directory: Directory) -> None:
    (first,) = activate(directory, Upstream("orders", (A,)))
    first.endpoints[0].in_flight = 3
    (second,) = activate(directory, Upstream("orders", (A, B), balance=Balance.ROUND_ROBIN))
    assert second is not first
    assert second.endpoints[0] is first.endpoints[0]
    assert [endpoint.in_flight for endpoint in second.endpoints] == [3, 0]


def test_an_endpoint_of_another_weight_keeps_its_connections(directory: Directory) -> None:
    (first,) = activate(directory, Upstream("orders", (A,)))
    heavier = Endpoint(A.address, A.host, A.port, weight=5)
    (second,) = activate(directory, Upstream("orders", (heavier,)))
    assert pools(second) == pools(first)
    assert second.endpoints[0].weight == 5


def test_upstreams_that_share_an_address_do_not_share_connections(directory: Directory) -> None:
    orders, stock = activate(directory, Upstream("orders", (A,)), Upstream("stock", (A,)))
    assert pools(orders) != pools(stock)


def test_new_limits_reach_pools_that_stay(directory: Directory) -> None:
    (live,) = activate(directory, Upstream("orders", (A,)))
    activate(directory, Upstream("orders", (A,), connections=ConnectionLimits(max=7)))
    assert pools(live)[0].limits.max == 7


def test_limits_of_a_configuration_that_is_only_prepared_change_nothing(directory: Directory) -> None:
    (live,) = activate(directory, Upstream("orders", (A,)))
    directory.build(Upstream("orders", (A,), connections=ConnectionLimits(max=7)))
    assert pools(live)[0].limits.max == 256


def test_the_pool_of_an_endpoint_that_is_gone_closes(directory: Directory, loop: ScriptedLoop) -> None:
    (live,) = activate(directory, Upstream("orders", (A, B)))
    directory.set_addresses({B.address: ("127.0.0.2",)})
    Filler(loop).fill(pools(live)[0])
    Filler(loop).fill(pools(live)[1])
    activate(directory, Upstream("orders", (A,)))
    assert [pool.open for pool in pools(live)] == [1, 0]
    assert [endpoint.address for endpoint in directory.endpoints()] == [A.address]


def test_an_endpoint_that_comes_back_gets_a_pool_of_its_own_that_stays(
    directory: Directory, loop: ScriptedLoop
) -> None:
    upstream = Upstream("orders", (A,))
    (first,) = activate(directory, upstream)
    activate(directory)
    (second,) = activate(directory, upstream)
    assert pools(second) != pools(first)
    Filler(loop).fill(pools(second)[0])
    assert pools(second)[0].idle == 1


def test_the_pools_of_a_configuration_that_was_never_activated_are_forgotten(directory: Directory) -> None:
    (first,) = activate(directory, Upstream("orders", (A,)))
    directory.build(Upstream("orders", (B,)))
    activate(directory, Upstream("orders", (A,)))
    assert list(directory.endpoints()) == first.endpoints
    assert list(directory._pools) == [("orders", A.address)]


@pytest.mark.parametrize(
    ("endpoint", "addresses"),
    [
        (A, ("127.0.0.1",)),
        (Endpoint("[::1]:9001", "::1", 9001), ("::1",)),
        (B, ()),
        (Endpoint("unix:/run/x.sock", unix_path="/run/x.sock"), ()),
    ],
)
def test_an_ip_address_needs_no_resolver(directory: Directory, endpoint: Endpoint, addresses: tuple[str, ...]) -> None:
    (live,) = activate(directory, Upstream("orders", (endpoint,)))
    assert pools(live)[0].addresses == addresses


def test_resolved_addresses_reach_every_pool_of_that_name_and_are_remembered(directory: Directory) -> None:
    (orders,) = activate(directory, Upstream("orders", (B,)))
    directory.set_addresses({B.address: ("127.0.0.7", "127.0.0.8")})
    assert pools(orders)[0].addresses == ("127.0.0.7", "127.0.0.8")
    stock = activate(directory, Upstream("orders", (B,)), Upstream("stock", (B,)))[1]
    assert pools(stock)[0].addresses == ("127.0.0.7", "127.0.0.8")


def test_a_name_that_has_lost_its_addresses_keeps_the_last_good(directory: Directory) -> None:
    (orders,) = activate(directory, Upstream("orders", (B,)))
    directory.set_addresses({B.address: ("127.0.0.7",)})
    directory.set_addresses({B.address: ()})
    directory.set_addresses({})
    assert pools(orders)[0].addresses == ("127.0.0.7",)


def test_what_is_hashed_is_known_from_the_start(directory: Directory) -> None:
    plain, hashed = activate(
        directory,
        Upstream("plain", (A,)),
        Upstream("hashed", (A, B), balance=Balance.CONSISTENT_HASH, hash_on="header:x-tenant"),
    )
    assert (plain.is_hashed, hashed.is_hashed, hashed.hash_on) == (False, True, "header:x-tenant")


def picks(live: LiveUpstream) -> set[str | None]:
    found = [live.balancer.pick(str(number).encode(), None) for number in range(200)]
    return {None if endpoint is None else endpoint.address for endpoint in found}


@pytest.mark.parametrize("balance", list(Balance))
def test_a_drained_endpoint_is_chosen_by_no_balancer_until_it_is_given_back(
    directory: Directory, balance: Balance
) -> None:
    (live,) = activate(directory, Upstream("orders", (A, B), balance=balance))
    directory.set_overrides([EndpointOverride("orders", A.address, is_drained=True)])
    assert picks(live) == {B.address}
    directory.set_overrides([EndpointOverride("orders", each.address, is_drained=True) for each in (A, B)])
    assert picks(live) == {None}
    directory.set_overrides([])
    assert picks(live) == {A.address, B.address}


def test_draining_closes_idle_connections_and_what_is_under_way_keeps_its_own(
    directory: Directory, loop: ScriptedLoop
) -> None:
    (live,) = activate(directory, Upstream("orders", (A,)))
    Filler(loop).fill(pools(live)[0])
    leased = pools(live)[0].lease_idle()
    assert leased is not None
    directory.set_overrides([EndpointOverride("orders", A.address, is_drained=True)])
    assert pools(live)[0].open == 1
    leased.last_byte_reusable = True
    leased.release(is_clean=True)
    assert pools(live)[0].open == 0


def test_a_weight_of_an_operator_shifts_the_choice_and_none_restores_the_configured_one(directory: Directory) -> None:
    (live,) = activate(directory, Upstream("orders", (A, B), balance=Balance.ROUND_ROBIN))
    directory.set_overrides([EndpointOverride("orders", B.address, weight=3)])
    found = [live.balancer.pick(b"", None) for _ in range(40)]
    assert sum(endpoint is live.endpoints[1] for endpoint in found) == 30
    directory.set_overrides([])
    assert [endpoint.weight for endpoint in live.endpoints] == [1, 1]


def test_what_operators_decided_meets_a_configuration_whenever_it_was_prepared(directory: Directory) -> None:
    early = directory.build(Upstream("orders", (A, B), balance=Balance.ROUND_ROBIN))
    directory.set_overrides([EndpointOverride("orders", A.address, is_drained=True)])
    late = directory.build(Upstream("orders", (A, B)))
    directory.activate([early])
    assert picks(early) == {B.address}
    directory.activate([late])
    assert picks(late) == {B.address}
    early = directory.build(Upstream("orders", (A, B), balance=Balance.RANDOM))
    directory.set_overrides([])
    directory.activate([early])
    assert picks(early) == {A.address, B.address}


def test_an_upstream_is_not_weighed_anew_for_what_was_decided_about_another(directory: Directory) -> None:
    orders, stock = activate(directory, Upstream("orders", (A, B)), Upstream("stock", (A, B)))
    balancer = orders.balancer
    directory.set_overrides([EndpointOverride("stock", A.address, is_drained=True)])
    assert orders.balancer is balancer
    assert picks(stock) == {B.address}


def test_the_circuit_of_an_upstream_outlives_a_change_and_goes_by_its_new_settings(directory: Directory) -> None:
    told: list[str] = []
    directory.on_circuit = lambda upstream, change: told.append(f"{upstream} {change.to}")
    (live,) = activate(directory, Upstream("orders", (A,), breaker=BreakerSettings(min_requests=1)))
    assert live.gate is not None
    fail(live)
    changed = Upstream("orders", (A, B), breaker=BreakerSettings(min_requests=1, open_for_ns=60 * SECOND_NS))
    directory.build(changed)
    refusal = live.gate.enter(Attempt("orders", A.address, 0), SECOND_NS)
    assert refusal is not None
    assert refusal.retry_after_s == 4
    (live,) = activate(directory, changed)
    assert live.gate is not None
    refusal = live.gate.enter(Attempt("orders", A.address, 0), SECOND_NS)
    assert refusal is not None
    assert refusal.retry_after_s == 59
    assert [endpoint.watchers for endpoint in live.endpoints] == [(live.gate,)] * 2
    assert (list(directory.gates()), told) == ([live.gate], ["orders open"])


def fail(live: LiveUpstream) -> None:
    """An attempt at the first endpoint ends badly at time zero."""
    assert live.gate is not None
    attempt, endpoint = Attempt("orders", A.address, 0), live.endpoints[0]
    assert live.gate.enter(attempt, 0) is None
    endpoint.in_flight += 1
    attempt.reason = Reason.CONNECT_REFUSED
    endpoint.attempt_ended(attempt)


def test_a_gate_that_is_configured_no_more_says_nothing_about_what_began_with_it(directory: Directory) -> None:
    told: list[str] = []
    directory.on_circuit = lambda upstream, change: told.append(f"{upstream} {change.to}")
    (live,) = activate(directory, Upstream("orders", (A,), breaker=BreakerSettings(min_requests=1)))
    attempt, endpoint = Attempt("orders", A.address, 0), live.endpoints[0]
    assert live.gate is not None
    assert live.gate.enter(attempt, 0) is None
    endpoint.in_flight += 1
    activate(directory, Upstream("orders", (Endpoint(A.address, A.host, A.port, weight=2),)))
    (live,) = activate(directory, Upstream("orders", (A,), breaker=BreakerSettings(min_requests=1)))
    attempt.reason = Reason.CONNECT_REFUSED
    endpoint.attempt_ended(attempt)
    assert live.gate is not None
    assert (live.gate.in_flight, told) == (0, [])


def test_without_a_breaker_or_limits_there_is_no_gate_and_nobody_watches(directory: Directory) -> None:
    activate(directory, Upstream("orders", (A,), breaker=BreakerSettings()))
    (live,) = activate(directory, Upstream("orders", (A,)))
    assert (live.gate, live.endpoints[0].watchers, list(directory.gates())) == (None, (), [])


def test_endpoints_share_the_connections_of_an_upstream_only_where_it_has_limits(directory: Directory) -> None:
    (live,) = activate(directory, Upstream("orders", (A, B), limits=UpstreamLimits(connections=1)))
    rooms = {pool.room for pool in pools(live)}
    assert len(rooms) == 1
    assert None not in rooms
    (live,) = activate(directory, Upstream("orders", (A, B)))
    assert {pool.room for pool in pools(live)} == {None}


def test_circuits_that_were_open_in_the_worker_before_this_one_are_open_from_its_first_configuration(
    directory: Directory, clock: Clock
) -> None:
    breaker = BreakerSettings(open_for_ns=60 * SECOND_NS)
    opened = OpenCircuit("orders", CircuitCause.FAILURE_RATIO, 4, 3, 20 * SECOND_NS)
    directory.set_circuits([opened, msgspec.structs.replace(opened, upstream="stock")])
    directory.build(Upstream("orders", (A,), breaker=breaker))  # Of a configuration that comes to nothing.
    users, orders = activate(
        directory, Upstream("users", (A,), breaker=breaker), Upstream("orders", (A,), breaker=breaker)
    )
    assert [circuit(live).state for live in (users, orders)] == [CircuitState.CLOSED, CircuitState.OPEN]
    assert circuit(orders).opens_in_ns(clock.now_ns) == 40 * SECOND_NS
    # What comes with a later configuration is new.
    (stock,) = activate(directory, Upstream("stock", (A,), breaker=breaker))
    assert circuit(stock).state is CircuitState.CLOSED


def circuit(live: LiveUpstream) -> Breaker:
    assert live.gate is not None
    assert live.gate.breaker is not None
    return live.gate.breaker
