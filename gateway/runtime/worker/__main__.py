"""Where a worker process begins. Four numbers: its index, how many workers there are, and the descriptors of its
control and handover sockets."""

import asyncio
import gc
import signal
import socket
import sys
from typing import Final

import uvloop
from setproctitle import setproctitle

from gateway.runtime.vitals.memory_use import keep_heap
from gateway.runtime.worker.worker import Worker

_GC_THRESHOLDS: Final = (5_000, 20, 100)
"""Exchanges leave no cycles behind, so collections are a safety net and need not run every few requests."""


async def _run(index: int, workers: int, control: int, handover: int) -> bool:
    return await Worker(index, workers, socket.socket(fileno=handover)).run(socket.socket(fileno=control))


def main(arguments: list[str]) -> int:
    """The life of a worker process; its exit code. Signals that end or reload the gateway are for the supervisor alone."""
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(ignored, signal.SIG_IGN)
    index, workers, control, handover = map(int, arguments)
    setproctitle(f"sightline worker {index}")
    keep_heap()
    gc.set_threshold(*_GC_THRESHOLDS)
    gc.freeze()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return 0 if runner.run(_run(index, workers, control, handover)) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
