"""Upstreams that are down, unreachable, or stopped: what their own clients are told and when, and what others notice."""

import os
import signal
import sys
import threading
import time
from collections import Counter
from typing import Final, Self

from perf.compare.processes import Process, free_port
from tests.faults.crowd import Told, ask_all, open_towards
from tests.faults.fault_proxy import REFUSING, Blackhole, FaultProxy
from tests.faults.load import Load
from tests.faults.row import fault
from tests.faults.stage import Stage
from tests.faults.subject import Gateway
from tests.support.waiting import wait_until

CONNECT_S: Final = 0.5
FIRST_BYTE_S: Final = 1.0
TOLERANCE: Final = 0.1
QUIET_S: Final = 2.0


def get(path: str = "/") -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: gateway.test\r\n\r\n".encode()


def told_of(answers: list[Told]) -> str:
    """`40 x 504 connect_timeout`."""
    counts = Counter((answer.status, answer.reason or answer.ended) for answer in answers)
    return ", ".join(f"{count} x {status} {reason}".rstrip() for (status, reason), count in counts.most_common())


def others(load: Load, since_ns: int, until_ns: int) -> str:
    """What the requests that have nothing to do with it noticed: their p99 before and meanwhile."""
    return (
        f"others' p99 {load.percentile_ms(0.99, 0, since_ns):.1f} -> "
        f"{load.percentile_ms(0.99, since_ns, until_ns):.1f} ms, {len(load.failed())} of them failed"
    )


def check_others(stage: Stage, load: Load, since_ns: int, until_ns: int) -> None:
    before_ms, after_ms = load.percentile_ms(0.99, 0, since_ns), load.percentile_ms(0.99, since_ns, until_ns)
    stage.check(not load.failed(), f"{len(load.failed())} requests of others failed: {load.told()}")
    stage.check(
        after_ms < max(3 * before_ms, 250.0), f"the p99 of others went from {before_ms:.1f} to {after_ms:.1f} ms"
    )


EJECTED_S: Final = 2.0
WATCHED_S: Final = 5.0
BUDGET: Final = 0.2
FLOOR: Final = 3.0


@fault(
    15,
    "an upstream down: connections refused, or reset when accepted; then one endpoint of two",
    "ms to 502; s to ejection; retries at most 20 % and 3 a second",
    limit_s=40.0,
)
def upstream_down(stage: Stage) -> None:
    well = stage.backend()
    proxy = stage.enter(FaultProxy(("127.0.0.1", 9), REFUSING))
    gateway = stage.gateway(
        well,
        more_upstreams=f'  refused: {{endpoints: ["127.0.0.1:{free_port()}"]}}\n  reset: {{endpoints: ["{proxy.endpoint}"]}}',
        more_routes="  - {name: refused, match: {path: /refused}, upstream: refused}\n"
        "  - {name: reset, match: {path: /reset}, upstream: reset}",
    )
    load = stage.load(gateway.address)
    load.run_for(QUIET_S)
    began_ns = load.mark()
    for name in ("refused", "reset"):
        answers = [answer for _ in range(10) for answer in ask_all(gateway.address, [get(f"/{name}")] * 10, 5.0)]
        took_ms = sorted(answer.took_s * 1000 for answer in answers)
        stage.figure(f"{name}: {told_of(answers)}, {took_ms[50]:.1f}/{took_ms[98]:.1f} ms (p50/p99)")
        stage.check(all(answer.status == 502 for answer in answers), f"{name}: {told_of(answers)}")
        stage.check(took_ms[98] < 250, f"{name}: told after {took_ms[98]:.0f} ms")
    ended_ns = load.mark()
    load.stop()
    stage.figure(f"{proxy.accepted} connections for 100 requests; {others(load, began_ns, ended_ns)}")
    stage.check(proxy.accepted <= 100, f"100 requests made {proxy.accepted} connections")
    check_others(stage, load, began_ns, ended_ns)
    one_of_two_down(stage)


def one_of_two_down(stage: Stage) -> None:
    """The other takes over: at once for those that may be tried again, and for all when the first is ejected."""
    host, _, port = stage.backend().rpartition(":")
    proxy = stage.enter(FaultProxy((host, int(port))))
    gateway = stage.gateway(
        stage.backend(),
        proxy.endpoint,
        upstream="health: {passive: {consecutive_failures: 3, eject_for: 60s}}",
        route="retries: {attempts: 2, on: [connect_error, reset], methods: any, budget: 20%}",
    )
    load = stage.load(gateway.address)
    load.run_for(1.0)
    proxy.fault = REFUSING
    proxy.break_all(with_reset=True)
    began_s, began_ns, before = time.monotonic(), load.mark(), proxy.accepted
    wait_until(lambda: endpoints_ejected(gateway), "the endpoint is ejected", 10.0, 0.02)
    ejected_s = time.monotonic() - began_s
    load.run_for(WATCHED_S)
    load.stop()
    wait_until(lambda: gateway.metric("sightline_upstream_retries_total", result="success"), "retries are counted")
    tried, requests = proxy.accepted - before, len(load.between(began_ns))
    retries = gateway.metric("sightline_upstream_retries_total", result="success")
    allowed = BUDGET * len(load.results) + FLOOR * (WATCHED_S + ejected_s + 1)
    stage.figure(f"one of two: ejected after {ejected_s:.2f} s, {tried} connections to it, {retries:.0f} retries")
    stage.figure(f"{len(load.failed(began_ns))} of {requests} failed")
    stage.check(ejected_s < EJECTED_S, f"ejected after {ejected_s:.1f} s")
    stage.check(retries <= allowed, f"{retries:.0f} retries, {allowed:.0f} are allowed")
    stage.check(len(load.failed(began_ns)) <= requests * 0.02, f"{len(load.failed(began_ns))} of {requests} failed")


def endpoints_ejected(gateway: Gateway) -> float:
    return gateway.metric("sightline_upstream_endpoints", upstream="origin", state="ejected")


@fault(
    16,
    f"an upstream that is a black hole, connect timeout {CONNECT_S:g} s",
    "504 at the timeout +-10 %; p99 of the other route",
    limit_s=20.0,
    peers=False,
)
def black_hole(stage: Stage) -> None:
    hole = stage.enter(Blackhole())
    gateway = stage.gateway(
        stage.backend(),
        more_upstreams=f'  hole: {{endpoints: ["{hole.endpoint}"], connections: {{connect_timeout: {CONNECT_S * 1000:.0f}ms}}}}',
        more_routes="  - {name: hole, match: {path: /hole}, upstream: hole}",
    )
    load = stage.load(gateway.address)
    load.run_for(QUIET_S)
    began_ns = load.mark()
    answers = [answer for _ in range(4) for answer in ask_all(gateway.address, [get("/hole")] * 50, 10.0)]
    ended_ns = load.mark()
    load.stop()
    took_s = sorted(answer.took_s for answer in answers)
    stage.figure(f"{told_of(answers)} after {took_s[0]:.3f} to {took_s[-1]:.3f} s; {others(load, began_ns, ended_ns)}")
    stage.check(all(answer.status == 504 for answer in answers), told_of(answers))
    stage.check(
        took_s[0] >= CONNECT_S * (1 - TOLERANCE) and took_s[-1] <= CONNECT_S * (1 + TOLERANCE),
        f"told after {took_s[0]:.3f} to {took_s[-1]:.3f} s",
    )
    check_others(stage, load, began_ns, ended_ns)


MOST: Final = 4
PENDING: Final = 8
ASKED: Final = 40


@fault(
    17,
    f"an upstream stopped by SIGSTOP, {MOST} connections and a queue of {PENDING}",
    "504 at the response timeout; leaked connections 0; queue bounded, then 503",
    limit_s=25.0,
)
def stopped_upstream(stage: Stage) -> None:
    port = free_port()
    cores = frozenset(os.sched_getaffinity(0))
    origin = stage.processes.start("stopped", [sys.executable, "-m", "perf.backend", port], cores)
    stage.processes.wait_listening(origin, port)
    gateway = stage.gateway(
        stage.backend(),
        workers=1,
        more_upstreams=f'  stopped: {{endpoints: ["127.0.0.1:{port}"], connections: {{max: {MOST}, max_pending: {PENDING}}}}}',
        more_routes="  - {name: stopped, match: {path: /stopped}, upstream: stopped,"
        f" timeouts: {{first_byte: {FIRST_BYTE_S * 1000:.0f}ms}}}}",
    )
    load = stage.load(gateway.address)
    load.run_for(QUIET_S)
    peak = Peak(gateway)
    began_ns = load.mark()
    with peak:
        answers = ask_while_stopped(gateway, origin)
    ended_ns = load.mark()
    load.stop()
    slow = [answer for answer in answers if answer.status == 504]
    shed = [answer for answer in answers if answer.status == 503]
    at_once = [answer for answer in shed if answer.took_s < FIRST_BYTE_S / 2]
    stage.figure(
        f"{told_of(answers)}; 504 after {min_max(slow)} s; 503 at once {len(at_once)}, after {min_max(at_once)} s"
    )
    stage.figure(f"queue at most {peak.pending:.0f}; {others(load, began_ns, ended_ns)}")
    stage.check(len(slow) + len(shed) == len(answers), told_of(answers))
    stage.check(len(slow) >= 2 * MOST, f"{len(slow)} requests found a connection, of {2 * MOST}")
    stage.check(len(at_once) == 2 * (ASKED - MOST - PENDING), f"{len(at_once)} were sent away at once")
    told_late = [each.took_s for each in answers if each not in at_once]
    # Who gets the connection of one that was given up waits for an answer of its own.
    rounds = [max(1, round(took_s / FIRST_BYTE_S)) for took_s in told_late]
    stage.check(
        all(
            0 <= took_s / FIRST_BYTE_S - each <= each * TOLERANCE
            for took_s, each in zip(told_late, rounds, strict=True)
        ),
        f"who waited was told after {min(told_late):.2f} to {max(told_late):.2f} s",
    )
    stage.check(max(rounds) <= 2, f"somebody waited for {max(told_late):.1f} s")
    stage.check(0 < peak.pending <= PENDING, f"{peak.pending:.0f} waited in a queue of {PENDING}")
    check_others(stage, load, began_ns, ended_ns)
    check_recovered(stage, gateway, port)


def ask_while_stopped(gateway: Gateway, origin: Process) -> list[Told]:
    """Twice as many as there are places, all at once, twice."""
    stopped = origin.pids()[-1]
    os.kill(stopped, signal.SIGSTOP)
    try:
        return [told for _ in range(2) for told in ask_all(gateway.address, [get("/stopped")] * ASKED, 10.0)]
    finally:
        os.kill(stopped, signal.SIGCONT)


def min_max(answers: list[Told]) -> str:
    took_s = [answer.took_s for answer in answers] or [0.0]
    return f"{min(took_s):.2f} to {max(took_s):.2f}"


class Peak(threading.Thread):
    """Looks at the length of the queue for connections, again and again."""

    def __init__(self, gateway: Gateway) -> None:
        super().__init__(name="peak", daemon=True)
        self.pending = 0.0
        self._gateway = gateway
        self._stopping = threading.Event()

    def run(self) -> None:
        while not self._stopping.wait(0.05):
            self.pending = max(self.pending, self._gateway.metric("sightline_upstream_pending", upstream="stopped"))

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self.join(5.0)


def check_recovered(stage: Stage, gateway: Gateway, port: int) -> None:
    """Going on again, it is asked as before, and no connection is left over."""
    began_s = time.monotonic()
    wait_until(
        lambda: ask_all(gateway.address, [get("/stopped")], 5.0)[0].status == 200, "it answers again", poll_s=0.02
    )
    recovered_s = time.monotonic() - began_s
    leaked = max(0, open_towards(port) - MOST)
    stage.figure(f"recovered after {recovered_s:.2f} s, {leaked} connections leaked")
    stage.check(not leaked, f"{leaked} connections leaked")
    stage.check(recovered_s < 1.0, f"it recovered after {recovered_s:.1f} s")
