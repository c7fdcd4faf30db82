"""The end of the program: readiness first, then connections, then what is in flight, and nothing is lost on the way."""

import signal
import time
from pathlib import Path
from typing import Final

import pytest

from tests.live.conftest import StartOrigin
from tests.support.origin import OK, OriginConnection, say_target
from tests.support.program import Program
from tests.support.raw_client import End
from tests.support.traffic import SteadyTraffic
from tests.support.waiting import wait_until

GET: Final = b"GET / HTTP/1.1\r\nHost: gateway.test\r\n\r\n"
PROMPTLY_S: Final = 10.0
"""Also on a busy machine, and well before the deadline of a drain where a test sets none."""


async def never_answer(connection: OriginConnection) -> None:
    await connection.read_head()
    await connection.until_peer_ends()


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_gateway_ends_at_once_with_zero(
    tmp_path: Path, start_origin: StartOrigin, ending: signal.Signals
) -> None:
    with Program(tmp_path, start_origin(say_target).address) as program, program.client() as idle:
        program.signal(ending)
        assert program.await_exit(PROMPTLY_S) == 0
        assert idle.read_to_end() == (b"", End.FIN)
        assert not program.accepts()


def test_an_exchange_in_flight_ends_and_then_the_gateway_does(tmp_path: Path, start_origin: StartOrigin) -> None:
    async def answer_when_nobody_listens(connection: OriginConnection) -> None:
        await connection.read_request()
        await connection.until(lambda: not running.accepts(), "the gateway has stopped listening")
        await connection.send(OK)

    origin = start_origin(answer_when_nobody_listens)
    running = Program(tmp_path, origin.address)
    with running as program, program.client() as client:
        client.send(GET)
        origin.await_requests(1)
        program.signal(signal.SIGTERM)
        response = client.read_response()
        assert (response.status, response.closes) == (200, True)
        assert program.await_exit(PROMPTLY_S) == 0
        assert [line["http.response.status_code"] for line in program.access_lines] == [200]


def test_what_is_left_at_the_deadline_is_cut_and_the_gateway_ends_with_zero(
    tmp_path: Path, start_origin: StartOrigin
) -> None:
    origin = start_origin(never_answer)
    with Program(tmp_path, origin.address, more="drain: {deadline: 1s}") as program, program.client() as client:
        client.send(GET)
        origin.await_received(b"\r\n\r\n")
        began_s = time.monotonic()
        program.signal(signal.SIGTERM)
        assert program.await_exit(1.0 + PROMPTLY_S) == 0
        assert time.monotonic() - began_s >= 1.0
        client.read_to_end()
        [line] = program.access_lines
        assert line["reason"] == "shutting_down"


def test_through_the_delay_readiness_fails_and_new_connections_are_served_with_close(
    tmp_path: Path, start_origin: StartOrigin
) -> None:
    origin = start_origin(say_target)
    with Program(tmp_path, origin.address, more="drain: {delay: 2s, deadline: 30s}") as program:
        with program.client() as early:
            assert not early.request(GET).closes
            program.signal(signal.SIGTERM)
            wait_until(lambda: not program.is_ready(), "readiness fails")
            assert "draining" in program.call("/readyz")[1]["reasons"]
            assert program.status()["draining"] is True
            with program.client() as late:
                for client in (early, late):
                    assert client.request(GET).closes
                    assert client.read_to_end() == (b"", End.FIN)
        assert program.await_exit(2.0 + PROMPTLY_S) == 0
        assert not program.accepts()


def test_clients_that_follow_close_lose_nothing_and_every_request_has_its_line(
    tmp_path: Path, start_origin: StartOrigin
) -> None:
    origin = start_origin(say_target)
    with Program(tmp_path, origin.address, more="drain: {delay: 1s, deadline: 30s}") as program:
        with SteadyTraffic(program.address, clients=8) as traffic:
            program.signal(signal.SIGTERM)
            assert program.await_exit(1.0 + PROMPTLY_S) == 0
        assert traffic.failures == []
        lines = [line for line in program.access_lines if line["url.path"] == "/steady"]
        assert len(lines) == traffic.answered
        assert {line["reason"] for line in lines} == {"none"}


def test_without_a_delay_connections_that_were_opened_are_still_served(
    tmp_path: Path, start_origin: StartOrigin
) -> None:
    origin = start_origin(say_target)
    with Program(tmp_path, origin.address) as program:
        with SteadyTraffic(program.address, clients=8, keep_alive=False) as traffic:
            program.signal(signal.SIGTERM)
            assert program.await_exit(PROMPTLY_S) == 0
        assert traffic.failures == []
        assert len(program.access_lines) == traffic.answered


def test_a_second_signal_ends_everything_at_once(tmp_path: Path, start_origin: StartOrigin) -> None:
    origin = start_origin(never_answer)
    with Program(tmp_path, origin.address, more="drain: {deadline: 60s}") as program, program.client() as client:
        client.send(GET)
        origin.await_received(b"\r\n\r\n")
        pids = [worker["pid"] for worker in program.workers()]
        program.signal(signal.SIGTERM)
        wait_until(lambda: not program.is_ready(), "the drain has begun")
        program.signal(signal.SIGTERM)
        assert program.await_exit(PROMPTLY_S) == 130
        wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids), "the workers have ended")


def test_a_signal_during_the_start_ends_it_with_zero(tmp_path: Path, start_origin: StartOrigin) -> None:
    program = Program(tmp_path, start_origin(say_target).address)
    program.start()
    wait_until(lambda: "sightline supervisor" in title(program), "the supervisor has begun")
    program.signal(signal.SIGTERM)
    assert program.await_exit(PROMPTLY_S) in {0, -signal.SIGTERM}


def title(program: Program) -> str:
    return Path(f"/proc/{program.pid}/cmdline").read_text()
