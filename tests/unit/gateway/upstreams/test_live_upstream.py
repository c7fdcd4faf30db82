"""Which endpoints of an upstream may be chosen."""

import random
from collections import Counter

import pytest

from gateway.model.health import Health, PassiveCheck
from gateway.model.upstream import Balance, Endpoint, Labels, Upstream
from gateway.upstreams.directory import Directory
from gateway.upstreams.latency import LatencyEstimate
from gateway.upstreams.live_upstream import LiveUpstream
from gateway.wire.control import EndpointOverride, EndpointStanding
from tests.support.scripted import ScriptedLoop
from tests.unit.gateway.upstreams.test_directory import activate

A, B = Endpoint("127.0.0.1:9001", "127.0.0.1", 9001), Endpoint("127.0.0.1:9002", "127.0.0.1", 9002)

CHECKED = Health(passive=PassiveCheck())


def test_a_drained_endpoint_may_not_be_chosen_until_it_is_undrained(directory: Directory, loop: ScriptedLoop) -> None:
    del loop
    (live,) = activate(directory, Upstream("orders", (A, B)))
    directory.set_overrides([EndpointOverride("orders", A.address, is_drained=True)])
    assert [endpoint.is_available for endpoint in live.endpoints] == [False, True]
    assert {live.balancer.pick(b"", None) for _ in range(4)} == {live.endpoints[1]}
    directory.set_overrides([])
    assert [endpoint.is_available for endpoint in live.endpoints] == [True, True]
    assert {live.balancer.pick(b"", None) for _ in range(4)} == set(live.endpoints)


def test_what_is_drained_before_a_configuration_has_it_is_drained_in_it(directory: Directory) -> None:
    directory.set_overrides([EndpointOverride("orders", A.address, is_drained=True)])
    (live,) = activate(directory, Upstream("orders", (A, B)))
    assert [endpoint.is_available for endpoint in live.endpoints] == [False, True]


def zoned(*zones: str) -> tuple[Endpoint, ...]:
    return tuple(Endpoint(f"10.0.0.{at}:80", f"10.0.0.{at}", 80, zone=zone) for at, zone in enumerate(zones))


def picked(live: LiveUpstream, labels: Labels = ()) -> set[str]:
    balancer = live.balancers[labels]
    return {endpoint.address for _ in range(50) if (endpoint := balancer.pick(b"", None)) is not None}


def test_endpoints_of_the_own_zone_serve_alone_while_they_can(directory: Directory) -> None:
    declared = Upstream("orders", zoned("a", "b", "b"), prefer_zone=True)
    (live,) = (directory.build(declared, "b"),)
    directory.activate([live])
    assert picked(live) == {"10.0.0.1:80", "10.0.0.2:80"}
    drained = [EndpointOverride("orders", f"10.0.0.{at}:80", is_drained=True) for at in (1, 2)]
    directory.set_overrides(drained)
    assert picked(live) == {"10.0.0.0:80"}


def test_a_zone_nobody_prefers_or_a_gateway_without_one_changes_nothing(directory: Directory) -> None:
    everything = {"10.0.0.0:80", "10.0.0.1:80"}
    assert picked(directory.build(Upstream("orders", zoned("a", "b")), "a")) == everything
    assert picked(directory.build(Upstream("stock", zoned("a", "b"), prefer_zone=True), "")) == everything


def test_the_same_upstream_in_another_zone_is_laid_out_anew(directory: Directory) -> None:
    declared = Upstream("orders", zoned("a", "b"), prefer_zone=True)
    live = directory.build(declared, "a")
    directory.activate([live])
    assert directory.build(declared, "a") is live
    assert picked(directory.build(declared, "b")) == {"10.0.0.1:80"}


def test_a_group_of_higher_number_waits_until_it_is_needed(directory: Directory) -> None:
    standby = Endpoint("10.0.1.1:80", "10.0.1.1", 80, priority=1)
    (live,) = activate(directory, Upstream("orders", (standby, A, B)))
    assert picked(live) == {A.address, B.address}
    directory.set_overrides([EndpointOverride("orders", each.address, is_drained=True) for each in (A, B)])
    assert picked(live) == {standby.address}


def test_a_subset_leads_to_the_endpoints_with_all_its_labels(directory: Directory) -> None:
    new = Endpoint("10.0.2.1:80", "10.0.2.1", 80, labels=(("track", "canary"), ("version", "v2")))
    old = Endpoint("10.0.2.2:80", "10.0.2.2", 80, labels=(("version", "v1"),))
    subsets: tuple[Labels, ...] = ((("version", "v2"),), (("track", "canary"), ("version", "v1")))
    (live,) = activate(directory, Upstream("orders", (new, old), subsets=subsets))
    assert picked(live) == {new.address, old.address}
    assert picked(live, subsets[0]) == {new.address}
    assert picked(live, subsets[1]) == set()


def test_latency_is_measured_while_the_upstream_is_balanced_by_it(directory: Directory) -> None:
    (live,) = activate(directory, Upstream("orders", (A,), balance=Balance.PEAK_EWMA))
    (endpoint,) = live.endpoints
    measuring = endpoint.latency
    assert isinstance(measuring, LatencyEstimate)
    assert measuring in endpoint.watchers
    (again,) = activate(directory, Upstream("orders", (A, B), balance=Balance.PEAK_EWMA))
    assert again.endpoints[0].latency is measuring
    assert len(again.endpoints[0].watchers) == 1
    (plain,) = activate(directory, Upstream("orders", (A, B)))
    assert plain.endpoints[0].latency is None
    assert plain.endpoints[0].watchers == ()


def test_a_zone_that_is_preferred_does_not_hide_what_its_group_has_lost(directory: Directory) -> None:
    random.seed(1)
    near, far = zoned("a", "b")
    standby = Endpoint("10.0.1.1:80", "10.0.1.1", 80, zone="a", priority=1)
    live = directory.build(Upstream("orders", (near, far, standby), prefer_zone=True, health=CHECKED), "a")
    directory.activate([live])
    assert picked(live) == {near.address}
    directory.set_standings({"orders": [EndpointStanding(near.address, "unhealthy", "connect refused")]})
    chosen = Counter(endpoint.address for _ in range(1000) if (endpoint := live.balancer.pick(b"", None)) is not None)
    # Half of the group is left, and it carries 0.5 / 0.7 of the requests.
    assert chosen.keys() == {far.address, standby.address}
    assert chosen[standby.address] == pytest.approx(1000 * (1 - 0.5 / 0.7), rel=0.2)


def test_a_configuration_that_comes_to_nothing_has_changed_nothing_about_the_endpoints_that_serve(
    directory: Directory,
) -> None:
    (live,) = activate(directory, Upstream("orders", (A, B), health=CHECKED))
    directory.set_standings({"orders": [EndpointStanding(A.address, "ejected", "passive x5")]})
    kept, (a, _) = Health(passive=PassiveCheck(), panic_below_ratio=0.9), live.endpoints
    prepared = directory.build(Upstream("orders", (A, B), balance=Balance.PEAK_EWMA, health=kept))
    assert (a.is_available, a.latency) == (False, None)
    directory.activate([prepared])
    # In panic by its own settings now.
    assert prepared.endpoints[0] is a
    assert (a.is_available, type(a.latency)) == (True, LatencyEstimate)
