"""Health of endpoints in running gateways: what fails its checks gets nothing, what passes them gets its share again, and
whoever asks is told why."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.live.conftest import StartOrigin
from tests.support.origin import OK, Origin, OriginConnection
from tests.support.program import Program
from tests.support.traffic import SteadyTraffic
from tests.support.waiting import wait_until

ACTIVE: Final = "active: {interval: 100ms, timeout: 500ms, healthy_after: 2, unhealthy_after: 3}"
BAD: Final = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"


class Service:
    """What an origin answers: to checks and to traffic, each as a test sets it."""

    def __init__(self) -> None:
        self.to_checks = OK
        self.to_traffic = OK
        self.checks = 0
        self.requests = 0

    async def __call__(self, connection: OriginConnection) -> None:
        while True:
            request = await connection.read_request()
            if b"/healthz" in request.target:
                self.checks += 1
                await connection.send(self.to_checks)
            else:
                self.requests += 1
                await connection.send(self.to_traffic)


@pytest.fixture
def services(start_origin: StartOrigin) -> list[tuple[Service, Origin]]:
    made = [Service() for _ in range(3)]
    return [(service, start_origin(service)) for service in made]


def gateway(folder: Path, services: list[tuple[Service, Origin]], upstream: str) -> Program:
    program = Program(folder, *(origin.address for _, origin in services))
    program.write(program.text(upstream=upstream))
    return program


@pytest.fixture
def checked(tmp_path: Path, services: list[tuple[Service, Origin]]) -> Iterator[Program]:
    with gateway(tmp_path, services, f"health: {{{ACTIVE}}}") as program:
        yield program


def view_of(program: Program, origin: Origin) -> Any:
    upstream = program.call("/api/v1/upstreams/origin")[1]
    return next(each for each in upstream["endpoints"] if each["address"] == origin.address)


def await_state(program: Program, origin: Origin, state: str) -> Any:
    def reached() -> Any:
        view = view_of(program, origin)
        return view if view["state"] == state else None

    return wait_until(reached, f"{origin.address} is {state}")


def test_what_fails_its_checks_gets_nothing_until_it_passes_them_again(
    checked: Program, services: list[tuple[Service, Origin]]
) -> None:
    bad, origin = services[0]
    for _, each in services:
        await_state(checked, each, "healthy")
    bad.to_checks = BAD
    view = await_state(checked, origin, "unhealthy")
    assert (view["reason"], view["checks"], bool(view["since"])) == ("bad_status", ["active"], True)
    assert re.fullmatch(r"503 in [0-9.]+ ms", view["note"])
    assert view["last_check"]["result"] == "bad_status"
    before = bad.requests
    with SteadyTraffic(checked.address) as traffic:
        traffic.await_more(200)
        assert bad.requests == before
        bad.to_checks = OK
        view = await_state(checked, origin, "healthy")
        wait_until(lambda: bad.requests > before + 10, "it gets requests again")
    assert (traffic.failures, traffic.refused) == ([], [])
    assert (view["reason"], view["last_check"]["result"]) == ("bad_status", "ok")
    told = checked.call("/api/v1/incidents?kind=endpoint")[1]["incidents"]
    assert [(each["kind"], each["detail"]["reason"]) for each in told] == [
        ("endpoint_down", "bad_status"),
        ("endpoint_up", "bad_status"),
    ]
    assert told[0]["detail"]["evidence"].startswith("503 in ")
    assert checked.metric("sightline_health_checks_total", endpoint=origin.address, result="bad_status") >= 3
    assert checked.metric("sightline_upstream_endpoint_transitions_total", endpoint=origin.address) == 2
