"""Requests that are turned away, once their route is known."""

from gateway.model.outcome import Reason
from gateway.model.route import Criticality, Match, Place, Respond, Route
from gateway.model.snapshot import TraceSettings
from gateway.proxy.admit import admit
from gateway.proxy.overload.shedding import Shedding
from gateway.proxy.plan import RoutePlan
from gateway.telemetry.propagation.choosing import Propagators


def plan_of(criticality: Criticality) -> RoutePlan:
    route = Route("a", 0, Match(), Place("f", 1), respond=Respond(), criticality=criticality)
    return RoutePlan(route, [], Propagators(TraceSettings(), ()))


def test_a_route_that_is_spared_is_admitted_and_others_get_503_and_when_to_come_again() -> None:
    shedding = Shedding()
    shedding.spare_critical()
    shedding.detail = "There is little memory left."
    assert admit(shedding, plan_of(Criticality.CRITICAL)) is None
    refusal = admit(shedding, plan_of(Criticality.NORMAL))
    assert refusal is not None
    assert (refusal.status, refusal.reason, refusal.detail) == (503, Reason.OVERLOADED, "There is little memory left.")
    assert (b"Retry-After", b"1") in refusal.fields
    assert not refusal.closes


def test_who_is_refused_for_good_loses_the_connection_too() -> None:
    shedding = Shedding()
    shedding.refuse_all()
    refusal = admit(shedding, plan_of(Criticality.CRITICAL))
    assert refusal is not None
    assert refusal.closes
