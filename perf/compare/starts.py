"""Several starts of the same contestants: processes of one build differ by up to a fifth, for as long as they run.

Memory falls anew for each start. So what is to be told of a build is the median over starts of what was compared within each.
"""

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from typing import Any, Final

from perf.compare.bench import Bench
from perf.compare.report import Table
from perf.compare.rounds import Contestant, Series, interleave, ratio

ROUNDS_A_START: Final = 3


class Starts:
    """What was measured of each contestant in each start, in the order of the starts."""

    def __init__(self, measured: Sequence[dict[str, Series]]) -> None:
        self.measured = measured

    def costs(self, name: str) -> list[float]:
        """CPU microseconds per request."""
        return [series[name].cpu_us for series in self.measured]

    def cost(self, name: str) -> float:
        """Their median."""
        return statistics.median(self.costs(name))

    def per_second(self, name: str) -> float:
        """Requests a second, the median."""
        return statistics.median(series[name].per_second for series in self.measured)

    def added(self, name: str, base: str) -> float:
        """CPU microseconds per request beyond those of another contestant, the median of the differences."""
        return statistics.median(series[name].cpu_us - series[base].cpu_us for series in self.measured)

    def ratios(self, name: str, base: str) -> list[float]:
        """CPU per request against that of another contestant."""
        return [ratio(series[name], series[base]) for series in self.measured]

    def ratio(self, name: str, base: str) -> float:
        """Their median."""
        return statistics.median(self.ratios(name, base))

    def spread(self, name: str) -> str:
        """The cheapest start and the dearest."""
        costs = self.costs(name)
        return f"{min(costs):.1f} to {max(costs):.1f}"

    def table(self, title: str, subject: str, names: Iterable[str]) -> Table:
        """A row for each. subject: what the contestants differ in."""
        rows = [[name, f"{self.cost(name):.1f}", self.spread(name), f"{self.per_second(name):.0f}"] for name in names]
        title = f"{title}; {len(self.measured)} starts of each"
        return Table(title, [subject, "CPU µs/request", "in each start", "requests/s"], rows)

    def told(self, name: str, base: str) -> str:
        """The ratio in each start."""
        return f"{name} / {base} in each start: " + ", ".join(f"{each:.2f}" for each in self.ratios(name, base))

    def data(self) -> dict[str, list[list[dict[str, Any]]]]:
        """All that was measured: by contestant, start and round."""
        names = self.measured[0]
        return {
            name: [[asdict(sample) for sample in series[name].samples] for series in self.measured] for name in names
        }

    @property
    def failures(self) -> int:
        return sum(one.failures for series in self.measured for one in series.values())


def in_starts(bench: Bench, starts: int, begin: Callable[[int], list[Contestant]]) -> Starts:
    """begin: starts all contestants, anew for each number; their gateways are stopped when they were measured in turns."""
    measured = []
    for number in range(1 if bench.quick else starts):
        bench.say(f"start {number + 1}")
        contestants = begin(number)
        try:
            measured.append(interleave(bench, contestants, min(bench.rounds, ROUNDS_A_START)))
        finally:
            for gateway in {id(each.gateway): each.gateway for each in contestants}.values():
                bench.stable.stop(gateway.process)
    return Starts(measured)
