"""Where a worker process begins. Four numbers or five: its index, how many workers there are, the descriptors of its
control and handover sockets, and of the memory it shares, where there is any."""

import asyncio
import gc
import os
import signal
import socket
import sys
from typing import Final

import uvloop
from setproctitle import setproctitle

from gateway.runtime.link.line_memory import LineMemory
from gateway.runtime.vitals.memory_use import keep_heap
from gateway.runtime.worker.worker import Worker

_GC_THRESHOLDS: Final = (5_000, 20, 100)
"""Exchanges leave no cycles behind, so collections are a safety net and need not run every few requests."""


async def _run(index: int, workers: int, control: int, handover: int, memory: int | None = None) -> bool:
    lines = _share(memory) if memory is not None else None
    return await Worker(index, workers, socket.socket(fileno=handover), lines).run(socket.socket(fileno=control))


def _share(memory: int) -> LineMemory | None:
    """None where it cannot be had: lines are then sent."""
    try:
        return LineMemory(memory)
    except (OSError, ValueError):
        return None
    finally:
        os.close(memory)


def main(arguments: list[str]) -> int:
    """The life of a worker process; its exit code. Signals that end or reload the gateway are for the supervisor alone."""
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(ignored, signal.SIG_IGN)
    numbers = [int(argument) for argument in arguments]
    setproctitle(f"sightline worker {numbers[0]}")
    keep_heap()
    gc.set_threshold(*_GC_THRESHOLDS)
    gc.freeze()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return 0 if runner.run(_run(*numbers)) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
