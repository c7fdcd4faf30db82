"""Faults of processes: a worker killed, the gateway told to end."""

import os
import signal
import statistics
from typing import Final

from gateway.model.clock import MILLISECOND_NS, SECOND_NS
from perf.compare.sockets import connections_of
from perf.loadgen import Result
from tests.faults.row import fault
from tests.faults.stage import Stage
from tests.faults.subject import Gateway
from tests.support.waiting import wait_until

KILLS: Final = 5
BETWEEN_KILLS: Final = 600
"""Requests: so long that a worker which is killed again has served its five seconds, and is not thought to be in a loop."""

LOOK_S: Final = 0.01
UNNOTICED_NS: Final = 20 * MILLISECOND_NS
"""A request sent this long after the death of its worker may still not have known of it."""


@fault(
    1,
    f"worker killed by SIGKILL, {KILLS} times",
    "failed requests at most those in flight; refused connections 0; ms to respawn",
    limit_s=40.0,
)
def worker_killed(stage: Stage) -> None:
    gateway = stage.gateway(stage.backend())
    load = stage.load(gateway.address)
    respawned_ms: list[float] = []
    unexplained: list[Result] = []
    for kill in range(KILLS):
        victim = gateway.worker_pids()[kill % 2]
        held = set(connections_of([victim], gateway.port)[victim])
        began_ns = load.mark()
        os.kill(victim, signal.SIGKILL)
        await_successor(gateway, victim)
        respawned_ms.append((load.mark() - began_ns) / 1e6)
        load.await_more(BETWEEN_KILLS)
        unexplained += [
            result
            for result in load.failed(began_ns - SECOND_NS, load.mark())
            if result.failure != "lost" or result.local_port not in held or result.sent_ns > began_ns + UNNOTICED_NS
        ]
    load.stop()
    stage.figure(f"respawned in {' '.join(f'{ms:.0f}' for ms in respawned_ms)} ms")
    stage.figure(f"{len(load.refused())} refused, {len(load.failed())} failed, {len(unexplained)} of them unexplained")
    stage.figure(load.told())
    stage.check(not load.refused(), f"{len(load.refused())} connections were refused")
    stage.check(not unexplained, f"{len(unexplained)} failures are not of what the killed worker had in flight")
    stage.check(
        statistics.median(respawned_ms) < 1000, f"respawned in {statistics.median(respawned_ms):.0f} ms (median)"
    )


def await_successor(gateway: Gateway, victim: int) -> None:
    """Until another process serves in its place."""

    def serves() -> bool:
        workers = gateway.workers()
        return all(worker["state"] == "serving" and worker["pid"] != victim for worker in workers)

    wait_until(serves, "a successor of the killed worker serves", 10.0, LOOK_S)
