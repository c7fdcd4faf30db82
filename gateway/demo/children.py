"""Child processes of the demo: started in sessions of their own, so that Ctrl-C in the terminal reaches only the demo,
which ends them in order; and ended by the kernel if the demo itself dies.
"""

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_PR_SET_PDEATHSIG: Final = 1
_KILL_WAIT_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Child:
    """A running process; `log` holds what it wrote to stderr."""

    name: str
    process: asyncio.subprocess.Process
    log: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    def has_ended(self) -> bool:
        return self.process.returncode is not None

    def last_words(self, lines: int = 20) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


async def start_child(name: str, arguments: Sequence[str], folder: Path, stdout: Path | None = None) -> Child:
    """Start `python ARGUMENTS`; stdout goes to a file, or is a pipe where none is named."""
    log = folder / f"{name}.log"
    with contextlib.ExitStack() as opened:
        errors = opened.enter_context(log.open("wb"))
        output = opened.enter_context(stdout.open("wb")) if stdout is not None else asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            start_new_session=True,
            preexec_fn=end_with_parent,
        )
    return Child(name, process, log)


async def stop_child(child: Child, deadline_s: float) -> int:
    """Ask it to end, then make it: its exit code, negative for the signal that ended it."""
    if not child.has_ended():
        _signal_group(child, signal.SIGTERM, whole_group=False)
        try:
            await asyncio.wait_for(child.process.wait(), deadline_s)
        except TimeoutError:
            _signal_group(child, signal.SIGKILL, whole_group=True)
            await asyncio.wait_for(child.process.wait(), _KILL_WAIT_S)
    return child.process.returncode or 0


@contextlib.contextmanager
def ended_by_signal() -> Iterator[asyncio.Event]:
    """An event that SIGINT, SIGTERM and SIGHUP set while the context is open."""
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    for number in numbers:
        loop.add_signal_handler(number, ended.set)
    try:
        yield ended
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)


def _signal_group(child: Child, number: signal.Signals, *, whole_group: bool) -> None:
    """To the process alone where it shall end its own children, to the whole group where it did not."""
    with contextlib.suppress(ProcessLookupError):
        if whole_group:
            os.killpg(child.pid, number)
        else:
            os.kill(child.pid, number)


def end_with_parent() -> None:
    """Have the kernel send this process SIGTERM when its parent dies. Linux only; elsewhere it does nothing."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
