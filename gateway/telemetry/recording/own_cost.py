"""What telemetry takes of a worker's CPU, and how busy its loop is; asked per batch and per report, never per exchange."""

from gateway.model.clock import monotonic_ns, thread_time_ns


class OwnCost:
    """CPU time of the calling thread, which must be the loop's. What stages stamp on the record as they go is not in it."""

    __slots__ = ("_asked_cpu_ns", "_asked_ns", "_spent_ns")

    def __init__(self) -> None:
        self._spent_ns = 0
        self._asked_ns = monotonic_ns()
        self._asked_cpu_ns = thread_time_ns()

    def add_since(self, began_cpu_ns: int) -> None:
        """Telemetry has been at work since the thread's CPU time was this."""
        self._spent_ns += thread_time_ns() - began_cpu_ns

    def take_since(self, began_cpu_ns: int) -> tuple[int, float]:
        """Nanoseconds telemetry spent, counting from when the thread's CPU time was this, and the share of a processor
        the thread used, 0 to 1; both since the last call."""
        self.add_since(began_cpu_ns)
        now_ns, cpu_ns = monotonic_ns(), thread_time_ns()
        busy = (cpu_ns - self._asked_cpu_ns) / max(now_ns - self._asked_ns, 1)
        spent_ns, self._spent_ns = self._spent_ns, 0
        self._asked_ns, self._asked_cpu_ns = now_ns, cpu_ns
        return spent_ns, min(busy, 1.0)
