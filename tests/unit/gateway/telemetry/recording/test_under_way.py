"""What a report says of exchanges under way: the oldest of each route, without those that are meant to last."""

from gateway.model.exchange import Exchange
from gateway.telemetry.recording.under_way import oldest_by_route
from tests.unit.gateway.telemetry.samples import (
    MS,
    STARTED_AT_NS,
    make_exchange,
    make_recorder,
    make_route,
    many_routes,
)


def started(*exchanges: Exchange, max_routes: int = 10) -> list[Exchange]:
    recorder = make_recorder(many_routes(max_routes))
    for exchange in exchanges:
        recorder.exchange_started(exchange)
    return list(exchanges)


def test_the_oldest_of_each_route_counts() -> None:
    orders, other = make_route(), make_route("other", 1)
    found = oldest_by_route(
        started(
            make_exchange(orders, started_at_ns=STARTED_AT_NS + 2 * MS),
            make_exchange(orders, started_at_ns=STARTED_AT_NS),
            make_exchange(orders, started_at_ns=STARTED_AT_NS + MS),
            make_exchange(other, started_at_ns=STARTED_AT_NS + 5 * MS),
        )
    )
    assert found == {"orders": STARTED_AT_NS, "other": STARTED_AT_NS + 5 * MS}


def test_a_tunnel_does_not_count() -> None:
    assert oldest_by_route(started(make_exchange(upgraded=True))) == {}


def test_routes_beyond_the_limit_share_one_age() -> None:
    assert oldest_by_route(started(make_exchange(make_route("late", 7)), max_routes=1)) == {"_overflow": STARTED_AT_NS}


def test_an_exchange_nobody_counts_is_left_out() -> None:
    assert oldest_by_route([make_exchange()]) == {}
