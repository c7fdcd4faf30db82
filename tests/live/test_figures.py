"""Figures of a real gateway: over any window they are what was sent."""

import asyncio
import time
from collections.abc import Iterator
from typing import Any, Final

import pytest

from tests.support.config import free_port
from tests.support.loop_thread import LoopThread
from tests.support.origin import OK, Origin, OriginConnection
from tests.support.program import Program
from tests.support.waiting import wait_until

TAKES_S: Final = 0.03
SENT: Final = {"/": (200, 20), "/missing": (404, 5), "/gone": (502, 4)}
SLO: Final = "slo: {availability: 99%, latency: {target: 90%, under: 10ms}}"
ROUTES: Final = f"""\
  - {{name: missing, match: {{path: /missing}}, respond: {{status: 404}}}}
  - {{name: gone, match: {{path: /gone}}, upstream: gone, {SLO}}}
  - {{name: other, match: {{path: /other}}, upstream: origin}}
"""


async def answer_late(connection: OriginConnection) -> None:
    while True:
        await connection.read_request()
        await asyncio.sleep(TAKES_S)
        await connection.send(OK)


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory, origin_thread: LoopThread) -> Iterator[Program]:
    """One worker; all that is in SENT has been sent and is counted."""
    origin = Origin(origin_thread, answer_late)
    gateway = Program(tmp_path_factory.mktemp("figures"), origin.address, workers=1)
    gone = f"  gone: {{endpoints: ['127.0.0.1:{free_port()}']}}\n"
    gateway.write(gateway.text(route=SLO, more_upstreams=gone, more_routes=ROUTES))
    with gateway:
        for path, (status, count) in SENT.items():
            for _ in range(count):
                assert gateway.send(path)[0] == status
        total = sum(count for _, count in SENT.values())
        wait_until(lambda: get(gateway, "status?window=300")["recent"]["requests"] == total, "all is counted")
        yield gateway
    origin.close()


def get(gateway: Program, path: str) -> Any:
    status, body = gateway.call(f"/api/v1/{path}")
    assert status == 200, body
    return body


def test_a_window_has_the_requests_that_were_sent_and_tells_whose_errors_they_were(program: Program) -> None:
    routes = {route["name"]: route for route in get(program, "routes?window=300")["routes"]}
    recent = {name: route["recent"] for name, route in routes.items()}
    assert [recent[name]["requests"] for name in ("all", "missing", "gone", "other")] == [20, 5, 4, 0]
    assert [recent[name]["error_ratio"] for name in ("all", "missing", "gone")] == [0.0, 0.0, 1.0]
    assert [recent[name]["client_error_ratio"] for name in ("all", "missing", "gone")] == [0.0, 1.0, 0.0]
    assert recent["all"]["mean_ms"] >= 1000 * TAKES_S
    assert routes["all"]["slo"] == {"availability": 0.99, "latency_target": 0.9, "latency_under_ms": 10.0}
    upstreams = {upstream["name"]: upstream for upstream in get(program, "upstreams?window=300")["upstreams"]}
    assert upstreams["origin"]["endpoints"][0]["recent"]["requests"] == 20


def test_nothing_had_happened_before_it_was_sent(program: Program) -> None:
    before = get(program, f"routes?window=60&at={int(time.time()) - 600}")
    assert before["at"]
    assert {route["recent"]["requests"] for route in before["routes"]} == {0}


def test_the_time_of_a_route_is_told_by_phase_and_endpoint(program: Program) -> None:
    route = get(program, "routes/all?window=300")
    phases, mean_ms = route["phases"], route["recent"]["mean_ms"]
    assert phases["ttfb"] >= 1000 * TAKES_S
    assert sum(phases.values()) == pytest.approx(mean_ms, rel=0.1, abs=1.0)
    assert [(each["upstream"], each["recent"]["requests"]) for each in route["endpoints"]] == [("origin", 20)]
    assert route["shared_with"] == ["other"]


def test_the_course_has_as_many_requests_as_there_were(program: Program) -> None:
    sparks = wait_until(
        lambda: (found := get(program, "status?window=60")["sparks"]) and sum(found["rate"]) == 29 and found,
        "every second with a request is over",
    )
    assert sparks["step_s"] == 1
    assert max(ratio or 0 for ratio in sparks["error_ratio"]) > 0


def test_objectives_count_what_was_judged_exactly(program: Program) -> None:
    def objectives() -> dict[tuple[str, str], Any]:
        return {(each["route"], each["sli"]): each for each in get(program, "slo")["objectives"]}

    found = wait_until(
        lambda: (told := objectives()) and told["all", "latency"]["burns"][0]["bad"] == 20 and told,
        "all is judged",
        10.0,
    )
    assert [each["good"] for each in found["all", "availability"]["burns"]] == [20, 20, 20, 20]
    assert [each["bad"] for each in found["gone", "availability"]["burns"]] == [4, 4, 4, 4]
    assert found["gone", "availability"]["burns"][0]["burn"] == 100.0
    assert found["gone", "latency"]["burns"][0]["burn"] is None
    assert found["gone", "availability"]["budget_left"] == -99.0
    assert found["gone", "availability"]["since"]
