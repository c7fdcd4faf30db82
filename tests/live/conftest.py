"""Fixtures of the live tests: scripted origins and gateways on loopback sockets. Whatever a script or a loop raised
fails the test that caused it."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import pytest
import uvloop

from tests.support.gateway import EngineGateway
from tests.support.loop_thread import LoopThread
from tests.support.origin import Origin, Script

StartOrigin: TypeAlias = Callable[..., Origin]
StartGateway: TypeAlias = Callable[..., EngineGateway]


@pytest.fixture(scope="session")
def origin_thread() -> Iterator[LoopThread]:
    thread = LoopThread("origins", asyncio.new_event_loop)
    yield thread
    thread.stop()


@pytest.fixture(scope="session")
def gateway_thread() -> Iterator[LoopThread]:
    thread = LoopThread("gateway", uvloop.new_event_loop)
    yield thread
    thread.stop()


@pytest.fixture
def start_origin(origin_thread: LoopThread) -> Iterator[StartOrigin]:
    """Start an origin with a script; see `Origin` for the options."""
    origins: list[Origin] = []

    def start(script: Script, **options: Any) -> Origin:
        origins.append(Origin(origin_thread, script, **options))
        return origins[-1]

    yield start
    for origin in origins:
        origin.close()
    report([repr(error) for origin in origins for error in origin.errors] + origin_thread.take_errors())


@pytest.fixture
def start_gateway(gateway_thread: LoopThread) -> Iterator[StartGateway]:
    """Start an engine on a configuration text."""
    gateways: list[EngineGateway] = []

    def start(config: str) -> EngineGateway:
        gateways.append(EngineGateway(gateway_thread, config))
        return gateways[-1]

    yield start
    for gateway in gateways:
        gateway.close()
    report(gateway_thread.take_errors())


def report(errors: list[str]) -> None:
    """Fail with everything that was raised where no test could see it."""
    if errors:
        pytest.fail("\n".join(errors), pytrace=False)
