"""The expected latency of an endpoint: up at once, down slowly, and a failure is not fast."""

import pytest

from gateway.model.clock import MILLISECOND_NS, SECOND_NS
from gateway.model.exchange import Attempt
from gateway.model.outcome import Reason
from gateway.upstreams.latency import DECAY_NS, FAILURE_NS, LatencyEstimate
from tests.support.pooling import live_endpoint


def attempt(took_ns: int, reason: Reason = Reason.NONE) -> Attempt:
    made = Attempt("orders", "127.0.0.1:9001", 5 * SECOND_NS)
    made.reason = reason
    made.ended_ns = made.started_ns + 10 * took_ns
    if reason is Reason.NONE:
        made.first_byte_ns = made.started_ns + took_ns
    return made


def test_nothing_is_expected_of_an_endpoint_that_was_never_asked() -> None:
    assert LatencyEstimate().expected_ns(SECOND_NS) == 0.0


def test_a_rise_is_believed_at_once() -> None:
    estimate = LatencyEstimate()
    estimate.observe(MILLISECOND_NS, SECOND_NS)
    estimate.observe(80 * MILLISECOND_NS, SECOND_NS + 1)
    assert estimate.expected_ns(SECOND_NS + 1) == 80 * MILLISECOND_NS


def test_a_fall_is_believed_slowly() -> None:
    estimate = LatencyEstimate()
    estimate.observe(100 * MILLISECOND_NS, 0)
    estimate.observe(MILLISECOND_NS, SECOND_NS)
    assert 80 * MILLISECOND_NS < estimate.expected_ns(SECOND_NS) < 100 * MILLISECOND_NS
    for second in range(2, 60):
        estimate.observe(MILLISECOND_NS, second * SECOND_NS)
    assert estimate.expected_ns(60 * SECOND_NS) == pytest.approx(MILLISECOND_NS, rel=0.5)


def test_an_endpoint_that_was_slow_and_gets_nothing_is_tried_again_one_day() -> None:
    estimate = LatencyEstimate()
    estimate.observe(SECOND_NS, 0)
    assert estimate.expected_ns(5 * DECAY_NS) < 10 * MILLISECOND_NS


def test_attempts_count_until_the_first_byte_and_failures_as_slow() -> None:
    endpoint = live_endpoint()
    estimate = LatencyEstimate()
    made = attempt(3 * MILLISECOND_NS)
    estimate.attempt_ended(endpoint, made)
    assert estimate.expected_ns(made.first_byte_ns) == 3 * MILLISECOND_NS
    failed = attempt(MILLISECOND_NS, Reason.CONNECT_REFUSED)
    estimate.attempt_ended(endpoint, failed)
    assert estimate.expected_ns(failed.ended_ns) == FAILURE_NS


def test_a_client_that_left_says_nothing_about_the_endpoint() -> None:
    estimate = LatencyEstimate()
    estimate.attempt_ended(live_endpoint(), attempt(MILLISECOND_NS, Reason.CLIENT_DISCONNECT))
    assert estimate.expected_ns(6 * SECOND_NS) == 0.0


def test_an_attempt_that_another_one_beat_took_at_least_as_long_as_it_had() -> None:
    endpoint = live_endpoint()
    estimate = LatencyEstimate()
    beaten = attempt(5 * MILLISECOND_NS, Reason.SUPERSEDED)
    estimate.attempt_ended(endpoint, beaten)
    assert estimate.expected_ns(beaten.ended_ns) == 50 * MILLISECOND_NS
    soon = attempt(MILLISECOND_NS, Reason.SUPERSEDED)
    soon.ended_ns = beaten.ended_ns
    soon.started_ns = beaten.ended_ns - MILLISECOND_NS
    estimate.attempt_ended(endpoint, soon)
    assert estimate.expected_ns(beaten.ended_ns) == 50 * MILLISECOND_NS
