"""What can be waited for."""

import pytest

from console.state.inside.condition import Condition, condition_of, of_status, of_upstream
from tests.support.situations import endpoint, status, upstream, worker


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("ready", Condition("ready")),
        ("synced", Condition("synced")),
        ("revision=a1b2", Condition("revision", "a1b2")),
        ("revision=7", Condition("revision", "7")),
        ("ups/orders=healthy", Condition("upstream", "healthy", "orders")),
        ("upstreams/orders/[::1]:80=idle", Condition("upstream", "idle", "orders", "[::1]:80")),
    ],
)
def test_a_condition_is_read_from_words(text: str, meant: Condition) -> None:
    assert condition_of(text) == meant


@pytest.mark.parametrize(
    "text", ["", "ready=1", "revision", "revision=", "revision=a1", "ups", "ups/", "ups/orders", "ups/orders=fine", "ups/=idle"]
)  # fmt: skip
def test_what_is_no_condition_is_told_with_what_may_be_written(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected .*, got '"):
        condition_of(text)


def test_a_gateway_is_ready_when_it_says_so_and_otherwise_says_why() -> None:
    assert of_status(Condition("ready"), status()).holds
    judged = of_status(Condition("ready"), status(ready=False, not_ready_because=["worker 2 is starting"]))
    assert (judged.holds, judged.told) == (False, "not ready: worker 2 is starting")


def test_a_revision_runs_when_every_worker_serves_it() -> None:
    everywhere = status(workers=[worker(1, sync="synced"), worker(2, sync="synced")])
    partly = status(workers=[worker(1, sync="synced"), worker(2, sync="not_sent")])
    for wanted in ("a1b2", "a1b2c3d4e5f6", "412"):
        assert of_status(Condition("revision", wanted), everywhere).holds
        assert not of_status(Condition("revision", wanted), partly).holds
    assert not of_status(Condition("revision", "ffff"), everywhere).holds
    assert not of_status(Condition("revision", "41"), everywhere).holds
    begins_with_a_number = status(revision="9110c3d4e5f6", workers=[worker(1, sync="synced")])
    assert not of_status(Condition("revision", "9110"), begins_with_a_number).holds, "a number is a sequence"
    assert of_status(Condition("revision", "9110c3"), begins_with_a_number).holds
    assert of_status(Condition("synced"), everywhere).holds
    assert of_status(Condition("synced"), partly).told.endswith("not everywhere: worker 2 not sent")
    assert not of_status(Condition("synced"), status(workers=[])).holds


def test_an_upstream_is_in_a_state_when_all_its_endpoints_are() -> None:
    orders = upstream("orders", endpoint("a:1"), endpoint("b:2", state="unhealthy", reason="timeout"))
    judged = of_upstream(Condition("upstream", "healthy", "orders"), orders)
    assert (judged.holds, judged.told) == (False, "1 of 2 endpoints of orders healthy: b:2 unhealthy (timeout)")
    assert of_upstream(Condition("upstream", "healthy", "orders", "a:1"), orders).holds
    assert of_upstream(Condition("upstream", "unhealthy", "orders", "b:2"), orders).holds
    judged = of_upstream(Condition("upstream", "healthy", "orders", "c:3"), orders)
    assert (judged.holds, judged.told) == (False, "there is no endpoint c:3 of orders")


def test_an_endpoint_is_idle_when_nothing_is_in_flight_and_nobody_waits_for_it() -> None:
    orders = upstream("orders", endpoint("a:1", state="draining"), endpoint("b:2", in_flight=2, pending=1))
    assert of_upstream(Condition("upstream", "idle", "orders", "a:1"), orders).holds
    assert of_upstream(Condition("upstream", "idle", "orders"), orders).told.endswith("b:2 has 3 in flight")
