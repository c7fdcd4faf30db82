"""Sides that are slow: readers that stall, upstreams that drip, clients that send a byte now and then."""

import socket
import statistics
import time
from itertools import pairwise
from typing import Final

from tests.faults.crowd import Crowd, Told, ask_all, await_cut, gather, send_each
from tests.faults.fault_proxy import Fault, FaultProxy, Way
from tests.faults.row import fault
from tests.faults.rows.upstreams import check_others, get, others, told_of
from tests.faults.stage import Stage
from tests.faults.subject import Gateway
from tests.support.waiting import wait_until_steady

KIB: Final = 1024
STALLED: Final = 200
STALLED_SIZE: Final = 100 * KIB * KIB
STALL_S: Final = 5.0
BATCH: Final = 10
KIB_A_STREAM: Final = 256
DRIPPING: Final = 20
QUIET_S: Final = 2.0


def workers_memory(gateway: Gateway) -> int:
    """Resident bytes of all workers."""
    return sum(size for name, size in gateway.resident().items() if name != "supervisor")


def settled_memory(gateway: Gateway) -> int:
    """The same in KiB, once it does not change any more."""
    return wait_until_steady(lambda: workers_memory(gateway) // (256 * KIB), "memory has settled", 0.5) * 256


@fault(
    20,
    f"{STALLED} readers that stall in an answer of 100 MB, and an upstream that drips 2,000 bytes a second",
    f"KiB of memory for each stalled stream (at most {KIB_A_STREAM}); s until cut; dripped answers whole",
    limit_s=40.0,
)
def stalled_readers(stage: Stage) -> None:
    gateway = with_streams(stage, f"timeouts: {{write_stall: {STALL_S:g}s}}")
    load = stage.load(gateway.address)
    load.run_for(QUIET_S)
    crowd = stage.enter(Crowd(gateway.address))
    before, began_ns = settled_memory(gateway), load.mark()
    stalled = stall(crowd, STALLED)
    each, stalled_ns = (settled_memory(gateway) - before) / STALLED, load.mark()
    cut_s = sorted(await_cut(stalled, 2 * STALL_S + 8))
    ended_ns = load.mark()
    load.stop()
    stage.figure(f"{each:.0f} KiB for each of {STALLED}; {len(cut_s)} cut within {max(cut_s, default=0):.1f} s more")
    stage.check(each <= KIB_A_STREAM, f"{each:.0f} KiB for each stalled stream")
    stage.check(len(cut_s) == STALLED, f"{len(cut_s)} of {STALLED} stalled readers were cut")
    burst_ms = load.percentile_ms(0.99, began_ns, stalled_ns)
    stage.figure(f"{others(load, stalled_ns, ended_ns)}; {burst_ms:.0f} ms while all that fits into the kernel flowed")
    check_others(stage, load, stalled_ns, ended_ns)
    drip(stage)


def stall(crowd: Crowd, count: int) -> list[socket.socket]:
    """So many more clients that ask for much and read nothing; a few at a time, as each has megabytes under way first."""
    for _ in range(count // BATCH):
        send_each(crowd.open(BATCH, receive_buffer=4096), get(f"/bytes/{STALLED_SIZE}"))
        time.sleep(0.05)
    return crowd.sockets[-count:]


def with_streams(stage: Stage, listener: str) -> Gateway:
    """A gateway with a route to an origin of its own for what is slow: what others notice is the gateway's doing then."""
    return stage.gateway(
        stage.backend(),
        listener=listener,
        more_upstreams=f'  streams: {{endpoints: ["{stage.backend()}"], connections: {{max: 2500, connect_timeout: 10s}}}}',
        more_routes="  - {name: streams, match: {path_prefix: /bytes}, upstream: streams}",
    )


def drip(stage: Stage) -> None:
    host, _, port = stage.backend().rpartition(":")
    proxy = stage.enter(FaultProxy((host, int(port)), Fault(to_client=Way(bytes_per_s=2000))))
    gateway = stage.gateway(proxy.endpoint)
    answers = ask_all(gateway.address, [get("/bytes/6000")] * DRIPPING, 15.0)
    whole = sum(answer.status == 200 and len(answer.body) == 6000 for answer in answers)
    stage.figure(f"dripped: {whole} of {DRIPPING} whole after {statistics.median(a.took_s for a in answers):.1f} s")
    stage.check(whole == DRIPPING, f"{whole} of {DRIPPING} dripped answers came whole: {told_of(answers)}")


HEADER_S: Final = 3.0
BODY_S: Final = 3.0
WRITE_S: Final = 3.0
SLOW: Final = (200, 2000)
READERS: Final = 200
"""Of whom each has megabytes in the kernel before it is held up."""
RATE_GRACE_S: Final = 5.0
"""For so long a body may come at any rate."""
LISTENER: Final = f"timeouts: {{header: {HEADER_S:g}s, body_idle: {BODY_S:g}s, write_stall: {WRITE_S:g}s}}, limits: {{min_body_rate: 1KiB}}"
GRACE_S: Final = 1.0
P99_MS: Final = 250.0
KIB_A_HEAD: Final = 24


@fault(
    21,
    f"slow headers and bodies on {SLOW[0]} and then {SLOW[1]:,} connections, {READERS} slow readers",
    "good requests 100 %, p99; s until cut; memory",
    limit_s=60.0,
)
def slow_clients(stage: Stage) -> None:
    gateway = with_streams(stage, LISTENER)
    load = stage.load(gateway.address)
    load.run_for(QUIET_S)
    before, memory, marks = settled_memory(gateway), 0, [load.mark()]
    for count in SLOW:
        memory = slow_headers(stage, gateway, count)
        slow_bodies(stage, gateway, count)
        marks.append(load.mark())
    dripping_bodies(stage, gateway, SLOW[-1])
    marks.append(load.mark())
    stalled_ns, ended_ns = slow_readers(stage, gateway, READERS), load.mark()
    load.stop()
    good = load.between(marks[0], ended_ns)
    p99_ms = [load.percentile_ms(0.99, since, until) for since, until in pairwise([0, *marks])]
    p99_ms.append(load.percentile_ms(0.99, stalled_ns, ended_ns))
    stage.figure(f"{100 * (1 - len(load.failed()) / len(good)):.1f} % of {len(good)} good requests")
    stage.figure(
        f"p99 {' -> '.join(f'{each:.1f}' for each in p99_ms)} ms (quiet, {SLOW[0]}, {SLOW[1]}, dripping, readers)"
    )
    stage.figure(f"{(memory - before) / SLOW[-1]:.1f} KiB for each of {SLOW[-1]} slow headers")
    stage.check(not load.failed(), f"{len(load.failed())} good requests failed: {load.told()}")
    bound_ms = max(P99_MS, 12 * p99_ms[0])
    stage.check(max(p99_ms) < bound_ms, f"p99 of good requests {max(p99_ms):.0f} ms")
    stage.check(memory - before < SLOW[-1] * KIB_A_HEAD, f"memory grew by {memory - before} KiB")


def slow_headers(stage: Stage, gateway: Gateway, count: int) -> int:
    """A head that goes on by a byte every half second; gives the memory of the workers meanwhile, in KiB."""
    with Crowd(gateway.address) as crowd:
        crowd.open(count)
        send_each(crowd.sockets, b"GET / HTTP/1.1\r\nHost: gateway.test\r\nX-Slow: ")
        early = gather(crowd.sockets, HEADER_S - 1, drip=b"a")
        stage.check(
            not any(answer.status or answer.ended for answer in early), f"cut before its time: {told_of(early)}"
        )
        memory = workers_memory(gateway) // KIB
        late = gather(crowd.sockets, 4 * GRACE_S, drip=b"a")
    check_cut(stage, "headers", [each._replace(took_s=each.took_s + HEADER_S - 1) for each in late], HEADER_S)
    return memory


def slow_bodies(stage: Stage, gateway: Gateway, count: int) -> None:
    """A body that stops after its first bytes."""
    with Crowd(gateway.address) as crowd:
        crowd.open(count)
        send_each(crowd.sockets, b"POST /bytes HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: 1000\r\n\r\nbegun")
        check_cut(stage, "bodies", gather(crowd.sockets, BODY_S + 3 * GRACE_S), BODY_S)


def dripping_bodies(stage: Stage, gateway: Gateway, count: int) -> None:
    """A body that goes on by a byte every half second."""
    with Crowd(gateway.address) as crowd:
        crowd.open(count)
        send_each(crowd.sockets, b"POST /bytes HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: 1000\r\n\r\nbegun")
        check_cut(stage, "dripping bodies", gather(crowd.sockets, RATE_GRACE_S + 3 * GRACE_S, drip=b"a"), RATE_GRACE_S)


def slow_readers(stage: Stage, gateway: Gateway, count: int) -> int:
    """An answer of which nothing is read; gives when all of them had come to a stop."""
    with Crowd(gateway.address) as crowd:
        stall(crowd, count)
        settled_memory(gateway)
        stalled_ns = time.monotonic_ns()
        cut_s = await_cut(crowd.sockets, 2 * WRITE_S + 6 * GRACE_S)
    stage.figure(
        f"{count} readers: {len(cut_s)} cut after {min(cut_s, default=0):.1f} to {max(cut_s, default=0):.1f} s"
    )
    stage.check(len(cut_s) == count, f"{len(cut_s)} of {count} slow readers were cut")
    return stalled_ns


def check_cut(stage: Stage, what: str, answers: list[Told], due_s: float) -> None:
    took_s = sorted(answer.took_s for answer in answers)
    stage.figure(f"{len(answers)} {what}: {told_of(answers)} after {took_s[0]:.1f} to {took_s[-1]:.1f} s")
    stage.check(all(answer.status == 408 for answer in answers), f"slow {what}: {told_of(answers)}")
    stage.check(took_s[-1] <= due_s + 2 * GRACE_S, f"slow {what}: cut after {took_s[-1]:.1f} s")
    stage.check(took_s[0] >= due_s * 0.9, f"slow {what}: cut after {took_s[0]:.1f} s already")
