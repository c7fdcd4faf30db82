"""Restarts of every kind in turn, under mixed traffic: nobody may notice but who was served by a killed worker."""

import os
import signal
import time
from typing import Final

from tests.faults.row import fault
from tests.faults.stage import Stage
from tests.faults.subject import Gateway
from tests.live.restarts import Figures
from tests.support.mixed_traffic import MixedTraffic
from tests.support.waiting import wait_until

REPETITIONS: Final = 20
RATE: Final = 500.0
LOOK_S: Final = 0.02
BETWEEN: Final = 100
"""Requests before each of them."""


@fault(
    4,
    f"reload, worker kill and replacement of the program, {REPETITIONS} times each, under {RATE:.0f} mixed requests a second",
    "failed beyond those in flight on a killed worker 0; refused 0",
    limit_s=200.0,
)
def restarts(stage: Stage) -> None:
    figures = Figures("restarts")
    upgrades_s: list[float] = []
    kills: list[float] = []
    traffic = stage.enter(MixedTraffic(RATE))
    gateway = stage.gateway(traffic.origin)
    traffic.start(gateway.address)
    for number in range(REPETITIONS):
        traffic.await_more(BETWEEN)
        sequence = gateway.status()["sequence"]
        gateway.edit(f"version-{number}")
        gateway.await_sequence(sequence + 1)
        traffic.await_more(BETWEEN)
        kills.append(kill_worker(gateway, number % 2))
        traffic.await_more(BETWEEN)
        began_s = time.monotonic()
        gateway.signal(signal.SIGUSR2)
        gateway.follow()
        upgrades_s.append(time.monotonic() - began_s)
    traffic.stop()
    figures.add(traffic, kills)
    upgrades_s.sort()
    stage.figure(
        f"{REPETITIONS} of each: {len(figures.failed)} of {figures.requests} failed, {figures.refused} refused"
    )
    stage.figure(f"{figures.in_flight} in flight on a killed worker; slowest {figures.slowest_s * 1000:.0f} ms")
    stage.figure(f"replaced in {upgrades_s[len(upgrades_s) // 2]:.1f} s (median), its drain included")
    stage.check(not figures.failed, f"failed: {'; '.join(str(sent) for sent in figures.failed[:3])}")
    stage.check(figures.refused == 0, f"{figures.refused} connections were refused")
    stage.check(figures.in_flight <= REPETITIONS * RATE * 0.1, f"{figures.in_flight} were in flight on killed workers")


def kill_worker(gateway: Gateway, index: int) -> float:
    """When it was killed, in monotonic seconds; another one serves in its place."""
    victim = gateway.worker_pids()[index]
    killed_s = time.monotonic()
    os.kill(victim, signal.SIGKILL)

    def is_replaced() -> bool:
        serving = gateway.worker_pids()
        return len(serving) == 2 and victim not in serving

    wait_until(is_replaced, "a successor of the killed worker serves", 20.0, LOOK_S)
    return killed_s
