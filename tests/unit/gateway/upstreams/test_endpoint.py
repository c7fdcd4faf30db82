"""An endpoint tells whoever watches it how attempts ended."""

from gateway.model.exchange import Attempt
from gateway.model.outcome import Reason
from gateway.upstreams.endpoint import LiveEndpoint
from tests.support.pooling import live_endpoint


class Watcher:
    def __init__(self) -> None:
        self.told: list[tuple[str, int, Reason]] = []

    def attempt_ended(self, endpoint: LiveEndpoint, attempt: Attempt) -> None:
        self.told.append((endpoint.address, endpoint.in_flight, attempt.reason))


def test_watchers_are_told_of_every_attempt_once_it_counts_no_more() -> None:
    endpoint = live_endpoint()
    one, other = Watcher(), Watcher()
    endpoint.watchers = (one, other)
    endpoint.in_flight = 2
    attempt = Attempt("orders", "127.0.0.1:9001", 0)
    attempt.reason = Reason.UPSTREAM_RESET
    endpoint.attempt_ended(attempt)
    assert one.told == other.told == [("127.0.0.1:9001", 1, Reason.UPSTREAM_RESET)]
