"""More than there is room for: twice the capacity, retries on top of failures, less memory than is asked for."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, NamedTuple

from perf.compare.peers import envoy_binary
from perf.compare.processes import Process, StartError, free_port
from perf.loadgen import Request
from tests.faults.crowd import Crowd, send_each
from tests.faults.load import Load
from tests.faults.needs import memory_group
from tests.faults.row import fault
from tests.faults.rows.slowness import stall
from tests.faults.stage import Stage
from tests.support.origin import OriginConnection
from tests.support.raw_client import Address
from tests.support.waiting import wait_until

PLACES: Final = 20
TOOK_MS: Final = 50
CAPACITY: Final = PLACES * 1000 / TOOK_MS
WORKERS: Final = 2
PEAK_S: Final = 6.0
OVER_S: Final = 30.0
ENVOY_OVER_S: Final = 15.0
AFTER_S: Final = 4.0
CONNECTIONS: Final = 200
LEAST_SHARE: Final = 0.8
ACCEPTED_P99_MS: Final = 500.0
RECOVERED_S: Final = 2.0
SPARE: Final = 0.85
"""Of a processor, the most that generator and upstream may have used for the figures to say something of the gateway."""


class Demand(NamedTuple):
    """Of a gateway under twice its capacity. recovered_s: from the end of that to the last request that was not served as
    usual. busy: shares of a processor of the generator and the upstream."""

    peak: float
    goodput: float
    p99_ms: float
    told: str
    recovered_s: float
    busy: tuple[float, float]

    def __str__(self) -> str:
        return (
            f"goodput {self.goodput:.0f}/s of {self.peak:.0f}/s ({100 * self.goodput / self.peak:.0f} %), accepted p99 "
            f"{self.p99_ms:.0f} ms, {self.told}, recovered after {self.recovered_s:.2f} s"
        )


@fault(
    26,
    f"twice the capacity for {OVER_S:.0f} s: {2 * CAPACITY:.0f}/s for an upstream with {PLACES} places of {TOOK_MS} ms",
    "goodput against the peak (at least 80 %); accepted p99; s to recover; beside Envoy",
    limit_s=110.0,
)
def twice_the_capacity(stage: Stage) -> None:
    upstream, port = start_places(stage)
    limits = f"connections: {{max: {PLACES // WORKERS}, max_pending: {PLACES // WORKERS}}}"
    gateway = stage.gateway(f"127.0.0.1:{port}", workers=WORKERS, upstream=limits)
    ours = overrun(gateway.address, upstream, OVER_S)
    stage.figure(str(ours))
    stage.figure(f"generator and upstream used {ours.busy[0]:.2f} and {ours.busy[1]:.2f} of a processor")
    stage.check(ours.goodput >= LEAST_SHARE * ours.peak, f"goodput fell to {100 * ours.goodput / ours.peak:.0f} %")
    stage.check(ours.p99_ms <= ACCEPTED_P99_MS, f"accepted p99 {ours.p99_ms:.0f} ms")
    stage.check(ours.recovered_s < RECOVERED_S, f"recovered after {ours.recovered_s:.1f} s")
    stage.check(max(ours.busy) < SPARE, f"generator or upstream was short of time itself: {ours.busy}")
    stage.check(ours.peak >= LEAST_SHARE * CAPACITY, f"the peak was {ours.peak:.0f}/s of {CAPACITY:.0f}/s")
    stage.figure(f"Envoy: {beside_envoy(stage)}")


def start_places(stage: Stage) -> tuple[Process, int]:
    port = free_port()
    command = [sys.executable, "-m", "tests.faults.places", port, PLACES, TOOK_MS]
    process = stage.processes.start(f"places-{port}", command, frozenset(os.sched_getaffinity(0)))
    stage.processes.wait_listening(process, port)
    return process, port


def overrun(address: Address, upstream: Process, over_s: float) -> Demand:
    """At its capacity, then at twice that, then at half of it."""
    with demand(address, 1.0) as at_peak:
        at_peak.run_for(PEAK_S)
    began_s, spent_s, upstream_ns = time.monotonic(), time.process_time(), upstream.cpu_ns()
    with demand(address, 2.0) as over:
        over.run_for(over_s)
        took_s = time.monotonic() - began_s
        busy = ((time.process_time() - spent_s) / took_s, (upstream.cpu_ns() - upstream_ns) / 1e9 / took_s)
    with demand(address, 0.5) as after:
        after.run_for(AFTER_S)
    statuses = over.statuses()
    told = ", ".join(f"{status or 'lost'} {100 * count / statuses.total():.0f} %" for status, count in statuses.items())
    return Demand(goodput(at_peak), goodput(over), over.percentile_ms(0.99), told, recovery_s(after), busy)


@contextmanager
def demand(address: Address, share: float) -> Iterator[Load]:
    """So much of the capacity; it has ended behind."""
    request = Request(b"GET /place HTTP/1.1\r\nHost: gateway.test\r\n\r\n", 200, b"well")
    with Load(address, share * CAPACITY, lambda: request, CONNECTIONS) as load:
        yield load
        load.stop()


def goodput(load: Load) -> float:
    """Answers a second, without the first second and what was still on its way at the end."""
    good = sorted(result.ended_ns for result in load.results if not result.failure)
    chosen = [at_ns for at_ns in good if good[0] + 1_000_000_000 <= at_ns <= good[-1] - 200_000_000]
    return len(chosen) / max(1e-9, (chosen[-1] - chosen[0]) / 1e9)


def recovery_s(load: Load) -> float:
    """From its first request to the last that failed or took four times as long as a place is taken."""
    began_ns = min(result.intended_ns for result in load.results)
    bad = [each.intended_ns for each in load.results if each.failure or each.latency_ns > 4e6 * TOOK_MS]
    return (max(bad) - began_ns) / 1e9 if bad else 0.0


def beside_envoy(stage: Stage) -> str:
    """The same with Envoy and the same limits, for half of the time; or why not."""
    try:
        binary = envoy_binary()
    except StartError as missing:
        return str(missing)
    upstream, port = start_places(stage)
    text = (Path(__file__).parents[3] / "perf" / "peers" / "envoy.yaml").read_text()
    own = free_port()
    text = text.replace("${PORT}", str(own)).replace("${BACKEND_PORT}", str(port)).replace("${ACCESS_LOG}", "[]")
    file = stage.folder / "envoy.yaml"
    file.write_text(text.replace("${MOST}", str(PLACES)))
    command = [binary, "-c", file, "--concurrency", WORKERS, "--disable-hot-restart", "-l", "warn"]
    envoy = stage.processes.start("envoy", command, frozenset(os.sched_getaffinity(0)))
    stage.processes.wait_listening(envoy, own)
    return str(overrun(("127.0.0.1", own), upstream, ENVOY_OVER_S))


STORM_RATE: Final = 150.0
STORM_S: Final = 12.0
BUDGET: Final = 0.2
FLOOR: Final = 3.0
SLACK: Final = 1.02
"""The budget looks at the last ten seconds, and the row at all of its time."""


async def always_busy(connection: OriginConnection) -> None:
    while True:
        await connection.read_request()
        connection.answered += 1
        await connection.send(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")


@fault(
    27,
    f"every attempt answered by 503 for {STORM_S:.0f} s, retries configured (three attempts, a budget of 20 %)",
    "requests at the upstream for each of a client (at most 1.2 and 3 a second)",
    limit_s=30.0,
)
def retry_storm(stage: Stage) -> None:
    origins = [stage.origin(always_busy) for _ in range(2)]
    gateway = stage.gateway(
        *(origin.address for origin in origins), route="retries: {attempts: 3, on: [503], budget: 20%}"
    )
    request = Request(b"GET /storm HTTP/1.1\r\nHost: gateway.test\r\n\r\n", 503)
    began_s = time.monotonic()
    load = stage.load(gateway.address, STORM_RATE, lambda: request)
    load.run_for(STORM_S)
    load.stop()
    took_s = time.monotonic() - began_s
    asked, came = len(load.results), sum(len(origin.requests) for origin in origins)
    allowed = (asked * (1 + BUDGET) + FLOOR * took_s) * SLACK
    stage.figure(f"{came} at the upstream for {asked} of clients: {came / asked:.2f}, allowed {allowed / asked:.2f}")
    stage.figure(load.told())
    stage.check(came <= allowed, f"{came} requests at the upstream, {allowed:.0f} are allowed")
    stage.check(came > asked * 1.05, "hardly anything was tried again: the row shows nothing")
    stage.check(load.statuses()[503] == asked, f"clients were told {load.statuses()}")


MIB: Final = 1024 * 1024
GROUP_LIMIT: Final = 256 * MIB
STALLED: Final = 100
HALF_HEADS: Final = 2600
HALF_HEAD: Final = b"GET / HTTP/1.1\r\nHost: gateway.test\r\n" + b"".join(
    b"X-%02d: %b\r\n" % (number, b"a" * 1000) for number in range(60)
)
"""Nearly all that the limits let a client send of a head, which the gateway has to hold until its end or its time comes."""
A_SECOND: Final = 150
PRESSED_S: Final = 3.0


class MemoryGroup:
    """A control group of our own with a limit of memory, of either version."""

    def __init__(self, limit: int) -> None:
        root = Path("/sys/fs/cgroup/memory") if Path("/sys/fs/cgroup/memory").is_dir() else Path("/sys/fs/cgroup")
        self._is_old = root.name == "memory"
        self.place = root / f"sightline-row-{os.getpid()}"
        self.place.mkdir()
        (self.place / ("memory.limit_in_bytes" if self._is_old else "memory.max")).write_text(str(limit))

    def peak(self) -> int:
        """Bytes; 0 where the kernel does not say."""
        file = self.place / ("memory.max_usage_in_bytes" if self._is_old else "memory.peak")
        return int(file.read_text()) if file.exists() else 0

    def kills(self) -> int:
        file = self.place / ("memory.oom_control" if self._is_old else "memory.events")
        words = dict(line.split()[:2] for line in file.read_text().splitlines())
        return int(words.get("oom_kill", 0))

    def remove(self) -> None:
        wait_until(lambda: not (self.place / "cgroup.procs").read_text(), "nothing runs in the group")
        self.place.rmdir()


@fault(
    25,
    f"a control group of {GROUP_LIMIT // MIB} MiB, {STALLED} stalled readers of 100 MB and {HALF_HEADS:,} heads of 60 KiB without an end",
    "OOM kills 0; peak memory; shed %",
    limit_s=50.0,
    needs=(memory_group,),
)
def memory_cap(stage: Stage) -> None:
    group = MemoryGroup(GROUP_LIMIT)
    stage.at_end(group.remove)
    gateway = stage.cold_gateway(
        stage.backend(),
        more_upstreams=f'  streams: {{endpoints: ["{stage.backend()}"], connections: {{max: 1000, connect_timeout: 10s}}}}',
        more_routes="  - {name: streams, match: {path_prefix: /bytes}, upstream: streams}",
        listener="timeouts: {header: 60s}",
        more="telemetry: {history: {memory: 16MiB}}",
    )
    gateway.prefix = ("sh", "-c", f'echo $$ > {group.place}/cgroup.procs && exec "$@"', "sh")
    stage.enter(gateway)
    load = stage.load(gateway.address)
    load.run_for(1.0)
    pressed_ns = load.mark()
    with Crowd(gateway.address) as crowd:
        stall(crowd, STALLED)
        let_in = send_half_heads(crowd)
        load.run_for(PRESSED_S)
        shed_ns = load.mark()
    wait_until(lambda: not recent_failures(load), "nothing is shed any more", 15.0, 0.1)
    recovered_s = (load.mark() - shed_ns) / 1e9
    load.stop()
    told = load.statuses(pressed_ns, shed_ns)
    shed = 100 * told[503] / max(1, told.total())
    stage.figure(f"{group.kills()} OOM kills, peak {group.peak() / MIB:.0f} MiB; {shed:.0f} % shed while pressed")
    stage.figure(f"{let_in} half heads taken, recovered {recovered_s:.1f} s after the clients had left; {load.told()}")
    stage.check(not group.kills(), f"{group.kills()} processes were killed for want of memory")
    stage.check(shed, "nothing was shed: the row shows nothing")
    # Where nobody is let in any more, a connection that waits for its first request is turned away without one.
    stage.check(set(load.statuses()) <= {0, 200, 503}, f"clients were told {load.statuses()}")
    stage.check(load.statuses()[0] < told.total() / 4, f"{load.statuses()[0]} connections were lost")
    stage.check(gateway.metric("sightline_worker_restarts_total") == 0, "a worker was replaced")


def send_half_heads(crowd: Crowd) -> int:
    """At a steady pace; how many were taken whole."""
    taken = 0
    for _ in range(HALF_HEADS // 10):
        with suppress(OSError):
            taken += send_each(crowd.open(10), HALF_HEAD)
        time.sleep(10 / A_SECOND)
    return taken


def recent_failures(load: Load) -> int:
    return len(load.failed(load.mark() - 1_000_000_000))
