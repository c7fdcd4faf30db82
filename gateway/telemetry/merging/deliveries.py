"""What is known of the sinks now: how much waits for each, and when it last took something."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from gateway.telemetry import catalog
from gateway.telemetry.merging.gauges import Labels, Reading
from gateway.telemetry.merging.zeros import Series, of_sink


class _Queue(NamedTuple):
    length: Callable[[], int]
    capacity: int


class Deliveries:
    """By signal and sink. Not safe for threads: the store has the lock."""

    def __init__(self) -> None:
        self._queues: dict[Labels, _Queue] = {}
        self._last_success: dict[Labels, float] = {}

    def watch(self, signal: str, sink: str, length: Callable[[], int], capacity: int) -> None:
        self._queues[signal, sink] = _Queue(length, capacity)

    def forget(self, signal: str, sink: str) -> None:
        self._queues.pop((signal, sink), None)

    def succeeded(self, signal: str, sink: str, at_s: float) -> None:
        """at_s: Unix time."""
        self._last_success[signal, sink] = at_s

    def known_series(self) -> Iterator[Series]:
        """What a sink that is watched has from the start."""
        for signal, sink in self._queues:
            yield from of_sink(signal, sink)

    def readings(self) -> Iterator[Reading]:
        for labels, queue in self._queues.items():
            yield catalog.TELEMETRY_QUEUE_LENGTH, labels, queue.length()
            yield catalog.TELEMETRY_QUEUE_CAPACITY, labels, queue.capacity
        for labels, at_s in self._last_success.items():
            yield catalog.TELEMETRY_LAST_SUCCESS, labels, at_s
