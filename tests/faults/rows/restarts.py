"""Restarts of every kind in turn, under mixed traffic: nobody may notice but who was served by a killed worker."""

import os
import signal
import time
from typing import Final

from tests.faults.row import fault
from tests.faults.stage import Stage
from tests.faults.subject import Gateway
from tests.support.mixed_traffic import MixedTraffic, Sent
from tests.support.waiting import wait_until

REPETITIONS: Final = 20
RATE: Final = 500.0
LOOK_S: Final = 0.02
NOTICED_S: Final = 0.5
"""Within this time a client knows of the end of a connection, however busy the machine is."""
MOST_LOST: Final = 50
"""In one kill: a tenth of a second of the traffic."""
BETWEEN: Final = 100
"""Requests before each of them."""


@fault(
    4,
    f"reload, worker kill and replacement of the program, {REPETITIONS} times each, under {RATE:.0f} mixed requests a second",
    "failed beyond those in flight on a killed worker 0; refused 0",
    limit_s=200.0,
)
def restarts(stage: Stage) -> None:
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
    judge(stage, traffic, kills)
    upgrades_s.sort()
    stage.figure(f"replaced in {upgrades_s[len(upgrades_s) // 2]:.1f} s (median), its drain included")


def judge(stage: Stage, traffic: MixedTraffic, kills: list[float]) -> None:
    lost = [sent for sent in traffic.failed if is_lost_in_a_kill(sent, kills)]
    failed = [sent for sent in traffic.failed if sent not in lost]
    requests = traffic.total + len(traffic.failed)
    stage.figure(f"{REPETITIONS} of each: {len(failed)} of {requests} failed, {traffic.refused} refused")
    stage.figure(f"{len(lost)} lost in {len(kills)} kills; slowest {traffic.slowest_s * 1000:.0f} ms")
    stage.check(not failed, f"failed: {'; '.join(str(sent) for sent in failed[:3])}")
    stage.check(traffic.refused == 0, f"{traffic.refused} connections were refused")
    stage.check(len(lost) <= REPETITIONS * MOST_LOST, f"{len(lost)} were lost in {len(kills)} kills")


def is_lost_in_a_kill(sent: Sent, kills: list[float]) -> bool:
    """Whether its connection ended when a worker was killed, or was used before its end had reached the client."""
    is_cut = "Reset" in sent.failure or "IncompleteRead" in sent.failure or "BrokenPipe" in sent.failure
    return is_cut and any(sent.began_s <= killed_s + NOTICED_S and sent.ended_s >= killed_s for killed_s in kills)


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
