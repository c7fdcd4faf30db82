"""Why a request ended as it did, in a sentence."""

from typing import Any

import pytest

from console.render.traffic.verdicts import Known, time_told, verdict
from gateway.model.outcome import Reason
from gateway.wire.explain import AppliedView, ExplanationView
from gateway.wire.live import LineAttempt, LinePhases
from gateway.wire.views import RetriesView
from tests.support.exchanges import line
from tests.support.explanations import choice, explanation, failed

REFUSED = LineAttempt("10.0.1.7:9001", reason="connect_refused", ms=101.0, connect_ms=101.0)
SLOWER = LineAttempt("10.0.1.9:9001", reason="superseded", ms=59.0, at_ms=1.0)
NO_ROUTE = explanation(
    route=None, status=404, reason="no_route", choices=[], applied=None,
    considered=[
        failed("orders", "match.path", "/v1/orders", "/v1/oders"),
        failed("files", "match.path", "/static/...", "/v1/oders"),
        failed("partners", "match.hosts", "*.partners.example", "api.example.com"),
    ],
    others={"path": 590},
)  # fmt: skip


def told(explained: ExplanationView | None = None, **facts: Any) -> str:
    return verdict(Known(line(**facts), explained))


@pytest.mark.parametrize(
    ("facts", "explained", "sentence"),
    [
        ({}, None, "answered 200: 10.0.1.7:9001, at the first try"),
        (
            {"status": 503, "reason": "fault_injected", "fault": "abort", "attempts": ()}, None,
            "the route answered 503 on purpose: it injects faults",
        ),
        (
            {"attempts": (SLOWER, LineAttempt("10.0.1.7:9001", status=200, ms=40.0, at_ms=20.0))}, None,
            "answered 200: 10.0.1.7:9001, which was quicker than 10.0.1.9:9001 beside it",
        ),
        ({"status": 404}, None, "upstream answered 404: 10.0.1.7:9001, at the first try"),
        (
            {"status": 404, "reason": "no_route", "path": "/v1/oders", "attempts": (), "endpoint": ""}, NO_ROUTE,
            "no route: 3 routes looked at and 590 more, 2 of this host, path /v1/oders matched none; nearest /v1/orders (orders)",
        ),
        (
            {"status": 404, "reason": "no_route", "attempts": ()}, explanation(),
            "no route then; now orders would take it",
        ),
        (
            {"status": 405, "reason": "method_not_allowed", "method": "PATCH", "attempts": ()},
            explanation(route=None, detail="routes take this path with POST"),
            "no route takes this path with PATCH: routes take this path with POST",
        ),
        (
            {"status": 502, "reason": "connect_refused", "attempts": (REFUSED, REFUSED)}, None,
            "10.0.1.7:9001 refused the connection; after 2 tries: connect_refused, then connect_refused; no answer to pass on",
        ),
        (
            {"status": 504, "reason": "upstream_timeout_first_byte"}, explanation(),
            "10.0.1.7:9001 sent no first byte within 15.0s",
        ),
        (
            {"status": 504, "reason": "upstream_timeout_total"}, explanation(),
            "the request's 2.0s were over while waiting for the first byte of 10.0.1.7:9001",
        ),
        (
            {"status": 503, "reason": "no_healthy_endpoint", "attempts": (), "endpoint": ""},
            explanation(choices=[choice("ejected until 14:02:40", "ejected until 14:02:40", "drained by ana")]),
            "no healthy endpoint: 3 of 3 of orders: 2 ejected until 14:02:40, 1 drained by ana",
        ),
        (
            {"status": 503, "reason": "no_healthy_endpoint", "attempts": ()}, explanation(choices=[choice("", "")]),
            "no healthy endpoint: now all 2 of orders are eligible again",
        ),
        (
            {"status": 503, "reason": "no_healthy_endpoint", "attempts": (),
             "detail": "no healthy endpoint: 3 of 3 ejected (passive x5); panic off"},
            explanation(choices=[choice("", "")]),
            "no healthy endpoint: 3 of 3 ejected (passive x5); panic off",
        ),
        ({"status": 503, "reason": "shutting_down", "attempts": ()}, None, "node shutting down; upstream not contacted"),
        (
            {"status": 499, "reason": "client_disconnect", "duration_ms": 1200.0}, None,
            "the client left after 1.2s, while waiting for the first byte of 10.0.1.7:9001",
        ),
        (
            {"status": 400, "reason": "bad_request", "attempts": (), "detail": "The request line is broken."}, None,
            "refused by the gateway, bad request: The request line is broken.",
        ),
        ({"status": 301, "attempts": (), "endpoint": ""}, None, "the gateway answered 301 itself, as route orders says"),
        ({"status": 101, "duration_ms": 61_000.0}, None, "upgraded: a tunnel to 10.0.1.7:9001 for 1m1s"),
    ],
)  # fmt: skip
def test_the_verdict_says_who_and_why(facts: dict[str, Any], explained: ExplanationView | None, sentence: str) -> None:
    assert told(explained, **facts) == sentence


@pytest.mark.parametrize("reason", [reason.value for reason in Reason])
def test_every_reason_has_a_sentence_with_and_without_an_explanation(reason: str) -> None:
    for explained in (None, explanation(), explanation(choices=[], applied=None, considered=[])):
        for attempts in ((), (REFUSED,), (REFUSED, REFUSED)):
            assert told(explained, reason=reason, attempts=attempts)


def test_a_slow_one_says_what_it_waited_for_and_what_is_usual_there() -> None:
    slow = line(
        duration_ms=812.0, overhead_ms=6.0, phases=LinePhases(connect_ms=101.0, ttfb_ms=755.0),
        attempts=(REFUSED, LineAttempt("10.0.1.7:9001", status=200, ttfb_ms=755.0, ms=755.0)),
    )  # fmt: skip
    assert time_told(Known(slow, usual_p99_ms=90.0)) == (
        "812ms: 755ms waiting for the first byte of 10.0.1.7:9001 (its p99 is 90ms); gateway itself 6.0ms; 1 retry cost 101ms"
    )


def test_what_a_further_attempt_cost_includes_the_wait_for_it() -> None:
    failed = LineAttempt("10.0.1.7:9001", status=503, reason="upstream_status", ms=5.0, at_ms=1.0)
    well = LineAttempt("10.0.1.9:9001", status=200, ttfb_ms=9.0, ms=9.0, at_ms=101.0)
    assert time_told(Known(line(attempts=(failed, well)))).endswith("1 retry cost 100ms")


@pytest.mark.parametrize(("at_ms", "which"), [(1.0, "first"), (80.0, "later")])
def test_a_second_attempt_beside_the_first_is_no_retry(at_ms: float, which: str) -> None:
    given_up = LineAttempt("10.0.1.7:9001", reason="superseded", ms=50.0, at_ms=at_ms)
    won = LineAttempt("10.0.1.9:9001", status=200, ttfb_ms=9.0, ms=9.0, at_ms=50.0 if which == "first" else 0.0)
    told_time = time_told(Known(line(attempts=(given_up, won))))
    assert told_time.endswith(f"sent to a second endpoint as well, whose answer came {which}")


def test_how_many_tries_its_route_allows_is_known_unless_it_has_had_more() -> None:
    retries = RetriesView(
        attempts=2,
        on=["connect_error"],
        methods="idempotent",
        backoff_first_ms=1.0,
        backoff_max_ms=1.0,
        budget_ratio=0.2,
        body_buffer=0,
    )
    explained = explanation(applied=AppliedView(retries=retries))
    asked = [Known(line(attempts=(REFUSED,) * number), explained).tries for number in (1, 2, 3)]
    assert asked == [2, 2, None]
    assert Known(line(), explanation()).tries is Known(line()).tries is None
