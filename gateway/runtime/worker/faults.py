"""Failures nobody caught in a worker, told to the supervisor's log; a fault in every request must not flood it."""

import asyncio
import traceback
from collections.abc import Callable
from typing import Any, Final

from gateway.model.clock import SECOND_NS, monotonic_ns
from gateway.wire.control import Notice

_PER_INTERVAL: Final = 5
_INTERVAL_NS: Final = 10 * SECOND_NS


class FaultNotices:
    """At most so many notices an interval; the rest are counted and told with the next one."""

    def __init__(self, send: Callable[[Notice], None]) -> None:
        self._send = send
        self._interval_began_ns = 0
        self._sent = 0
        self._suppressed = 0

    def on_loop_exception(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """An exception handler for an event loop."""
        self._tell(str(context.get("message", "a callback failed")), context.get("exception"))

    def on_task_failed(self, task: asyncio.Task[None]) -> None:
        """A task of the worker itself has failed, and the worker ends."""
        self._tell("the worker cannot go on", task.exception())

    def _tell(self, what: str, exception: BaseException | None) -> None:
        now_ns = monotonic_ns()
        if now_ns - self._interval_began_ns > _INTERVAL_NS:
            self._interval_began_ns, self._sent = now_ns, 0
        if self._sent >= _PER_INTERVAL:
            self._suppressed += 1
            return
        self._sent += 1
        fields: dict[str, str | int] = {"what": what, "suppressed": self._suppressed}
        self._suppressed = 0
        if exception is not None:
            fields["exception"] = "".join(traceback.format_exception(exception))
        self._send(Notice(level="error", event="worker_fault", fields=fields))
