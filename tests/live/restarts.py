"""What users notice of restarts: reload, worker kill, upgrade of the program and SIGTERM under steady mixed traffic.

    python -m tests.live.restarts [--kind upgrade] [--repetitions 20] [--rate 500]

One line for each kind on stdout; exit code 1 if anything failed beyond what was in flight on a killed worker.
"""

import argparse
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.support.mixed_traffic import RATE, MixedTraffic, Sent
from tests.support.program import Program
from tests.support.waiting import wait_until

_AROUND: Final = 0.4
"""Seconds of traffic before a restart and after it."""
_GROWN_UP_S: Final = 7.0
_AT_THE_KILL_S: Final = 0.05
"""A client learns of the end of a killed worker's connections a moment later."""


@dataclass
class Figures:
    """failed: beyond what was in flight on a worker at the moment it was killed, which is `in_flight`. slowest_s: of the
    exchanges that have no reason to be slow."""

    kind: str
    repetitions: int = 0
    requests: int = 0
    failed: list[Sent] = field(default_factory=list)
    in_flight: int = 0
    refused: int = 0
    slowest_s: float = 0.0

    def add(self, traffic: MixedTraffic, kills: Sequence[float] = ()) -> None:
        """kills: the times at which workers were killed."""
        excused = [sent for sent in traffic.failed if _is_in_flight(sent, kills)]
        self.in_flight += len(excused)
        self.failed += [sent for sent in traffic.failed if sent not in excused]
        self.requests += traffic.total + len(traffic.failed)
        self.refused += traffic.refused
        self.slowest_s = max(self.slowest_s, traffic.slowest_s)

    def __str__(self) -> str:
        return (
            f"{self.kind}: {self.repetitions} times, {self.requests} requests, {len(self.failed)} failed,"
            f" {self.in_flight} in flight on a killed worker, {self.refused} connections refused,"
            f" slowest {self.slowest_s * 1000:.0f} ms"
        )


def play(kind: str, repetitions: int, rate: float = RATE) -> Figures:
    """One of KINDS, so many times."""
    figures = Figures(kind)
    with tempfile.TemporaryDirectory(prefix="sightline-restarts-") as folder:
        KINDS[kind](figures, Path(folder), repetitions, rate)
    return figures


def _while_it_runs(
    restart: Callable[[Program, int], float | None],
) -> Callable[[Figures, Path, int, float], None]:
    """The same gateway and the same traffic all the time. restart: does it once, and returns when a worker was killed."""

    def run(figures: Figures, folder: Path, repetitions: int, rate: float) -> None:
        with MixedTraffic(rate) as traffic, Program(folder, traffic.origin) as program:
            kills: list[float] = []
            traffic.start(program.address)
            for number in range(1, repetitions + 1):
                traffic.await_more(int(rate * _AROUND))
                killed_s = restart(program, number)
                kills += [] if killed_s is None else [killed_s]
                figures.repetitions += 1
            traffic.await_more(int(rate * _AROUND))
            traffic.stop()
            figures.add(traffic, kills)

    return run


def _reload(program: Program, number: int) -> None:
    sequence = program.status()["sequence"]
    extra = f"  - {{name: extra, match: {{path: /extra}}, respond: {{status: 200, body: number-{number}}}}}"
    program.write(program.text(more_routes=extra))
    program.await_sequence(sequence + 1)


def _kill_worker(program: Program, number: int) -> float:
    index = number % 2
    # One that dies young is kept waiting longer each time.
    wait_until(lambda: (program.workers()[index]["uptime_s"] or 0.0) > _GROWN_UP_S, "a worker of some age", 20.0, 0.1)
    pid = program.workers()[index]["pid"]
    killed_s = time.monotonic()
    os.kill(pid, signal.SIGKILL)

    def is_replaced() -> bool:
        worker = program.workers()[index]
        return worker["pid"] not in {0, pid} and worker["state"] == "serving"

    wait_until(is_replaced, "a successor of the worker", 30.0, 0.02)
    return killed_s


def _upgrade(program: Program, _number: int) -> None:
    program.signal(signal.SIGUSR2)
    program.follow()


def _end(figures: Figures, folder: Path, repetitions: int, rate: float) -> None:
    """Each time another gateway. Connections that are refused once it listens no more are no failures."""
    for _ in range(repetitions):
        with MixedTraffic(rate) as traffic:
            with Program(folder, traffic.origin) as program:
                traffic.start(program.address)
                traffic.await_more(int(rate * _AROUND))
                program.signal(signal.SIGTERM)
                program.await_exit(20.0)
                traffic.stop()
            figures.repetitions += 1
            figures.add(traffic)


KINDS: Final[dict[str, Callable[[Figures, Path, int, float], None]]] = {
    "reload": _while_it_runs(_reload),
    "worker kill": _while_it_runs(_kill_worker),
    "upgrade": _while_it_runs(_upgrade),
    "SIGTERM": _end,
}


def _is_in_flight(sent: Sent, kills: Sequence[float]) -> bool:
    return any(sent.began_s <= killed_s + _AT_THE_KILL_S and sent.ended_s >= killed_s for killed_s in kills)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.live.restarts", description=__doc__)
    parser.add_argument("--kind", action="append", choices=list(KINDS), help="only this one; may be repeated")
    parser.add_argument("--repetitions", type=int, default=20)
    parser.add_argument("--rate", type=float, default=RATE, help="requests per second")
    options = parser.parse_args(arguments)
    is_fine = True
    for kind in options.kind or KINDS:
        figures = play(kind, options.repetitions, options.rate)
        sys.stdout.write(f"{figures}\n")
        sys.stdout.flush()
        for sent in figures.failed[:20]:
            sys.stderr.write(f"  {sent}\n")
        is_fine = is_fine and not figures.failed
    return 0 if is_fine else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
