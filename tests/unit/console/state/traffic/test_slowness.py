"""From when an exchange is slow."""

import msgspec

from console.state import reading
from console.state.messages import Answered
from console.state.model import Model
from console.state.traffic.slowness import SlowLimits
from gateway.wire.views import ObjectiveView, RouteListView
from tests.unit.console.screens.test_routes import route


def test_a_route_says_what_is_slow_and_a_second_is_where_it_says_nothing() -> None:
    promised = msgspec.structs.replace(
        route("orders", 0.0), slo=ObjectiveView(latency_target=0.99, latency_under_ms=300.0)
    )
    model, limits = Model(), SlowLimits()
    assert not limits.look_at(model)
    model.take(Answered(reading.ROUTES, RouteListView(revision="a", routes=[promised, route("files", 0.0)])))
    assert limits.look_at(model)
    assert not limits.look_at(model)
    assert (limits.of("orders"), limits.of("files"), limits.of("_unmatched")) == (300.0, 1000.0, 1000.0)
