"""What telemetry says of its own CPU time: what was spent counts once, idling does not, and a busy loop shows."""

import threading
from time import thread_time_ns

from gateway.telemetry.recording.own_cost import OwnCost


def work(at_least_ns: int) -> int:
    began_ns = thread_time_ns()
    while thread_time_ns() - began_ns < at_least_ns:
        pass
    return began_ns


def test_what_was_spent_is_told_once() -> None:
    cost = OwnCost()
    cost.add_since(work(2_000_000))
    spent_ns, _ = cost.take_since(work(1_000_000))
    assert spent_ns >= 3_000_000
    began_ns = thread_time_ns()
    assert cost.take_since(began_ns)[0] <= thread_time_ns() - began_ns


def test_waiting_is_neither_cost_nor_being_busy() -> None:
    cost = OwnCost()
    began_ns = thread_time_ns()
    threading.Event().wait(0.1)
    spent_ns, busy = cost.take_since(began_ns)
    assert spent_ns < 50_000_000
    assert busy < 0.5


def test_a_loop_that_only_works_is_busy_and_never_more_than_that() -> None:
    cost = OwnCost()
    work(20_000_000)
    _, busy = cost.take_since(thread_time_ns())
    assert 0.0 < busy <= 1.0
