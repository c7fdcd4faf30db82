"""Pairs of runs, one watched and one not, their order changing from pair to pair, so that drift of the machine meets both."""

import os
import statistics
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from perf.compare.bench import Bench
from perf.compare.report import Check
from perf.compare.sightline import Sightline
from perf.compare.wrk import Load, run_wrk

PAIRS: Final = 20
CONNECTIONS: Final = 256
_WINDOWS: Final = 3


@dataclass
class Pairs:
    """Runs of both kinds, in pairs."""

    alone: list[Load] = field(default_factory=list)
    watched: list[Load] = field(default_factory=list)

    @property
    def differences_ms(self) -> list[float]:
        """Of p99, within each pair."""
        return [(one.p99_us - other.p99_us) / 1000 for one, other in zip(self.watched, self.alone, strict=True)]

    @property
    def spread_ms(self) -> list[float]:
        """Of p99, between unwatched runs after each other: a difference within it is none."""
        return [abs(one.p99_us - other.p99_us) / 1000 for one, other in pairwise(self.alone)]

    def check(self) -> Check:
        """The budget: 5 % or 0.2 ms, whichever is larger."""
        allowed_ms = max(0.2, 0.05 * statistics.median(load.p99_us for load in self.alone) / 1000)
        return Check("median difference of p99, ms", statistics.median(self.differences_ms), round(allowed_ms, 3))

    def rows(self) -> list[list[str]]:
        """Medians: kind, requests/s, p50 ms, p99 ms, failed."""
        return [
            [
                name,
                f"{statistics.median(load.per_second for load in loads):.0f}",
                f"{statistics.median(load.p50_us for load in loads) / 1000:.3f}",
                f"{statistics.median(load.p99_us for load in loads) / 1000:.3f}",
                str(sum(load.failed + load.not_ok for load in loads)),
            ]
            for name, loads in (("alone", self.alone), ("watched", self.watched))
        ]


COLUMNS: Final = ["", "requests/s", "p50 ms", "p99 ms", "failed"]


def half_of_capacity(bench: Bench, gateway: Sightline) -> tuple[float, int]:
    """Requests a second at full load, and the mean pause of each connection with which half of that is asked for."""
    run_wrk(gateway.port, bench.warm_s, bench.cores.load)
    # The best of some: a window in which the machine was elsewhere tells of no capacity.
    capacity = max(
        bench.undisturbed(lambda: run_wrk(gateway.port, bench.round_s, bench.cores.load)).per_second
        for _ in range(_WINDOWS)
    )
    return capacity, max(1, round(CONNECTIONS / (capacity / 2) * 1000))


def run_pairs(
    bench: Bench,
    gateway: Sightline,
    think_ms: int,
    watching: Callable[[], AbstractContextManager[None]],
    measured: Callable[[Callable[[], Load]], Load] = lambda steady: steady(),
) -> Pairs:
    """think_ms: of the steady load. watching: what goes on beside every other run. measured: makes a run,
    and may look at more than the load does, also of runs that do not count."""

    def steady() -> Load:
        return run_wrk(gateway.port, bench.round_s, bench.cores.load, connections=CONNECTIONS, think_ms=think_ms)

    pairs = Pairs()
    number_of_pairs = bench.rounds if bench.quick else max(PAIRS, bench.rounds)
    for number in range(number_of_pairs):
        bench.say(f"pair {number + 1} of {number_of_pairs}")
        for is_watched in (False, True) if number % 2 else (True, False):
            if is_watched:
                with watching():
                    pairs.watched.append(bench.undisturbed(lambda: measured(steady)))
            else:
                pairs.alone.append(bench.undisturbed(lambda: measured(steady)))
    return pairs


@contextmanager
def beside(watchers: Sequence[tuple[Callable[..., None], tuple[object, ...]]]) -> Iterator[None]:
    """Each with a thread of its own until the block ends: called with its arguments and the event that says so."""
    end = threading.Event()
    threads = [threading.Thread(target=watch, args=(*arguments, end)) for watch, arguments in watchers]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        end.set()
        for thread in threads:
            thread.join()


def stand_last() -> None:
    """Give way to all others, for the calling thread alone.

    Watchers share the core of the load: what they take of it would delay the load generator, and would be taken for
    something the gateway does. With a high nice value alone they still finish what they have begun, up to 0.7 ms.
    """
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
