"""Faults as `make faults-compare` does them to Sightline, HAProxy and nginx alike: one upstream, no route of its own, and only
what a client can see. `make faults` has the same faults with all that they ask for."""

import itertools
import os
import random
import signal
import socket
import sys
from collections import Counter
from typing import Final

from gateway.model.clock import SECOND_NS
from perf.compare.processes import free_port
from tests.faults.crowd import Crowd, Told, ask_all, gather, send_each
from tests.faults.fault_proxy import Blackhole, Ending, Fault, FaultProxy, Way
from tests.faults.load import Load
from tests.faults.row import fault
from tests.faults.rows.answers import HEADS, SIZE, answer_long, endpoint_of, read_cut
from tests.faults.stage import Stage
from tests.support.raw_client import RawClient

ASKED: Final = 50
CUTS: Final = 200
KIB: Final = 1024
CONNECT_S: Final = 0.5
FIRST_BYTE_S: Final = 1.0
SLOW: Final = 20
SLOW_MS: Final = 1500
FLOODS: Final = {
    "a URL of 1 MB": b"GET /" + b"a" * (1024 * KIB),
    "a field of 1 MB": b"GET / HTTP/1.1\r\nHost: gateway.test\r\nX-A: " + b"a" * (1024 * KIB),
    "20,000 fields": b"GET / HTTP/1.1\r\nHost: gateway.test\r\n" + b"X-A: 1\r\n" * 20_000,
}


def get(path: str = "/") -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: gateway.test\r\n\r\n".encode()


def told_of(answers: list[Told]) -> str:
    """`50 x 502 after 0.8 to 12.1 ms`."""
    counts = Counter(answer.status for answer in answers)
    took_ms = sorted(answer.took_s * 1000 for answer in answers)
    statuses = ", ".join(f"{count} x {status}" for status, count in counts.most_common())
    return f"{statuses} after {took_ms[0]:.0f} to {took_ms[-1]:.0f} ms"


@fault(
    3, f"told to end with {SLOW} requests in flight", "failed 0; seconds to exit", limit_s=20.0, peers=True, alone=False
)
def ended_in_order(stage: Stage) -> None:
    subject = stage.subject(stage.backend())
    with Crowd(subject.address) as crowd:
        crowd.open(SLOW)
        send_each(crowd.sockets, get(f"/after/{SLOW_MS}"))
        answers = gather(crowd.sockets[:1], 0.3)
        began_ns = Load.mark()
        subject.end_in_order()
        answers = gather(crowd.sockets, 5.0)
    code = subject.await_exit(10.0)
    took_s = (Load.mark() - began_ns) / SECOND_NS
    stage.figure(f"{told_of(answers)}; exit {code} after {took_s:.1f} s")
    stage.check(all(answer.status == 200 for answer in answers), "requests in flight were cut")


@fault(15, "an upstream that refuses", "ms to 502", limit_s=20.0, peers=True, alone=False)
def refusing(stage: Stage) -> None:
    subject = stage.subject(f"127.0.0.1:{free_port()}")
    answers = ask_all(subject.address, [get()] * ASKED, 10.0)
    stage.figure(told_of(answers))
    stage.check(all(answer.status in {502, 503} for answer in answers), "not told 502 or 503")


@fault(
    16,
    f"an upstream that is a black hole, connect timeout {CONNECT_S} s",
    "504 at the timeout +-10 %",
    limit_s=25.0,
    peers=True,
    alone=False,
)
def swallowing(stage: Stage) -> None:
    hole = stage.enter(Blackhole())
    subject = stage.subject(hole.endpoint, connect_s=CONNECT_S)
    answers = ask_all(subject.address, [get()] * ASKED, 15.0)
    stage.figure(told_of(answers))
    stage.check(all(answer.status in {503, 504} for answer in answers), "not told 504 or 503")
    slowest_s = max(answer.took_s for answer in answers)
    stage.check(slowest_s < CONNECT_S * 1.1 + 0.1, f"the last was told after {slowest_s:.2f} s")


@fault(
    17,
    f"an upstream stopped by SIGSTOP, response timeout {FIRST_BYTE_S:.0f} s",
    "504 at the timeout; service when it goes on",
    limit_s=25.0,
    peers=True,
    alone=False,
)
def stopped(stage: Stage) -> None:
    port = free_port()
    command = [sys.executable, "-m", "perf.backend", port]
    origin = stage.processes.start("stopped", command, frozenset(os.sched_getaffinity(0)))
    stage.processes.wait_listening(origin, port)
    subject = stage.subject(f"127.0.0.1:{port}", first_byte_s=FIRST_BYTE_S)
    os.kill(origin.pid, signal.SIGSTOP)
    answers = ask_all(subject.address, [get()] * ASKED, 15.0)
    os.kill(origin.pid, signal.SIGCONT)
    after = ask_all(subject.address, [get()] * ASKED, 10.0)
    stage.figure(f"{told_of(answers)}; when it went on {told_of(after)}")
    stage.check(all(answer.status == 504 for answer in answers), "not told 504")
    stage.check(all(answer.status == 200 for answer in after), "not served when it went on")


@fault(
    18,
    f"RST or FIN in the middle of the answer, {CUTS} times",
    "truncated answers given as whole: 0",
    limit_s=30.0,
    peers=True,
    alone=False,
)
def cut(stage: Stage) -> None:
    chance = random.Random(18)
    endings = itertools.cycle((Ending.RST, Ending.FIN))

    def choose(_number: int) -> Fault:
        return Fault(to_client=Way(cut_after=chance.randrange(1, SIZE), ending=next(endings)))

    proxy = stage.enter(FaultProxy(endpoint_of(stage.origin(answer_long)), choose))
    subject = stage.subject(proxy.endpoint)
    targets = [target for target in HEADS if target != b"/close"]
    told = Counter(read_cut(RawClient(subject.address), targets[number % 2]) for number in range(CUTS))
    stage.figure(", ".join(f"{count} {what}" for what, count in told.most_common()))
    stage.check(not told["whole"], f"{told['whole']} truncated answers were given as whole")


@fault(29, "half-close by 50 clients that have asked", "delivered 100 %", limit_s=20.0, peers=True, alone=False)
def half_closed(stage: Stage) -> None:
    subject = stage.subject(stage.backend())
    with Crowd(subject.address) as crowd:
        crowd.open(ASKED)
        send_each(crowd.sockets, get("/after/100"))
        for client in crowd.sockets:
            client.shutdown(socket.SHUT_WR)
        answers = gather(crowd.sockets, 10.0)
    delivered = sum(answer.status == 200 for answer in answers)
    stage.figure(f"{delivered} of {ASKED} delivered")
    stage.check(delivered == ASKED, f"{ASKED - delivered} answers did not come")


@fault(31, "huge URL, field, and fields", "refused at the limit", limit_s=20.0, peers=True, alone=False)
def huge_heads(stage: Stage) -> None:
    subject = stage.subject(stage.backend())
    for name, flood in FLOODS.items():
        with RawClient(subject.address) as client:
            client.send_until_refused(flood)
            [answer] = gather([client.socket], 5.0)
        stage.figure(f"{name}: {answer.status or answer.ended}")
        is_refused = 400 <= answer.status < 500 or answer.ended
        stage.check(is_refused, f"{name}: {answer.status}")
