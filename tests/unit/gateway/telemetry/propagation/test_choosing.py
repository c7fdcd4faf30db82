"""Which propagator a request gets: its route's word counts before its listener's, and the settings' last."""

from typing import Any

from gateway.model.exchange import Exchange
from gateway.model.listener import Listener
from gateway.model.route import Match, Place, Route, RouteTraces
from gateway.model.snapshot import TraceSettings
from gateway.model.tracing import TraceFormat, TrustIncoming
from gateway.telemetry.propagation.choosing import Propagators

INSIDE = Listener("inside", "127.0.0.1", 9080)
OUTSIDE = Listener("outside", "127.0.0.1", 9081, trust_incoming=TrustIncoming.IGNORE)


def propagators(*listeners: Listener, **settings: Any) -> Propagators:
    return Propagators(TraceSettings(**settings), listeners or (INSIDE, OUTSIDE))


def route(match: Match | None = None, **options: Any) -> Route:
    return Route("orders", 0, match or Match(), Place("test.yaml", 1), **options)


def test_a_route_with_a_word_of_its_own_needs_no_listener() -> None:
    for trust in TrustIncoming:
        found = propagators().of_route(route(trust_incoming=trust))
        assert found is not None
        assert found.accepts == (trust is TrustIncoming.ACCEPT)


def test_a_route_of_like_minded_listeners_has_one_propagator() -> None:
    assert propagators(INSIDE).of_route(route()) is not None
    only_outside = propagators().of_route(route(Match(listeners=("outside",))))
    assert only_outside is not None
    assert not only_outside.accepts


def test_where_listeners_differ_the_listener_decides() -> None:
    made = propagators()
    assert made.of_route(route()) is None
    inside, outside = made.of_request(INSIDE.trust_incoming, route()), made.of_request(OUTSIDE.trust_incoming, route())
    assert inside is not None
    assert outside is not None
    assert (inside.accepts, outside.accepts) == (True, False)


def test_equal_ones_are_made_once() -> None:
    made = propagators(INSIDE)
    assert made.of_route(route()) is made.of_route(route()) is made.of_request(TrustIncoming.ACCEPT)


def test_a_route_may_have_a_ratio_and_forms_of_its_own() -> None:
    made = propagators(INSIDE, sample_ratio=0.0, formats=(TraceFormat.B3,))
    exchange = Exchange("inside", "rev", "127.0.0.1", 1, 1)
    own = made.of_route(route(traces=RouteTraces(1.0, (TraceFormat.JAEGER,))))
    usual = made.of_route(route())
    assert own is not None
    assert usual is not None
    own.start(exchange)
    assert exchange.sampled
    usual.start(exchange)
    assert not exchange.sampled
    assert (own.formats, usual.formats) == ({TraceFormat.JAEGER}, {TraceFormat.B3})


def test_without_propagation_there_is_none() -> None:
    made = propagators(INSIDE, propagate=False)
    assert made.of_route(route(trust_incoming=TrustIncoming.ACCEPT)) is None
    assert made.of_request(TrustIncoming.ACCEPT) is None
