"""Waiting for a condition instead of for a time: every wait of the live tests has a deadline and says what it missed."""

import asyncio
import time
from collections.abc import Callable
from typing import Final, TypeVar

T = TypeVar("T")

DEADLINE_S: Final = 20.0
"""Longer than anything here takes on a busy machine; a test that meets it has failed."""

_POLL_S: Final = 0.001


class Overdue(AssertionError):  # noqa: N818 - a verdict about what was awaited
    """What was awaited did not happen in time."""


def wait_until(condition: Callable[[], T], what: str, deadline_s: float = DEADLINE_S, poll_s: float = _POLL_S) -> T:
    """The first true value of the condition; Overdue, naming what was awaited, if there is none in time.

    poll_s: between two looks; longer where a look costs what is being measured.
    """
    ends_s = time.monotonic() + deadline_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > ends_s:
            raise Overdue(f"not within {deadline_s} s: {what}")
        time.sleep(poll_s)


async def wait_until_async(condition: Callable[[], T], what: str, deadline_s: float = DEADLINE_S) -> T:
    """The same for a script that runs on an event loop."""
    ends_s = time.monotonic() + deadline_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > ends_s:
            raise Overdue(f"not within {deadline_s} s: {what}")
        await asyncio.sleep(_POLL_S)


def wait_until_steady(measure: Callable[[], int], what: str, steady_s: float = 0.3, deadline_s: float = 20.0) -> int:
    """The value of a measure once it has not changed for `steady_s`: how one sees that a flow has come to a stop."""
    ends_s = time.monotonic() + deadline_s
    value, since_s = measure(), time.monotonic()
    while time.monotonic() - since_s < steady_s:
        if time.monotonic() > ends_s:
            raise Overdue(f"still changing after {deadline_s} s: {what}")
        time.sleep(0.01)
        newest = measure()
        if newest != value:
            value, since_s = newest, time.monotonic()
    return value
