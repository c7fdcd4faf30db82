"""Endpoints that are well and unwell in turns, or all unwell at once by what they say."""

import threading
import time
from typing import Final

from tests.faults.row import fault
from tests.faults.stage import Stage
from tests.faults.subject import Gateway
from tests.support.origin import OriginConnection, Script
from tests.support.waiting import wait_until

ENDPOINTS: Final = 4
PERIOD_S: Final = 1.0
FLAPS_S: Final = 12.0
PANIC_S: Final = 4.0
INTERVAL_MS: Final = 500
UPSTREAM: Final = f"health: {{active: {{path: /healthz, interval: {INTERVAL_MS}ms, healthy_after: 2, unhealthy_after: 3}}}}, panic_below: 50%"
ROUTE: Final = "retries: {attempts: 2, on: [503], methods: any, budget: 20%}"
ERRORS_MOST: Final = 1.0


class Wellness:
    """What an endpoint says of itself, and whether that is so."""

    def __init__(self) -> None:
        self.says_well = True
        self.is_well = True
        self.asked = 0

    def script(self) -> Script:
        async def answer(connection: OriginConnection) -> None:
            while True:
                request = await connection.read_request()
                is_probe = request.target == b"/healthz"
                self.asked += not is_probe
                is_fine = self.says_well if is_probe else self.is_well
                status = b"200 OK" if is_fine else b"503 Service Unavailable"
                await connection.send(b"HTTP/1.1 %b\r\nContent-Length: 2\r\n\r\nok" % status)

        return answer


@fault(
    28,
    f"one of {ENDPOINTS} endpoints up and down every {PERIOD_S:g} s; then all say they are unwell",
    "flaps seen against applied; errors %; none left without a choice",
    limit_s=45.0,
)
def flapping(stage: Stage) -> None:
    states = [Wellness() for _ in range(ENDPOINTS)]
    origins = [stage.origin(state.script()) for state in states]
    gateway = stage.gateway(*(origin.address for origin in origins), upstream=UPSTREAM, route=ROUTE)
    load = stage.load(gateway.address)
    wait_until(lambda: endpoints_in(gateway, "healthy") == ENDPOINTS, "all are known to be well", 10.0, 0.05)
    began_ns = load.mark()
    seen = flap(states[0], FLAPS_S)
    applied = transitions(gateway, origins[0].address)
    errors = 100 * len(load.failed(began_ns)) / len(load.between(began_ns))
    stage.figure(f"{seen} flaps, {applied} applied, {errors:.2f} % errors")
    stage.check(applied <= seen / 2, f"{applied} of {seen} flaps were applied")
    stage.check(errors <= ERRORS_MOST, f"{errors:.1f} % errors: {load.statuses(began_ns)}")
    panic(stage, gateway, states)


def flap(state: Wellness, seconds: float) -> int:
    """How often it changed."""
    changes, pause = 0, threading.Event()
    until_s = time.monotonic() + seconds
    while time.monotonic() < until_s:
        state.is_well = state.says_well = not state.says_well
        changes += 1
        pause.wait(PERIOD_S)
    state.is_well = state.says_well = True
    return changes


def panic(stage: Stage, gateway: Gateway, states: list[Wellness]) -> None:
    """All say that they are unwell, and serve all the same."""
    for state in states:
        state.says_well = False
    wait_until(lambda: endpoints_in(gateway, "unhealthy") == ENDPOINTS, "all are thought to be unwell", 10.0, 0.05)
    load = stage.load(gateway.address)
    asked = [state.asked for state in states]
    load.run_for(PANIC_S)
    load.stop()
    shares = [state.asked - before for state, before in zip(states, asked, strict=True)]
    stage.figure(f"all unhealthy: {load.told()}, spread over {sum(share > 0 for share in shares)} endpoints")
    stage.check(not load.failed(), f"with all endpoints thought unwell {len(load.failed())} requests failed")
    stage.check(all(shares), f"some endpoints were not asked: {shares}")


def endpoints_in(gateway: Gateway, state: str) -> int:
    return int(gateway.metric("sightline_upstream_endpoints", upstream="origin", state=state))


def transitions(gateway: Gateway, endpoint: str) -> int:
    """How often it was declared unwell."""
    return int(gateway.metric("sightline_upstream_endpoint_transitions_total", endpoint=endpoint, to="unhealthy"))
