"""A periodic timer of the kernel (timerfd) for asyncio: uvloop's own timers are no finer than a millisecond."""

import asyncio
import ctypes
import os
import time
from types import TracebackType
from typing import Self

_CLOCK_MONOTONIC = 1
_TFD_NONBLOCK = os.O_NONBLOCK
_LIBC = ctypes.CDLL(None, use_errno=True)


class _TimeSpec(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


class _TimerSpec(ctypes.Structure):
    _fields_ = (("interval", _TimeSpec), ("first", _TimeSpec))


class Ticker:
    """Ticks every interval_ns for as long as the block lasts. Source: timerfd_create(2). Raises OSError without it."""

    def __init__(self, interval_ns: int) -> None:
        self._interval = _TimeSpec(*divmod(interval_ns, 1_000_000_000))
        self._descriptor = -1
        self._due: asyncio.Future[None] | None = None

    def __enter__(self) -> Self:
        self._descriptor = _LIBC.timerfd_create(_CLOCK_MONOTONIC, _TFD_NONBLOCK | os.O_CLOEXEC)
        if self._descriptor < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create")
        spec = _TimerSpec(self._interval, self._interval)
        if _LIBC.timerfd_settime(self._descriptor, 0, ctypes.byref(spec), None) != 0:
            raise OSError(ctypes.get_errno(), "timerfd_settime")
        asyncio.get_running_loop().add_reader(self._descriptor, self._on_expired)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.get_running_loop().remove_reader(self._descriptor)
        os.close(self._descriptor)

    async def tick(self) -> int:
        """Return at the next expiry, with the monotonic time in nanoseconds."""
        self._due = asyncio.get_running_loop().create_future()
        await self._due
        return time.monotonic_ns()

    def _on_expired(self) -> None:
        os.read(self._descriptor, 8)
        if self._due is not None and not self._due.done():
            self._due.set_result(None)
