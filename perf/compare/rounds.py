"""Interleaved rounds: every gateway once per round, so that drift of the machine meets all of them alike."""

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from perf.compare.bench import Bench, Gateway
from perf.compare.cores import busy_ns
from perf.compare.wrk import CONNECTIONS, Load, run_wrk

SETTLE_S = 0.3
"""After the load, before the second reading of CPU time: batched telemetry is part of a request's cost."""


@dataclass(frozen=True)
class Sample:
    """One gateway in one round. foreign_share: part of the time in which others kept the gateway's core busy."""

    load: Load
    cpu_us_per_request: float
    foreign_share: float


@dataclass
class Series:
    """All rounds of one gateway under one stream of requests; properties are medians."""

    name: str
    samples: list[Sample] = field(default_factory=list)

    @property
    def cpu_us(self) -> float:
        return statistics.median(sample.cpu_us_per_request for sample in self.samples)

    @property
    def per_second(self) -> float:
        return statistics.median(sample.load.per_second for sample in self.samples)

    @property
    def p50_ms(self) -> float:
        return statistics.median(sample.load.p50_us for sample in self.samples) / 1000

    @property
    def p99_ms(self) -> float:
        return statistics.median(sample.load.p99_us for sample in self.samples) / 1000

    @property
    def failures(self) -> int:
        return sum(sample.load.failed + sample.load.not_ok for sample in self.samples)

    @property
    def requests(self) -> int:
        return sum(sample.load.requests for sample in self.samples)

    @property
    def foreign_share(self) -> float:
        return max(sample.foreign_share for sample in self.samples)


def ratio(one: Series, other: Series) -> float:
    """CPU per request of one against another: median over the rounds of the ratio within a round."""
    pairs = zip(one.samples, other.samples, strict=True)
    return statistics.median(a.cpu_us_per_request / b.cpu_us_per_request for a, b in pairs)


@dataclass(frozen=True)
class Contestant:
    """A gateway under one stream of requests; without a stream, `GET /`. think_ms: as for `run_wrk`."""

    name: str
    gateway: Gateway
    stream: Path | None = None
    connections: int = CONNECTIONS
    think_ms: int | None = None

    def load(self, bench: Bench, seconds: float) -> Load:
        """Raises StartError if wrk fails."""
        return run_wrk(self.gateway.port, seconds, bench.cores.load, self.stream, self.connections, self.think_ms)


def interleave(bench: Bench, contestants: Sequence[Contestant], rounds: int | None = None) -> dict[str, Series]:
    """Warm every gateway up, then measure all of them in turns. Order within a round is that of the sequence."""
    rounds = rounds or bench.rounds
    series = {contestant.name: Series(contestant.name) for contestant in contestants}
    for contestant in contestants:
        contestant.load(bench, bench.warm_s)
    for number in range(rounds):
        bench.say(f"round {number + 1} of {rounds}")
        for contestant in contestants:
            series[contestant.name].samples.append(measure(bench, contestant))
    return series


def measure(bench: Bench, contestant: Contestant) -> Sample:
    """One gateway under load for the length of a round."""
    return bench.undisturbed(lambda: _measure(bench, contestant))


def _measure(bench: Bench, contestant: Contestant) -> Sample:
    process = contestant.gateway.process
    cores = process.cores
    started_ns, busy_before, cpu_before = time.monotonic_ns(), busy_ns(cores), process.cpu_ns()
    load = contestant.load(bench, bench.round_s)
    time.sleep(SETTLE_S)
    cpu = process.cpu_ns() - cpu_before
    foreign = busy_ns(cores) - busy_before - cpu
    elapsed = time.monotonic_ns() - started_ns
    return Sample(load, cpu / load.requests / 1000, max(0.0, foreign / elapsed))
