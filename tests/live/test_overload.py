"""A real gateway that is short of something: what it turns away, how it says so, and that it comes back."""

import asyncio
import contextlib
import os
import resource
import signal
import threading
from pathlib import Path
from typing import Any

from tests.live.conftest import StartGateway, StartOrigin
from tests.support.config import one_route
from tests.support.gateway_answer import assert_gateway_answer
from tests.support.origin import OK, OriginConnection, say_target
from tests.support.program import START_DEADLINE_S, Program
from tests.support.waiting import wait_until

GET = b"GET /a HTTP/1.1\r\nHost: gateway.test\r\n\r\n"


def kinds(program: Program) -> list[str]:
    code, view = program.call("/api/v1/incidents?kind=overload")
    assert code == 200, view
    return [incident["kind"] for incident in view["incidents"]]


def test_above_the_mark_of_memory_requests_get_503_and_it_is_told_until_there_is_enough(
    tmp_path: Path, start_origin: StartOrigin
) -> None:
    with Program(tmp_path, start_origin(say_target).address, workers=1) as program:
        base = program._more
        with program.client() as held:
            assert held.request(GET).status == 200
            program.apply(program.text(more=f"{base}overload: {{memory: {{limit: 1MiB}}}}\n"))
            refused = wait_until(lambda: _refused(program), "a connection is turned away")
            assert refused.value("retry-after") == b"1"
            answer = held.request(GET)
            assert (answer.status, answer.closes, answer.value("retry-after")) == (503, True, b"1")
        assert b'"reason":"overloaded"' in answer.body
        wait_until(lambda: program.metric("sightline_http_failures_total", reason="overloaded") >= 1, "it is counted")
        wait_until(lambda: program.metric("sightline_overload_level", resource="memory") == 2, "the level is shown")
        rejected = {"name": "sightline_connections_rejected_total", "reason": "overload"}
        wait_until(lambda: _refused(program) and program.metric(**rejected) >= 1, "connections are turned away unread")
        assert program.is_ready()
        program.apply(program.text(more=f"{base}overload: {{memory: {{limit: none}}}}\n"))
        wait_until(lambda: program.send("/b")[0] == 200, "requests are served again")
        wait_until(lambda: kinds(program) == ["overload_began", "overload_ended"], "both are told")


def _refused(program: Program) -> Any:
    with program.client() as client:
        response = client.request(GET)
        return response if response.status == 503 else None


def test_descriptors_are_kept_for_upstreams_when_clients_take_all_others(
    tmp_path: Path, start_origin: StartOrigin
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (128, hard))
    program = Program(tmp_path, start_origin(say_target).address, workers=1)
    try:
        program.start()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    with contextlib.ExitStack() as held:
        held.callback(program.end)
        wait_until(program.is_ready, "it is ready", START_DEADLINE_S)
        first = held.enter_context(program.client())
        for _ in range(100):
            held.enter_context(program.client())
        wait_until(lambda: kinds(program) == ["overload_began"], "it is told")
        # The origin has no connection yet: this one gets a descriptor that clients do not.
        assert first.request(GET).status == 200
        wait_until(lambda: program.metric("sightline_connections_rejected_total") >= 30, "the others were turned away")
        held.close()


def test_a_callback_that_holds_the_loop_is_named(tmp_path: Path, start_origin: StartOrigin) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import signal, sys, time\n"
        "def hold_the_loop(*_):\n"
        "    time.sleep(1.2)\n"
        "signal.signal(signal.SIGVTALRM, hold_the_loop)\n"
    )
    environ = {"PYTHONPATH": f"{tmp_path}:{Path(__file__).resolve().parents[2]}"}
    with Program(tmp_path, start_origin(say_target).address, workers=2, environ=environ) as program:
        victim = program.workers()[0]
        os.kill(victim["pid"], signal.SIGVTALRM)

        def told() -> list[Any]:
            found: list[Any] = program.call("/api/v1/incidents?kind=loop_blocked")[1]["incidents"]
            return found

        (incident,) = wait_until(told, "it is told")
        assert incident["subject"] == f"worker {victim['index']}"
        assert "hold_the_loop" in incident["text"]
        assert 1_000 <= incident["detail"]["duration_ms"] < 5_000
        label = f"worker-{victim['index']}"
        assert program.metric("sightline_event_loop_blocked_total", process=label) == 1
        assert "loop_blocked" in program.talk


def test_a_critical_request_takes_the_place_of_a_sheddable_one_in_a_full_queue(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    answer_now = threading.Event()

    async def hesitate(connection: OriginConnection) -> None:
        while True:
            request = await connection.read_request()
            if request.target == b"/first":
                await asyncio.to_thread(answer_now.wait, 10)
            await connection.send(OK)

    origin = start_origin(hesitate)
    gateway = start_gateway(
        one_route(
            origin.address,
            upstream="connections: {max: 1, max_pending: 1}",
            route="criticality: sheddable",
            more_routes="  - {name: vital, match: {path_prefix: /vital}, upstream: origin, criticality: critical}",
        )
    )
    with gateway.client() as first, gateway.client() as sheddable, gateway.client() as critical:
        first.send(b"GET /first HTTP/1.1\r\nHost: gateway.test\r\n\r\n")
        origin.await_requests(1)
        sheddable.send(GET)
        gateway.await_in_flight(2)
        critical.send(b"GET /vital HTTP/1.1\r\nHost: gateway.test\r\n\r\n")
        assert_gateway_answer(sheddable.read_response(), 503, "pool_exhausted")
        answer_now.set()
        assert first.read_response().status == 200
        assert critical.read_response().status == 200
