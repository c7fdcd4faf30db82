"""Exemplars: of kept exchanges only, the newest of each bucket, at most one a second, and never more than there is room."""

from typing import Any

import msgspec
import pytest

from gateway.model.clock import MILLISECOND_NS as MS
from gateway.model.outcome import Reason
from gateway.telemetry import catalog
from gateway.telemetry.merging import exemplars
from gateway.telemetry.merging.exemplars import Exemplars
from gateway.wire.report import ExchangeRecord
from tests.unit.gateway.telemetry.samples import (
    SPAN_ID,
    STARTED_AT_NS,
    TRACE_ID,
    failed_attempt,
    make_attempt,
    make_exchange,
    make_recorder,
    make_route,
    make_snapshot,
    many_routes,
    record,
    refused_exchange,
)


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def kept(exchange: Any = None, **changes: Any) -> ExchangeRecord:
    recorder = make_recorder()
    record(recorder, exchange or make_exchange(sampled=True))
    (found,) = recorder.take_report([], 1).records
    return msgspec.structs.replace(found, **changes)


def test_a_kept_exchange_is_an_example_of_its_duration_and_its_attempts_of_theirs() -> None:
    found = Exemplars()
    found.take([kept(make_exchange(sampled=True, attempts=[failed_attempt(Reason.UPSTREAM_RESET), make_attempt(3)]))])
    (request,) = found.of(catalog.HTTP_REQUEST_DURATION, ("orders", "2xx")).values()
    assert (request.trace_id, request.span_id, request.value_s) == (TRACE_ID, SPAN_ID, 0.015)
    assert request.at_s == pytest.approx((STARTED_AT_NS + 15 * MS) / 1e9)
    (attempt,) = found.of(catalog.UPSTREAM_DURATION, ("orders", "2xx")).values()
    assert (attempt.trace_id, attempt.span_id, attempt.value_s) == (TRACE_ID, "00f067aa0ba902b7", 0.011)
    assert found.of(catalog.UPSTREAM_DURATION, ("orders", "none")) == {}
    assert found.of(catalog.HTTP_OVERHEAD, ("orders",)) == {}


def test_it_hangs_on_the_bucket_that_counted_it() -> None:
    found = Exemplars()
    found.take([kept(duration_ns=duration) for duration in (1, 500_000, 500_001, 90 * 10**9)])
    of_buckets = found.of(catalog.HTTP_REQUEST_DURATION, ("orders", "2xx"))
    assert {bucket: example.value_s for bucket, example in of_buckets.items()} == {0: 1e-9, 1: 0.000500001, 25: 90.0}


def test_the_newest_wins_but_not_more_often_than_once_a_second() -> None:
    clock = Clock()
    found = Exemplars(clock)

    def shown() -> str:
        (example,) = found.of(catalog.HTTP_REQUEST_DURATION, ("orders", "2xx")).values()
        return example.trace_id

    found.take([kept(trace_id="a" * 32)])
    clock.now_s = 0.9
    found.take([kept(trace_id="b" * 32)])
    assert shown() == "a" * 32
    clock.now_s = 1.0
    found.take([kept(trace_id="c" * 32)])
    assert shown() == "c" * 32


def test_when_there_is_no_more_room_the_one_renewed_longest_ago_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exemplars, "MOST", 2)
    clock = Clock()
    found = Exemplars(clock)
    gone = []
    for route in ("a", "b", "a", "c"):
        clock.now_s += 1
        gone.append(found.take([kept(route=route, attempts=[])]))
    assert gone == [0, 0, 0, 1]
    shown = [route for route in "abc" if found.of(catalog.HTTP_REQUEST_DURATION, (route, "2xx"))]
    assert shown == ["a", "c"]
    assert len(found._of_series) == len(found._renewed) == 2


def test_one_that_every_scraper_has_seen_goes_without_being_counted_as_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exemplars, "MOST", 1)
    clock = Clock()
    found = Exemplars(clock)
    found.take([kept(route="a", attempts=[])])
    clock.now_s = 300.0
    assert found.take([kept(route="b", attempts=[])]) == 0
    assert not found.of(catalog.HTTP_REQUEST_DURATION, ("a", "2xx"))


def test_what_matched_no_route_and_what_is_beyond_the_limit_have_the_labels_of_their_series() -> None:
    found = Exemplars()
    routes = (make_route("a"), make_route("late", 1))
    found.configure(make_snapshot(*routes, telemetry=many_routes(1)))
    found.take([kept(route="late")])
    found.take([kept(refused_exchange(sampled=True))])
    assert found.of(catalog.HTTP_REQUEST_DURATION, ("_overflow", "2xx"))
    assert found.of(catalog.HTTP_REQUEST_DURATION, ("_unmatched", "4xx"))
