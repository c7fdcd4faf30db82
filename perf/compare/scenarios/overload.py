"""Twice the load that can be carried, for half a minute: what is still served, how late, and how soon all is well again.

Two bottlenecks: an upstream with so many places and a fixed delay, and the gateway's own processor, of which it gets a share.
"""

import itertools
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Final, Self

import uvloop

from perf.compare.bench import Bench, Gateway
from perf.compare.peers import start_envoy
from perf.compare.processes import StartError
from perf.compare.quota import Quota
from perf.compare.report import Check, Findings, Table
from perf.compare.sightline import Settings, start_sightline
from perf.loadgen import OpenLoop, Request, Result, get

PLACES: Final = 40
DELAY_MS: Final = 25
CAPACITY: Final = PLACES * 1000 // DELAY_MS
"""Requests a second that the upstream can carry."""
SHARE: Final = 0.1
"""Of a processor, for the gateway and all its processes."""
CLIENTS: Final = 1000
GOOD_NS: Final = 1_000_000_000
"""An answer that comes later is no good."""
WELL_NS: Final = 250_000_000
"""After the end of the load, an answer that comes later than this is not well yet."""
OURS: Final = "sightline"


@dataclass(frozen=True)
class Case:
    """One bottleneck. capacity: requests a second, 0: to be found out. path: what is asked for."""

    name: str
    capacity: int
    path: str
    start: dict[str, Callable[[], Gateway]]
    share: float | None = None


@dataclass(frozen=True)
class Course:
    """What came of one gateway. Rates are good answers a second; shares are of one processor."""

    peak: float
    goodput: float
    offered: float
    accepted_p50_ms: float
    accepted_p99_ms: float
    refused_p99_ms: float
    unanswered: int
    recovery_s: float
    gateway_share: float
    generator_share: float
    origin_share: float
    health_ms: float
    scrape_ms: float
    """The slowest answers meanwhile; NaN for who has no such API, infinite where one did not come within 5 s."""

    @property
    def ratio(self) -> float:
        return self.goodput / self.peak if self.peak else 0.0


def run(bench: Bench) -> Findings:
    """Each gateway in each case, one after the other."""
    findings = Findings("Overload")
    places = {"max": PLACES, "max_pending": PLACES}
    bulk = partial(Settings, bulk=True)
    cases = [
        Case(
            f"an upstream with {PLACES} places of {DELAY_MS} ms: {CAPACITY:,} a second",
            CAPACITY,
            f"/after/{DELAY_MS}",
            {
                OURS: lambda: start_sightline(bench, "places", bulk(connections=places)),
                "envoy": lambda: start_envoy(bench, "envoy-places", bulk=True, most=PLACES),
            },
        ),
        Case(
            f"{SHARE:.0%} of a processor",
            0,
            "/",
            {
                OURS: lambda: start_sightline(bench, "delay", Settings(overload={"loop_delay": "50ms"})),
                f"{OURS}, loop_delay: none": lambda: start_sightline(bench, "none"),
                "envoy": lambda: start_envoy(bench, "envoy-share"),
            },
            SHARE,
        ),
    ]
    for case in cases:
        courses = {name: course for name in case.start if (course := _try(bench, case, name)) is not None}
        findings.tables.append(_table(case, courses))
        findings.checks += _checks(case, courses)
    return findings


def _try(bench: Bench, case: Case, name: str) -> Course | None:
    bench.say(f"{case.name}: {name}")
    try:
        with _held(case.share) as hold:
            gateway = case.start[name]()
            hold(gateway.process.pids())
            try:
                return _play(bench, case, gateway)
            finally:
                hold([])
                bench.stable.stop(gateway.process)
    except StartError as error:
        bench.give_up(name, error)
        return None


@contextmanager
def _held(share: float | None) -> Iterator[Callable[[list[int]], None]]:
    if share is None:
        yield lambda _pids: None
        return
    with Quota(share) as quota:
        yield quota.hold


def _play(bench: Bench, case: Case, gateway: Gateway) -> Course:
    seconds = 4.0 if bench.quick else 30.0
    request = get(case.path, status=200)
    capacity = case.capacity or _capacity(gateway.port, request)
    peak, _ = _load(gateway.port, request, capacity, 3.0 if bench.quick else 8.0, 2.0)
    watched = [gateway.process, *bench.stable.named("bulk", "backend")]
    before, began_s, own_s = [one.cpu_ns() for one in watched], time.monotonic(), time.process_time()
    with Prober(gateway.admin_port) as prober:
        results, ended_ns = _load(gateway.port, request, 2 * capacity, seconds, 0.0)
    took_s, own_s = time.monotonic() - began_s, time.process_time() - own_s
    shares = [(one.cpu_ns() - spent) / 1e9 / took_s for one, spent in zip(watched, before, strict=True)]
    after, _ = _load(gateway.port, request, capacity // 2, 5.0, 2.0, CLIENTS // 10)
    good = [one for one in results if _is_good(one)]
    accepted = sorted(one.latency_ns for one in results if one.status == 200)
    refused = sorted(one.latency_ns for one in results if one.status == 503)
    ill = [one.intended_ns for one in after if one.failure or one.latency_ns > WELL_NS]
    return Course(
        peak=sum(map(_is_good, peak)) / (3.0 if bench.quick else 8.0),
        goodput=len(good) / seconds,
        offered=2 * capacity,
        accepted_p50_ms=_rank(accepted, 0.5),
        accepted_p99_ms=_rank(accepted, 0.99),
        refused_p99_ms=_rank(refused, 0.99),
        unanswered=sum(1 for one in results if not one.status),
        recovery_s=max(0.0, (max(ill) - ended_ns) / 1e9) if ill else 0.0,
        gateway_share=shares[0],
        generator_share=own_s / took_s,
        origin_share=sum(shares[1:]),
        health_ms=prober.slowest_ms("/healthz", "/readyz"),
        scrape_ms=prober.slowest_ms("/metrics"),
    )


class Prober:
    """Asks the admin API for its health ten times a second and for metrics once, while the block lasts. port 0: nobody."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="prober", daemon=True)
        self._took_ms: dict[str, list[float]] = {}

    def __enter__(self) -> Self:
        if self._port:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        if self._port:
            self._thread.join()

    def slowest_ms(self, *paths: str) -> float:
        """Of these paths together."""
        return max((took_ms for path in paths for took_ms in self._took_ms.get(path, ())), default=float("nan"))

    def _run(self) -> None:
        for number in itertools.count():
            for path in ("/healthz", "/readyz", *(["/metrics"] if number % 10 == 0 else [])):
                self._took_ms.setdefault(path, []).append(self._ask(path))
            if self._stop.wait(0.1):
                return

    def _ask(self, path: str) -> float:
        began_s = time.monotonic()
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._port}{path}", timeout=5.0) as answer:
                answer.read()
        except OSError:
            return float("inf")
        return (time.monotonic() - began_s) * 1000


def _capacity(port: int, request: Request) -> int:
    """What a gateway answers a second when it is never without work, and not overrun."""
    loop = OpenLoop(port, 20_000, lambda: request, connections=16, max_waiting=0)
    uvloop.run(loop.run(3.0, 0.5))
    return max(100, sum(1 for one in loop.results if one.status == 200) // 3)


def _load(
    port: int, request: Request, rate: float, seconds: float, grace_s: float, clients: int = CLIENTS
) -> tuple[list[Result], int]:
    """Every request of a time, and when it ended. Who finds all clients busy gives up at once: that is a failure too."""
    loop = OpenLoop(port, rate, lambda: request, connections=clients, max_waiting=0)
    uvloop.run(loop.run(seconds, grace_s))
    return loop.results, time.monotonic_ns()


def _is_good(result: Result) -> bool:
    return result.status == 200 and result.latency_ns <= GOOD_NS


def _rank(latencies: list[int], share: float) -> float:
    return latencies[min(len(latencies) - 1, int(len(latencies) * share))] / 1e6 if latencies else float("nan")


def _table(case: Case, courses: dict[str, Course]) -> Table:
    columns = ["gateway", "peak/s", "offered/s", "goodput/s", "of peak", "accepted p50 ms", "p99 ms", "503 p99 ms"]
    columns += ["no answer", "well after s", "health ms", "scrape ms", "CPU gateway", "generator", "origin"]
    rows = [
        [
            name,
            f"{one.peak:,.0f}",
            f"{one.offered:,.0f}",
            f"{one.goodput:,.0f}",
            f"{one.ratio:.0%}",
            f"{one.accepted_p50_ms:.0f}",
            f"{one.accepted_p99_ms:.0f}",
            f"{one.refused_p99_ms:.0f}",
            f"{one.unanswered:,}",
            f"{one.recovery_s:.1f}",
            f"{one.health_ms:.0f}",
            f"{one.scrape_ms:.0f}",
            f"{one.gateway_share:.0%}",
            f"{one.generator_share:.0%}",
            f"{one.origin_share:.0%}",
        ]
        for name, one in courses.items()
    ]
    return Table(f"Twice the capacity: {case.name}", columns, rows)


def _checks(case: Case, courses: dict[str, Course]) -> list[Check]:
    ours = courses.get(OURS)
    if ours is None:
        return []
    void = "the generator or the origin had no processor to spare" if _is_starved(ours) else ""
    return [
        Check(f"goodput of the peak, {case.name}", ours.ratio, 0.8, 0.95, floor=True, void=void),
        Check(f"p99 of accepted requests, {case.name}", ours.accepted_p99_ms, 500, 150, "ms", void=void),
        Check(f"well again, {case.name}", ours.recovery_s, 2.0, 0.5, "s", void=void),
        Check(f"slowest health answer, {case.name}", ours.health_ms, 2000, 500, "ms", void=void),
    ]


def _is_starved(course: Course) -> bool:
    """They share a processor."""
    return course.generator_share + course.origin_share > 0.9
