"""Failures in a row, as a worker sees them."""

import pytest

from gateway.model.exchange import Attempt
from gateway.model.health import Health, PassiveCheck
from gateway.model.outcome import Reason
from gateway.model.upstream import Endpoint, Upstream
from gateway.upstreams.directory import Directory
from tests.unit.gateway.upstreams.test_directory import activate

A, B = Endpoint("127.0.0.1:9001", "127.0.0.1", 9001), Endpoint("127.0.0.1:9002", "127.0.0.1", 9002)

REASONS = {
    "+": Reason.NONE,
    "-": Reason.UPSTREAM_STATUS,
    "r": Reason.CONNECT_REFUSED,
    "c": Reason.CLIENT_DISCONNECT,
    "p": Reason.POOL_EXHAUSTED,
}


def watching(limit: int) -> Health:
    return Health(passive=PassiveCheck(consecutive_failures=limit))


class Watching:
    def __init__(self, directory: Directory, health: Health) -> None:
        self.directory = directory
        self.told: list[tuple[str, str, int, Reason]] = []
        directory.on_suspect = lambda *facts: self.told.append(facts)
        self.configure(health)

    def configure(self, health: Health) -> None:
        (self.live,) = activate(self.directory, Upstream("orders", (A, B), health=health))

    def end(self, number: int, outcomes: str) -> int:
        """How often it was told by these."""
        before, endpoint = len(self.told), self.live.endpoints[number]
        for outcome in outcomes:
            attempt = Attempt("orders", endpoint.address, 0)
            attempt.reason = REASONS[outcome]
            endpoint.in_flight += 1
            endpoint.attempt_ended(attempt)
        return len(self.told) - before


@pytest.mark.parametrize(
    ("outcomes", "told"),
    [
        pytest.param("---", 1, id="so many in a row"),
        pytest.param("--+--+--", 0, id="an answer between them begins anew"),
        pytest.param("-c-p-", 1, id="what client or gateway did says nothing"),
        pytest.param("cccppp", 0, id="by itself neither"),
        pytest.param("--r---", 2, id="and again after as many more"),
    ],
)
def test_failures_in_a_row_are_told(directory: Directory, outcomes: str, told: int) -> None:
    assert Watching(directory, watching(3)).end(0, outcomes) == told


def test_each_endpoint_is_counted_by_itself_and_the_last_reason_is_told(directory: Directory) -> None:
    watched = Watching(directory, watching(3))
    assert watched.end(0, "--") == watched.end(1, "--") == 0
    assert watched.end(1, "r") == 1
    assert watched.told == [("orders", B.address, 3, Reason.CONNECT_REFUSED)]


def test_another_configuration_keeps_the_count_while_the_limit_stays_and_none_ends_it(directory: Directory) -> None:
    watched = Watching(directory, watching(3))
    watched.end(0, "--")
    watched.configure(watching(3))
    assert watched.end(0, "-") == 1
    watched.configure(watching(2))
    assert watched.end(0, "--") == 1
    watched.configure(Health())
    assert watched.end(0, "-----") == 0
    assert [endpoint.watchers for endpoint in watched.live.endpoints] == [(), ()]
