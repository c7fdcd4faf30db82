"""Starts processes from a thread of its own, whose priority they inherit, and tells how each ended.

On Linux a priority belongs to a thread and passes to what that thread starts; without privileges it is never raised again. So
workers are started from a thread that is older than the supervisor's decision to stand back behind them.
"""

import asyncio
import os
import subprocess
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Final

_STDERR: Final = 2


class Child:
    """A process that was started. Used on the loop it was made on; `wait` may be awaited by several."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.pid = process.pid
        self._process = process
        self._loop = asyncio.get_running_loop()
        self._ended: asyncio.Future[int] = self._loop.create_future()
        _on_exit(self._loop, process, self._note_end)

    def terminate(self) -> None:
        """Ask it to end; nothing happens where it has ended."""
        self._process.terminate()

    def kill(self) -> None:
        """Nothing happens where it has ended."""
        self._process.kill()

    async def wait(self) -> int:
        """Until it has ended; its exit code, or minus the signal that ended it."""
        return await asyncio.shield(self._ended)

    def _note_end(self) -> None:
        if not self._ended.done():
            self._ended.set_result(self._process.wait())


class Launcher:
    """One thread, which has from the start the priority of the thread that makes it."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="launch")
        # It comes into being with its first work, not before.
        self._thread.submit(threading.get_ident).result()

    async def launch(
        self,
        command: Sequence[str],
        descriptors: Collection[int],
        environment: Mapping[str, str],
        stdout: int | None = _STDERR,
    ) -> Child:
        """A process with these descriptors open, nothing to read, and stdout going to our stderr unless it is told where
        (None: to ours). Raises OSError."""

        def start() -> subprocess.Popen[bytes]:
            return subprocess.Popen(  # noqa: S603 - our own interpreter with our own module
                command,
                pass_fds=tuple(descriptors),
                stdin=subprocess.DEVNULL,
                # The supervisor's stdout is for access lines alone.
                stdout=stdout,
                env=environment,
            )

        return Child(await asyncio.get_running_loop().run_in_executor(self._thread, start))


def _on_exit(loop: asyncio.AbstractEventLoop, process: subprocess.Popen[bytes], told: Callable[[], None]) -> None:
    """Have `told` called on the loop once the process has ended: by a descriptor of it where the system has such."""
    try:
        descriptor = os.pidfd_open(process.pid)
    except (AttributeError, OSError):
        _on_exit_by_thread(loop, process, told)
        return

    def readable() -> None:
        loop.remove_reader(descriptor)
        os.close(descriptor)
        told()

    loop.add_reader(descriptor, readable)


def _on_exit_by_thread(
    loop: asyncio.AbstractEventLoop, process: subprocess.Popen[bytes], told: Callable[[], None]
) -> None:
    def await_end() -> None:
        process.wait()
        with suppress(RuntimeError):  # The loop is closed: nobody waits any more.
            loop.call_soon_threadsafe(told)

    threading.Thread(target=await_end, name=f"end of {process.pid}", daemon=True).start()
