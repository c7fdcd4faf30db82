"""Threads that stand behind the workers."""

import os
import subprocess
import sys
import threading

import pytest

from gateway.telemetry.background import stand_back

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a priority belongs to the whole process")

MAIN: str = """
import os
from gateway.telemetry.background import main_stands_back
before = os.getpriority(os.PRIO_PROCESS, 0)
main_stands_back()
main_stands_back()
print(before, os.getpriority(os.PRIO_PROCESS, 0))
"""


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


def test_what_may_wait_is_done_in_the_main_thread_without_lowering_its_priority() -> None:
    before = priority()
    stand_back()
    assert priority() == before


def test_the_main_thread_stands_back_less_far_and_once() -> None:
    told = subprocess.run([sys.executable, "-c", MAIN], capture_output=True, text=True, timeout=30, check=True)
    before, after = map(int, told.stdout.split())
    assert after == min(before + 5, 19)
