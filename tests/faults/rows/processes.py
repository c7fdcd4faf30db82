"""Faults of processes: a worker killed, the gateway told to end."""

import contextlib
import os
import signal
import statistics
import subprocess
import sys
from typing import Final

from gateway.model.clock import MILLISECOND_NS, SECOND_NS
from perf.compare.sockets import connections_of
from perf.loadgen import NOT_SENT, Result
from tests.faults.load import Load
from tests.faults.row import fault
from tests.faults.stage import Stage
from tests.faults.subject import Subject
from tests.support.origin import OriginConnection, PeerGone
from tests.support.waiting import wait_until

KILLS: Final = 5
RESPAWN_MS: Final = 1000.0
BETWEEN_KILLS: Final = 600
"""Requests: so long that a worker which is killed again has served its five seconds, and is not thought to be in a loop."""

LOOK_S: Final = 0.01
SLOW: Final = 20
SOCKETS: Final = 50
DELAY_S: Final = 1
DEADLINE_S: Final = 4
SLOW_REQUEST: Final = b"GET /after/2000 HTTP/1.1\r\nHost: gateway.test\r\n\r\n"
HANDSHAKE: Final = (
    b"GET /socket HTTP/1.1\r\nHost: gateway.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
SWITCHING: Final = (
    b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
)


async def echo_tunnel(connection: OriginConnection) -> None:
    """A WebSocket as far as a gateway can tell: it switches, and sends back what it gets."""
    await connection.read_request()
    await connection.send(SWITCHING)
    with contextlib.suppress(PeerGone):
        while True:
            await connection.send(await connection.read_bytes(1, 60.0))


@fault(
    1,
    f"worker killed by SIGKILL, {KILLS} times",
    "failed requests at most those in flight; refused connections 0; ms to respawn",
    limit_s=40.0,
    peers=True,
)
def worker_killed(stage: Stage) -> None:
    gateway = stage.subject(stage.backend())
    load = stage.load(gateway.address)
    respawned_ms: list[float] = []
    workers = len(gateway.worker_pids())
    unexplained: list[Result] = []
    for kill in range(KILLS):
        victim = gateway.worker_pids()[kill % workers]
        held = set(connections_of([victim], gateway.address[1])[victim])
        began_ns = load.mark()
        os.kill(victim, signal.SIGKILL)
        await_successor(gateway, victim, workers)
        respawned_ms.append((load.mark() - began_ns) / 1e6)
        load.await_more(BETWEEN_KILLS)
        unexplained += [
            result
            for result in load.failed(began_ns - SECOND_NS, load.mark())
            if result.failure != "lost" or result.local_port not in held
        ]
    load.stop()
    stage.figure(f"respawned in {' '.join(f'{ms:.0f}' for ms in respawned_ms)} ms")
    stage.figure(f"{len(load.refused())} refused, {len(load.failed())} failed, {len(unexplained)} of them unexplained")
    stage.figure(load.told())
    stage.check(not load.refused(), f"{len(load.refused())} connections were refused")
    for one in unexplained[:3]:
        stage.check(False, f"{one.failure} of a {one.request.key} not on a connection of the killed worker")  # noqa: FBT003
    median_ms, bare_ms = statistics.median(respawned_ms), interpreter_ms()
    stage.figure(f"an interpreter with a worker's modules alone takes {bare_ms:.0f} ms")
    stage.check(median_ms < max(RESPAWN_MS, 2 * bare_ms), f"respawned in {median_ms:.0f} ms (median)")


def interpreter_ms() -> float:
    """How long this machine takes, as busy as it is, to start what a worker is made of: no successor can be there sooner."""
    command = [sys.executable, "-c", "import gateway.runtime.worker.worker"]
    began_ns = Load.mark()
    subprocess.run(command, check=True, timeout=20)
    return (Load.mark() - began_ns) / 1e6


def await_successor(gateway: Subject, victim: int, workers: int) -> None:
    """Until another process serves in its place."""

    def serves() -> bool:
        if gateway.has_ended():
            raise AssertionError("the whole gateway has ended with its worker")
        serving = gateway.worker_pids()
        return len(serving) == workers and victim not in serving

    wait_until(serves, "a successor of the killed worker serves", 10.0, LOOK_S)


@fault(
    3,
    f"SIGTERM under load, with {SLOW} requests of two seconds and {SOCKETS} WebSockets",
    "failed 0; seconds to exit; stragglers cut at the deadline",
    limit_s=40.0,
)
def told_to_end(stage: Stage) -> None:
    echo, backend = stage.origin(echo_tunnel), stage.backend()
    gateway = stage.gateway(
        backend,
        more_upstreams=f'  sockets: {{endpoints: ["{echo.address}"]}}',
        more_routes="  - {name: sockets, match: {path_prefix: /socket}, upstream: sockets}",
        more=f"drain: {{delay: {DELAY_S}s, deadline: {DEADLINE_S}s}}",
    )
    load = stage.load(gateway.address)
    slow = [stage.enter(gateway.client()) for _ in range(SLOW)]
    sockets = [stage.enter(gateway.client()) for _ in range(SOCKETS)]
    for client in sockets:
        client.send(HANDSHAKE)
        stage.check(client.read_response().status == 101, "a WebSocket was not opened")
    for client in slow:
        client.send(SLOW_REQUEST)
    wait_until(
        lambda: gateway.metric("sightline_http_requests_in_flight") >= SLOW + SOCKETS, "all are in flight", poll_s=0.2
    )
    began_ns = load.mark()
    gateway.signal(signal.SIGTERM)
    exit_code = gateway.await_exit(DELAY_S + DEADLINE_S + 5.0)
    took_s = (load.mark() - began_ns) / SECOND_NS
    load.stop()
    answers = [client.read_response() for client in slow]
    ends = [client.read_to_end() for client in sockets]
    # Who still comes when the delay is over was told by readiness, and by `Connection: close`, that he should not.
    failed = [one for one in load.failed(0, began_ns + DELAY_S * SECOND_NS) if one not in load.refused()]
    early = load.refused(0, began_ns + DELAY_S * SECOND_NS - 100 * MILLISECOND_NS)
    late = [one for one in load.failed(began_ns + DELAY_S * SECOND_NS) if one.failure not in NOT_SENT]
    well = sum(answer.status == 200 and answer.closes for answer in answers)
    stage.figure(f"{len(failed) + len(late)} failed, {len(early)} refused before the delay was over")
    stage.figure(f"{well} of {SLOW} in flight answered with `Connection: close`")
    stage.figure(f"exit {exit_code} after {took_s:.1f} s; {len(ends)} tunnels cut at the deadline")
    stage.check(not failed and not late, f"{len(failed) + len(late)} requests failed that were sent")
    stage.check(not early, f"{len(early)} connections were refused before the delay was over")
    stage.check(well == SLOW, f"{SLOW - well} of what was in flight were not answered with 200 and close")
    stage.check(exit_code == 0, f"exit code {exit_code}")
    in_time = DEADLINE_S - 0.5 < took_s < DELAY_S + DEADLINE_S + 2.0
    stage.check(in_time, f"it ended after {took_s:.1f} s, its deadline being {DELAY_S} + {DEADLINE_S} s")
