"""The one child that has the terminal: the console over the running demo."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import Iterator
from typing import Final

from gateway.demo.children import end_with_parent

_LEAVE_S: Final = 5.0


@contextlib.contextmanager
def interrupts_left_to_it(asked: asyncio.Event) -> Iterator[None]:
    """While open, Ctrl-C is an affair of whoever has the terminal; afterwards SIGINT sets the event again.

    The signal is caught and not ignored, because a process that is started would inherit that it is ignored.
    """
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGINT, lambda: None)
    try:
        yield
    finally:
        loop.add_signal_handler(signal.SIGINT, asked.set)


async def start_console(url: str) -> asyncio.subprocess.Process:
    """`sightline console` with this process's terminal; it is found by name, as every command that is installed."""
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "gateway", "console", "--url", url, preexec_fn=end_with_parent
    )


async def end_console(console: asyncio.subprocess.Process) -> None:
    """Ask it to leave the terminal, then make it."""
    if console.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        console.terminate()
    try:
        await asyncio.wait_for(console.wait(), _LEAVE_S)
    except TimeoutError:
        console.kill()
        await console.wait()
