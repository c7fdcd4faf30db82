"""What operators decided: told to the workers as a whole, and forgotten with its endpoint."""

from dataclasses import replace

from gateway.model.upstream import Endpoint, Upstream
from gateway.runtime.overrides import Decision, Override, Overrides
from gateway.wire.control import EndpointOverride
from tests.unit.gateway.telemetry.samples import make_snapshot

ANA = Decision("ana", "disk is full", 1000.0)
A, B = ("orders", "a:1"), ("orders", "b:1")


def test_all_that_stands_is_told_with_each_change_and_what_says_nothing_is_left_out() -> None:
    told: list[list[EndpointOverride]] = []
    overrides = Overrides(told.append)
    overrides.set(A, Override(drained=ANA))
    overrides.set(B, Override(weight=5, weighed=ANA))
    overrides.set(A, Override())
    assert told[1] == [EndpointOverride(*A, is_drained=True), EndpointOverride(*B, weight=5)]
    assert told[2] == [EndpointOverride(*B, weight=5)]
    assert (overrides.version, overrides.of(A), overrides.of(B).weight) == (3, Override(), 5)


def test_what_stands_goes_with_its_endpoint_and_stays_with_it() -> None:
    told: list[list[EndpointOverride]] = []
    overrides = Overrides(told.append)
    overrides.set(A, Override(drained=ANA))
    overrides.set(B, Override(drained=ANA))
    here = Upstream("orders", (Endpoint("a:1", "a", 1, weight=9),))
    overrides.follow(replace(make_snapshot(), upstreams=(here,)))
    assert told[2:] == [[EndpointOverride(*A, is_drained=True)]]
    overrides.follow(replace(make_snapshot(), upstreams=(here,)))
    assert len(told) == 3


def test_a_drain_keeps_the_weight_for_when_it_ends() -> None:
    override = Override(drained=ANA, weight=5, weighed=ANA)
    assert override.weight_in_force(1) == 0
    assert replace(override, drained=None).weight_in_force(1) == 5
    assert Override().weight_in_force(7) == 7
