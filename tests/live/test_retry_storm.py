"""An upstream that always fails is not given more to do for it: the whole gateway, with two workers, over a window of the
budget."""

import math
import time
from pathlib import Path

from gateway.model.clock import SECOND_NS
from gateway.model.retry import BUDGET_FLOOR_PER_S, BUDGET_WINDOW_NS
from tests.live.conftest import StartOrigin
from tests.support.origin import OriginConnection
from tests.support.paced_load import PacedLoad
from tests.support.program import Program
from tests.support.waiting import wait_until

RATE = 250.0
REQUESTS = 600
ROUTE = "retries: {attempts: 3, on: [503], methods: any, backoff: {first: 10ms, max: 20ms}, budget: 20%}"


async def always_busy(connection: OriginConnection) -> None:
    while True:
        await connection.read_request()
        await connection.send(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")


def test_what_reaches_an_upstream_that_always_fails_is_bounded_over_all_workers(
    start_origin: StartOrigin, tmp_path: Path
) -> None:
    origins = [start_origin(always_busy) for _ in range(2)]
    program = Program(tmp_path, *(origin.address for origin in origins))
    program.write(program.text(route=ROUTE))
    with program:
        began_s = time.monotonic()
        with PacedLoad(program.address, lambda _: "/storm", RATE) as load:
            wait_until(lambda: len(load.finished) >= REQUESTS, "the requests are answered", 20.0)
        took_s = time.monotonic() - began_s
        assert {each.status for each in load.finished} == {503}
        # Some of the last requests were cut short by the load's end: the gateway knows of all.
        wait_until(lambda: asked_of(program) >= len(load.finished) and not running(program), "all is counted")
        asked = asked_of(program)
        came = sum(len(origin.requests) for origin in origins)
        window_s = BUDGET_WINDOW_NS / SECOND_NS
        floor = BUDGET_FLOOR_PER_S * window_s * math.ceil(took_s / window_s)
        assert 1.1 * asked < came <= 1.2 * asked + floor
        assert came <= asked + counted(program, result="failure")
        assert counted(program, reason="retry_budget_exhausted", result="suppressed") >= asked * 0.6
        assert program.metric("sightline_upstream_retry_budget_remaining_ratio", route="all") < 0.5


def counted(program: Program, **labels: str) -> float:
    return program.metric("sightline_upstream_retries_total", upstream="origin", **labels)


def asked_of(program: Program) -> float:
    return program.metric("sightline_http_requests_total", route="all")


def running(program: Program) -> float:
    return program.metric("sightline_http_in_flight", route="all")
