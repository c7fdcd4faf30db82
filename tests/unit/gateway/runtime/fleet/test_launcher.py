"""Processes started from a thread of its own: how they end is told, and they have the priority of the thread's maker."""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import pytest
import uvloop

from gateway.runtime.fleet.launcher import Child, Launcher

T = TypeVar("T")
LOOPS: Final = (asyncio.new_event_loop, uvloop.new_event_loop)
WAYS: Final = ("descriptor", "thread")


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways of learning about an end: systems without descriptors of processes have the other."""
    if request.param == "thread":

        def refuse(pid: int, flags: int = 0) -> int:
            raise OSError(38, "Function not implemented")

        monkeypatch.setattr(os, "pidfd_open", refuse, raising=False)
    return str(request.param)


def run(scene: Callable[[Launcher], Awaitable[T]], loop: Callable[[], asyncio.AbstractEventLoop]) -> T:
    launcher = Launcher()

    async def bounded() -> T:
        async with asyncio.timeout(20):
            return await scene(launcher)

    with asyncio.Runner(loop_factory=loop) as runner:
        return runner.run(bounded())


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


async def start(launcher: Launcher, code: str, *descriptors: int) -> Child:
    return await launcher.launch(python(code), descriptors, dict(os.environ))


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("loop", LOOPS)
def test_it_is_told_how_a_process_ended(loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    async def scene(launcher: Launcher) -> tuple[int, int]:
        exits = await start(launcher, "raise SystemExit(3)")
        stays = await start(launcher, "import time; time.sleep(60)")
        stays.kill()
        return await exits.wait(), await stays.wait()

    assert run(scene, loop) == (3, -signal.SIGKILL)


@pytest.mark.usefixtures("way")
def test_whoever_stops_waiting_leaves_the_end_to_the_others_and_killing_the_dead_does_nothing() -> None:
    async def scene(launcher: Launcher) -> int:
        child = await start(launcher, "input()", 0)
        impatient = asyncio.create_task(child.wait())
        await asyncio.sleep(0)
        impatient.cancel()
        code = await child.wait()
        child.kill()
        return code

    assert run(scene, uvloop.new_event_loop) == 1  # It has nothing to read.


def test_the_process_has_the_descriptors_it_was_promised() -> None:
    reading, writing = os.pipe()

    async def scene(launcher: Launcher) -> int:
        child = await start(launcher, f"import os; os.write({writing}, b'here')", writing)
        return await child.wait()

    try:
        assert run(scene, uvloop.new_event_loop) == 0
        assert os.read(reading, 10) == b"here"
    finally:
        os.close(reading)
        os.close(writing)


def test_a_command_that_cannot_be_started_raises() -> None:
    async def scene(launcher: Launcher) -> None:
        with pytest.raises(FileNotFoundError):
            await launcher.launch(["/nowhere/at/all"], (), {})

    run(scene, uvloop.new_event_loop)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a priority belongs to the whole process")
def test_a_process_has_the_priority_its_launcher_was_made_with() -> None:
    """In a thread, for what has stood back cannot come forward again."""
    found: list[tuple[int, int]] = []

    def work() -> None:
        async def scene(launcher: Launcher) -> None:
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), before + 5)
            child = await start(launcher, "input()", 0)
            stays = await start(launcher, "import time; time.sleep(60)")
            found.append((before, os.getpriority(os.PRIO_PROCESS, stays.pid)))
            stays.kill()
            assert (await child.wait(), await stays.wait()) == (1, -signal.SIGKILL)

        before = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
        run(scene, asyncio.new_event_loop)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(30)
    [(before, of_child)] = found
    assert of_child == before
