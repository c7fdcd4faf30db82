"""What a report says of exchanges under way: the oldest of each route, without those that are meant to last."""

from types import SimpleNamespace

import pytest

from gateway.model.exchange import Attempt, Exchange
from gateway.telemetry.recording.under_way import oldest_by_route, oldest_rows
from tests.unit.gateway.telemetry.samples import (
    MS,
    STARTED_AT_NS,
    failed_attempt,
    make_attempt,
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


def waiting(connecting_ns: int) -> Attempt:
    attempt = failed_attempt(connecting_ns=0, ended_ns=0)
    attempt.waiter = SimpleNamespace(connecting_ns=connecting_ns)
    return attempt


@pytest.mark.parametrize(
    ("attempts", "phase"),
    [
        ([], "read_head"),
        ([waiting(0)], "pool_wait"),
        ([waiting(7)], "connect"),
        ([make_attempt(sent_ms=0, first_ms=0, ended_ms=0)], "send"),
        ([make_attempt(first_ms=0, ended_ms=0)], "ttfb"),
        ([make_attempt(ended_ms=0)], "transfer"),
        ([make_attempt()], "write"),
        ([failed_attempt(), make_attempt(first_ms=0, ended_ms=0)], "ttfb"),
    ],
)
def test_a_row_says_what_the_exchange_waits_for(attempts: list[Attempt], phase: str) -> None:
    (row,) = oldest_rows([make_exchange(attempts=attempts)], 1 << 62)
    assert (row.phase, row.attempt) == (phase, len(attempts))


def test_a_tunnel_is_a_tunnel_whatever_its_attempt_did_last() -> None:
    (row,) = oldest_rows([make_exchange(upgraded=True, path="/" + "x" * 5000)], 1 << 62)
    assert (row.phase, len(row.path)) == ("tunnel", 256)


def test_rows_are_those_of_the_oldest_and_no_more_than_a_report_carries() -> None:
    exchanges = [make_exchange(started_at_ns=1000 - number) for number in range(500)]
    rows = oldest_rows(exchanges, 900)
    assert [row.started_at_ns for row in rows] == list(range(501, 701))


def test_between_two_attempts_the_time_for_the_next_is_awaited() -> None:
    waiting = make_exchange(attempts=[failed_attempt()], status=0)
    (row,) = oldest_rows([waiting], STARTED_AT_NS)
    assert (row.phase, row.attempt) == ("back_off", 1)
