"""Threads that stand behind the workers."""

import os
import threading

from gateway.telemetry.background import stand_back


def priority() -> int:
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


def test_a_thread_that_stands_back_has_a_lower_priority_and_others_keep_theirs() -> None:
    before = priority()
    seen: list[int] = []

    def work() -> None:
        stand_back()
        seen.append(priority())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(10)
    assert seen[0] > before
    assert priority() == before


def test_the_main_thread_does_not_stand_back() -> None:
    before = priority()
    stand_back()
    assert priority() == before
