"""A loop whose clock stands still, pools on it, and the directory that makes them."""

from collections.abc import Callable, Iterator
from typing import TypeAlias

import pytest

from gateway.model.outcome import Reason
from gateway.model.upstream import ConnectionLimits, Endpoint
from gateway.net.deadlines import Deadlines
from gateway.upstreams.directory import Directory
from tests.support.pooling import PoolUnderTest
from tests.support.scripted import Clock, ScriptedLoop

BuildPool: TypeAlias = Callable[..., PoolUnderTest]


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
    assert loop.errors == []


@pytest.fixture
def build_pool(loop: ScriptedLoop) -> BuildPool:
    """Build a pool; keywords are its limits."""

    def build(endpoint: Endpoint | None = None, **limits: int) -> PoolUnderTest:
        return PoolUnderTest(loop, ConnectionLimits(**limits), endpoint or Endpoint("a.test:9001", "127.0.0.1", 9001))

    return build


class Observer:
    def upstream_connection_opened(self, _upstream: str, result: Reason) -> None:
        assert result is Reason.NONE

    def upstream_connection_closed(self, _upstream: str, _reason: str) -> None:
        """Of no interest here."""

    def upstream_rejected(self, _upstream: str, reason: Reason) -> None:
        assert reason is Reason.CIRCUIT_OPEN


@pytest.fixture
def directory(loop: ScriptedLoop) -> Directory:
    return Directory(loop, Deadlines(loop), Observer())
