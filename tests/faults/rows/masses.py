"""Masses of clients: idle ones, more than are let in, more than there are descriptors for."""

import contextlib
import socket
import time
import urllib.request
from collections.abc import Callable
from typing import Final

from perf.compare.processes import cpu_ns
from tests.faults.crowd import Crowd, ask_all, gather, send_each
from tests.faults.row import fault
from tests.faults.rows.processes import HANDSHAKE, echo_tunnel
from tests.faults.rows.slowness import settled_memory
from tests.faults.rows.upstreams import get, told_of
from tests.faults.stage import Stage
from tests.faults.subject import Gateway
from tests.support.waiting import wait_until

IDLE: Final = 10_000
SOCKETS: Final = 2_000
BATCH: Final = 500
QUIET_S: Final = 4.0
KIB_AN_IDLE: Final = 16
KIB_A_SOCKET: Final = 48


@fault(
    22,
    f"{IDLE:,} idle kept-alive connections and {SOCKETS:,} idle WebSockets",
    "KiB for each; p99 with and without",
    limit_s=60.0,
)
def idle_masses(stage: Stage) -> None:
    echo = stage.origin(echo_tunnel)
    gateway = stage.gateway(
        stage.backend(),
        more_upstreams=f'  sockets: {{endpoints: ["{echo.address}"], connections: {{max: {SOCKETS}}}}}',
        more_routes="  - {name: sockets, match: {path_prefix: /socket}, upstream: sockets}",
    )
    crowd = stage.enter(Crowd(gateway.address))
    load = stage.load(gateway.address)
    load.run_for(QUIET_S)
    quiet_ns, before = load.mark(), settled_memory(gateway)
    answered = sum(served(crowd, BATCH, get("/idle"), 200) for _ in range(IDLE // BATCH))
    idle = settled_memory(gateway)
    switched = sum(served(crowd, BATCH, HANDSHAKE, 101) for _ in range(SOCKETS // BATCH))
    with_sockets = settled_memory(gateway)
    full_ns = load.mark()
    load.run_for(QUIET_S)
    quiet_ms, full_ms = load.percentile_ms(0.99, 0, quiet_ns), load.percentile_ms(0.99, full_ns)
    held = gateway.metric("sightline_connections_active")
    load.stop()
    each_idle, each_socket = (idle - before) / IDLE, (with_sockets - idle) / SOCKETS
    stage.figure(
        f"{each_idle:.1f} KiB for each of {answered} idle, {each_socket:.1f} KiB for each of {switched} WebSockets"
    )
    stage.figure(f"p99 {quiet_ms:.1f} -> {full_ms:.1f} ms; {len(load.failed())} failed")
    stage.check((answered, switched) == (IDLE, SOCKETS), f"{answered} answered, {switched} switched")
    stage.check(held >= IDLE + SOCKETS, f"{held:.0f} connections are held")
    stage.check(each_idle <= KIB_AN_IDLE, f"{each_idle:.1f} KiB for an idle connection")
    stage.check(each_socket <= KIB_A_SOCKET, f"{each_socket:.1f} KiB for a WebSocket")
    stage.check(not load.failed(), f"{len(load.failed())} requests failed")
    stage.check(full_ms < max(3 * quiet_ms, 250.0), f"p99 went from {quiet_ms:.1f} to {full_ms:.1f} ms")


def served(crowd: Crowd, count: int, request: bytes, status: int) -> int:
    """How many of so many more clients are answered so; they stay connected."""
    opened = crowd.open(count)
    send_each(opened, request)
    return sum(answer.status == status for answer in gather(opened, 15.0))


CAP: Final = 200
FLOOD: Final = 1000
LOOKS: Final = 50


@fault(
    23,
    f"a flood of {FLOOD:,} connections past a cap of {CAP}",
    "p99 of the admin API; connections past the cap turned away; s to recover",
    limit_s=30.0,
    fast=True,
)
def flood(stage: Stage) -> None:
    gateway = stage.gateway(stage.backend(), workers=1, listener=f"limits: {{connections: {CAP}}}")
    inside = stage.enter(Crowd(gateway.address))
    kept = sum(served(inside, CAP, get(), 200) for _ in range(1))
    with Crowd(gateway.address) as outside:
        turned_away, admin_ms = 0, list[float]()
        for _ in range(FLOOD // 100):
            # A connection may be reset while it is being made, or as soon as it is.
            for _ in range(100):
                with contextlib.suppress(OSError):
                    outside.open(1)
            admin_ms += timed_ms(lambda: gateway.call("/api/v1/status")[0] == 200, LOOKS // 10)
            admin_ms += timed_ms(lambda: gateway.call("/healthz")[0] == 200, LOOKS // 10)
        live = [client for client in outside.sockets if is_connected(client)]
        send_each(live, get())
        let_in = sum(answer.status == 200 for answer in gather(live, 2.0))
        turned_away = len(outside.sockets) - let_in
        send_each(inside.sockets, get())
        still = sum(answer.status == 200 for answer in gather(inside.sockets, 10.0))
    wait_until(lambda: turned_away_by(gateway) >= FLOOD * 0.9, "rejections are counted")
    rejected = turned_away_by(gateway)
    inside.close()
    began_s = time.monotonic()
    wait_until(lambda: is_served(gateway), "a new client is served", poll_s=0.01)
    recovered_s = time.monotonic() - began_s
    admin_ms.sort()
    stage.figure(
        f"{turned_away} of {FLOOD} turned away ({rejected:.0f} counted), {still} of {CAP} inside served meanwhile"
    )
    stage.figure(
        f"admin p99 {admin_ms[-1 - len(admin_ms) // 100]:.0f} ms of {len(admin_ms)}; recovered after {recovered_s:.2f} s"
    )
    stage.check((kept, still, let_in) == (CAP, CAP, 0), f"{kept} let in, {still} served, {let_in} past the cap")
    stage.check(admin_ms[-1 - len(admin_ms) // 100] < 500, f"the admin API took {admin_ms[-1]:.0f} ms")
    stage.check(recovered_s < 2, f"recovered after {recovered_s:.1f} s")


def turned_away_by(gateway: Gateway) -> float:
    return gateway.metric("sightline_connections_rejected_total")


def timed_ms(call: Callable[[], bool], times: int) -> list[float]:
    """How long each of so many calls took. A call that is not answered well counts as ten seconds."""
    took_ms = []
    for _ in range(times):
        began_s = time.monotonic()
        is_well = call()
        took_ms.append((time.monotonic() - began_s) * 1000 if is_well else 10_000.0)
    return took_ms


def is_connected(client: socket.socket) -> bool:
    try:
        client.getpeername()
    except OSError:
        return False
    return True


def is_served(gateway: Gateway) -> bool:
    with contextlib.suppress(OSError, AssertionError):
        return ask_all(gateway.address, [get()], 2.0)[0].status == 200
    return False


DESCRIPTORS: Final = 256
EARLY: Final = 60
"""Clients that are let in while there is room: with a connection to the upstream for each, they take half of it."""
STARVED_S: Final = 4.0
CPU_MOST: Final = 25.0


@fault(
    24,
    f"{DESCRIPTORS} file descriptors, and twice as many clients",
    "CPU % while starved; admin and health answer; s to recover",
    limit_s=40.0,
)
def starved_of_descriptors(stage: Stage) -> None:
    gateway = stage.cold_gateway(stage.backend(), workers=1)
    gateway.prefix = ("sh", "-c", f'ulimit -n {DESCRIPTORS} && exec "$@"', "sh")
    stage.enter(gateway)
    crowd = stage.enter(Crowd(gateway.address))
    # The kernel accepts for a listener that cannot, until its queue is full.
    early = crowd.open(EARLY)
    send_each(early, get())
    first = sum(answer.status == 200 for answer in gather(early, 5.0))
    crowd.open(2 * DESCRIPTORS - EARLY)
    pids = [gateway.pid, *gateway.worker_pids()]
    spent_ns, began_s = sum(cpu_ns(pid) for pid in pids), time.monotonic()
    healthy_ms = list[float]()
    while time.monotonic() - began_s < STARVED_S:
        healthy_ms += timed_ms(lambda: is_healthy(gateway), 1)
        time.sleep(0.1)
    took_s = time.monotonic() - began_s
    busy = (sum(cpu_ns(pid) for pid in pids) - spent_ns) / 1e7 / took_s
    send_each(early, get())
    answers = gather(early, 5.0)
    held = sum(answer.status == 200 for answer in answers)
    crowd.close()
    began_s = time.monotonic()
    wait_until(lambda: is_served(gateway), "a new client is served", poll_s=0.02)
    recovered_s = time.monotonic() - began_s
    healthy_ms.sort()
    stage.figure(f"{busy:.1f} % of a processor while starved, admin at most {healthy_ms[-1]:.0f} ms")
    stage.figure(f"{held} of {first} kept clients served meanwhile; recovered after {recovered_s:.2f} s")
    stage.check(busy < CPU_MOST, f"{busy:.0f} % of a processor while starved")
    stage.check(held == first == EARLY, f"kept clients were told {told_of(answers)}")
    stage.check(healthy_ms[-1] < 2000, "the admin API did not answer")
    stage.check(recovered_s < 2, f"recovered after {recovered_s:.1f} s")
    stage.check(not gateway.has_ended(), "the gateway has ended")


def is_healthy(gateway: Gateway) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{gateway.admin_port}/healthz", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
