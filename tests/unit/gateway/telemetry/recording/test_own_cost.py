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
    spent_ns, _ = cost.take()
    assert spent_ns >= 2_000_000
    assert cost.take()[0] == 0


def test_waiting_is_neither_cost_nor_being_busy() -> None:
    cost = OwnCost()
    began_ns = thread_time_ns()
    threading.Event().wait(0.1)
    cost.add_since(began_ns)
    spent_ns, busy = cost.take()
    assert spent_ns < 50_000_000
    assert busy < 0.5


def test_a_loop_that_only_works_is_busy_and_never_more_than_that() -> None:
    cost = OwnCost()
    work(20_000_000)
    _, busy = cost.take()
    assert 0.0 < busy <= 1.0
