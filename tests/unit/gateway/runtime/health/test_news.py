"""Changes on their way to the workers: the first at once, the others together."""

from collections.abc import Iterator

import pytest

from gateway.model.clock import MILLISECOND_NS
from gateway.runtime.health.news import News
from gateway.wire.control import EndpointStanding
from tests.support.scripted import Clock, ScriptedLoop


@pytest.fixture
def clock() -> Iterator[Clock]:
    clock = Clock()
    with clock.installed():
        yield clock


@pytest.fixture
def loop(clock: Clock) -> Iterator[ScriptedLoop]:
    loop = ScriptedLoop(clock)
    yield loop
    loop.end()


def test_what_follows_closely_is_told_together_and_later_the_more_it_is(clock: Clock, loop: ScriptedLoop) -> None:
    sent: list[dict[str, list[EndpointStanding]]] = []
    many = [EndpointStanding(f"10.0.0.1:{port}", "unhealthy") for port in range(1000)]
    news = News(lambda upstream: many if upstream == "many" else [], sent.append)

    async def change(*upstreams: str) -> None:
        for upstream in upstreams:
            news.changed(upstream)

    def after(milliseconds: int, *upstreams: str) -> list[list[str]]:
        clock.now_ns += milliseconds * MILLISECOND_NS
        loop.run_until_complete(change(*upstreams))
        loop.settle()
        told = [sorted(each) for each in sent]
        sent.clear()
        return told

    assert after(0, "orders", "orders", "users") == [["orders", "users"]]
    assert after(10, "orders") == []
    assert after(10, "many") == []
    assert after(40) == [["many", "orders"]]
    assert after(60, "orders") == []
    assert after(100) == [["orders"]]
    assert after(1000) == []
