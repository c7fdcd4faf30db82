"""The soak: minutes of everything that is ordinary, and what the processes hold at its end that they did not at its start."""

import itertools
import statistics
import threading
import time
from collections.abc import Callable
from typing import Final

from perf.loadgen import Request, get
from tests.faults.load import RATE, mixed
from tests.faults.row import fault
from tests.faults.stage import Stage
from tests.faults.subject import Gateway
from tests.support.origin import OriginConnection, PeerGone
from tests.support.waiting import wait_until

SOAK_S: Final = 180.0
WARM_S: Final = 45.0
"""Until then memory grows for good reasons: pools fill, histories begin."""

LOOK_S: Final = 2.0
EDIT_EVERY_S: Final = 15.0
GROWTH_KIB: Final = {"supervisor": 2048.0}
"""Allowed a minute. Rings, rolling windows and archived revisions of the supervisor fill in the first minutes and are bounded: in
a run of eight it stood still after three. A worker has nothing of the kind."""

WORKER_GROWTH_KIB: Final = 256.0


async def moody(connection: OriginConnection) -> None:
    """An origin that answers twice, and then ends the connection after half an answer."""
    try:
        for _ in range(2):
            await connection.read_request()
            await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        await connection.read_request()
        await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
    except PeerGone:
        return
    await connection.close()


def everything() -> Callable[[], Request]:
    """Mostly what is well; some that is slow, large, unknown, or fails halfway."""
    steady = mixed()
    odd = itertools.cycle(
        (get("/after/300", 0), get("/bytes/200000", 0), get("/nowhere", 404), get("/moody", 0), get("/gone", 0))
    )
    turns = itertools.cycle(range(10))
    return lambda: next(odd) if next(turns) == 0 else steady()


@fault(
    40,
    f"a soak of {SOAK_S:.0f} s: steady and odd traffic, aborting clients, an edit every {EDIT_EVERY_S:.0f} s",
    "slope of resident memory in KiB a minute; descriptors at the end those of the start",
    limit_s=SOAK_S + 45.0,
)
def soak(stage: Stage) -> None:
    moody_origin = stage.origin(moody)
    gateway = stage.gateway(
        stage.backend(),
        match="path_prefix: /",
        more_upstreams=f'  moody: {{endpoints: ["{moody_origin.address}"]}}\n  gone: {{endpoints: ["127.0.0.1:9"]}}',
        more_routes="""  - {name: moody, match: {path: /moody}, upstream: moody}
  - {name: gone, match: {path: /gone}, upstream: gone}
  - {name: nowhere, match: {path: /nowhere}, respond: {status: 404, body: nothing}}""",
    )
    at_start = settled_descriptors(gateway)
    load = stage.load(gateway.address, RATE, everything())
    aborting = Aborting(gateway)
    aborting.start()
    stage.at_end(aborting.stop)
    samples = watch(gateway, SOAK_S)
    load.stop()
    aborting.stop()
    slopes = {name: slope_of(series) for name, series in samples.items()}
    at_end = settled_descriptors(gateway, at_start)
    unexpected = [result for result in load.failed() if result.failure == "unexpected" or not result.request.status]
    failed = [result for result in load.failed() if result.request.status]
    stage.figure("; ".join(f"{name} {slope:+.0f} KiB/min" for name, slope in slopes.items()))
    stage.figure(f"descriptors {told(at_start)} -> {told(at_end)}; {aborting.count} aborts")
    stage.figure(f"{load.told()}, {len(unexpected)} of them of origins that break off")
    stage.check(not failed, f"{len(failed)} requests failed that should not")
    for name, slope in slopes.items():
        stage.check(slope <= GROWTH_KIB.get(name, WORKER_GROWTH_KIB), f"{name} grows by {slope:.0f} KiB a minute")
        stage.check(at_end[name] <= at_start[name], f"{name} has {at_end[name] - at_start[name]} more descriptors")


def watch(gateway: Gateway, seconds: float) -> dict[str, list[tuple[float, int]]]:
    """Resident bytes of each process by seconds, from when it is warm; the configuration is edited meanwhile."""
    samples: dict[str, list[tuple[float, int]]] = {}
    began_s = time.monotonic()
    edits = itertools.count(1)
    next_edit_s = EDIT_EVERY_S
    text = gateway.file.read_text()
    while (passed_s := time.monotonic() - began_s) < seconds:
        if passed_s > next_edit_s:
            next_edit_s += EDIT_EVERY_S
            gateway.rewrite(text.replace("body: nothing", f"body: nothing-{next(edits)}"))
        if passed_s > WARM_S:
            for name, size in gateway.resident().items():
                samples.setdefault(name, []).append((passed_s, size))
        time.sleep(LOOK_S)
    return samples


def slope_of(series: list[tuple[float, int]]) -> float:
    """KiB a minute: the line through the samples that fits best."""
    fitted = statistics.linear_regression([at_s for at_s, _ in series], [size / 1024 for _, size in series])
    return fitted.slope * 60


class Aborting(threading.Thread):
    """Clients that go away in the middle, ten a second: some of a request, some of an answer."""

    def __init__(self, gateway: Gateway) -> None:
        super().__init__(name="aborting", daemon=True)
        self.count = 0
        self._gateway = gateway
        self._stopping = threading.Event()

    def run(self) -> None:
        parts = itertools.cycle(
            (
                b"GET /cut HTTP/1.1\r\nHost: gate",
                b"POST /cut HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: 1000\r\n\r\nxxx",
                b"GET /after/200 HTTP/1.1\r\nHost: gateway.test\r\n\r\n",
                b"GET /bytes/5000000 HTTP/1.1\r\nHost: gateway.test\r\n\r\n",
            )
        )
        while not self._stopping.wait(0.1):
            client = self._gateway.client()
            client.send(next(parts))
            client.reset()
            self.count += 1

    def stop(self) -> None:
        self._stopping.set()
        self.join(10.0)


def settled_descriptors(gateway: Gateway, goal: dict[str, int] | None = None) -> dict[str, int]:
    """Of each process, once idle connections to origins have been given up: those of the goal, if it comes to that in time."""
    gateway.send("/")
    found = gateway.descriptors()
    if goal is not None:

        def is_there() -> bool:
            nonlocal found
            found = gateway.descriptors()
            return all(found[name] <= goal[name] for name in goal)

        try:
            wait_until(is_there, "descriptors of the start", 35.0, 0.5)
        except AssertionError:
            return found
    return found


def told(descriptors: dict[str, int]) -> str:
    return "/".join(str(count) for count in descriptors.values())
