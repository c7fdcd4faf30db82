"""A loop that stands still is told, with the place; one that merely waits is not."""

import asyncio
import time

import pytest
import uvloop

from gateway.model.clock import MILLISECOND_NS, NEVER_NS
from gateway.runtime.vitals.watchdog import Blocked, Watchdog

AFTER_NS = 60 * MILLISECOND_NS


def block_the_loop(seconds: float) -> None:
    time.sleep(seconds)


def test_a_callback_that_does_not_return_is_told_once_with_its_place_and_how_long() -> None:
    async def scene() -> list[Blocked]:
        found: list[Blocked] = []
        told = asyncio.Event()

        def tell(blocked: Blocked) -> None:
            found.append(blocked)
            told.set()

        watchdog = Watchdog(tell)
        watchdog.configure(AFTER_NS)
        await asyncio.sleep(0.15)
        block_the_loop(0.4)
        await asyncio.wait_for(told.wait(), 5)
        watchdog.stop()
        return found

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        (blocked,) = runner.run(scene())
    assert blocked.frames[0].endswith("block_the_loop")
    assert "test_watchdog.py:" in blocked.frames[0]
    assert any("scene" in frame for frame in blocked.frames)
    assert 350 * MILLISECOND_NS < blocked.duration_ns < 5_000 * MILLISECOND_NS
    assert blocked.cpu_ns < blocked.duration_ns / 2


def test_a_loop_that_is_not_given_a_processor_is_not_blamed(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene() -> list[Blocked]:
        found: list[Blocked] = []
        watchdog = Watchdog(found.append)
        # As if the whole time had been spent in the queue for a processor.
        monkeypatch.setattr(watchdog, "_queued_ns", time.monotonic_ns)
        watchdog.configure(AFTER_NS)
        await asyncio.sleep(0.15)
        block_the_loop(0.3)
        await asyncio.sleep(0.15)
        watchdog.stop()
        return found

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(scene()) == []


def test_a_loop_that_waits_is_not_blocked_and_one_that_is_not_watched_is_never_told() -> None:
    async def scene() -> list[Blocked]:
        found: list[Blocked] = []
        watchdog = Watchdog(found.append)
        watchdog.configure(AFTER_NS)
        await asyncio.sleep(0.4)
        watchdog.configure(NEVER_NS)
        block_the_loop(0.2)
        await asyncio.sleep(0.15)
        return found

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(scene()) == []
