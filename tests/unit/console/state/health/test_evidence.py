"""What kept exchanges prove."""

from collections import Counter

from console.state.health.causes import cause_of_failing
from console.state.health.endpoints import EndpointHealth
from console.state.health.evidence import failures_by_endpoint
from gateway.wire.live import LineAttempt
from tests.support.exchanges import line

ADDRESS = "127.0.0.1:9001"


def test_what_was_not_the_endpoints_doing_does_not_speak_against_it() -> None:
    reasons = ("pool_exhausted", "superseded", "client_disconnect", "none", "connect_refused")
    attempts = tuple(LineAttempt(ADDRESS, reason=reason) for reason in reasons)
    assert failures_by_endpoint([line(upstream="orders", attempts=attempts)]) == {
        ("orders", ADDRESS): {"connect_refused": 1}
    }


def test_a_full_queue_is_told_of_the_upstream_though_an_endpoint_fails_too() -> None:
    full = [line(upstream="orders", reason="pool_exhausted", source="gateway", status=503)] * 3
    failing = EndpointHealth(upstream="orders", address=ADDRESS, word="failing")
    cause = cause_of_failing(["orders"], [failing], full, Counter())
    assert (cause.reason, cause.count, cause.upstream, cause.endpoint) == ("pool_exhausted", 3, "orders", "")
