"""Supervisor and workers as processes: what happens when one of them dies, and when they cannot start."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import pytest

from tests.live.conftest import StartOrigin
from tests.support.config import one_route
from tests.support.origin import OK, OriginConnection, answering, say_target
from tests.support.program import Program, is_alive, listening_inodes, title_of
from tests.support.traffic import SteadyTraffic
from tests.support.waiting import wait_until

GET: Final = b"GET / HTTP/1.1\r\nHost: gateway.test\r\n\r\n"


@pytest.fixture
def program(tmp_path: Path, start_origin: StartOrigin) -> Iterator[Program]:
    with Program(tmp_path, start_origin(say_target).address) as started:
        yield started


def await_successor(program: Program, index: int, pid: int) -> Any:
    """The worker's view once another process serves in its place."""

    def successor() -> Any:
        worker = program.workers()[index]
        return worker if worker["pid"] not in {0, pid} and worker["state"] == "serving" else None

    return wait_until(successor, f"a successor of worker {index + 1}")


def test_processes_are_named_after_what_they_are(program: Program) -> None:
    assert title_of(program.pid) == "sightline supervisor"
    assert [title_of(worker["pid"]) for worker in program.workers()] == ["sightline worker 1", "sightline worker 2"]


def test_a_killed_worker_is_back_on_the_same_socket_and_the_others_serve(program: Program) -> None:
    clients = 8
    pid = program.workers()[0]["pid"]
    held = listening_inodes(pid, program.port)
    assert len(held) == 1
    with SteadyTraffic(program.address, clients=clients) as traffic:
        os.kill(pid, signal.SIGKILL)
        worker = await_successor(program, 0, pid)
        traffic.await_more(100)
    assert listening_inodes(worker["pid"], program.port) == held
    assert traffic.refused == []
    assert len(traffic.failures) <= clients, traffic.failures
    assert worker["restarts"] == 1
    assert worker["revision"] == program.status()["revision"]
    assert program.metric("sightline_worker_restarts_total", reason="killed") == 1
    assert program.is_ready()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a priority belongs to the whole process")
def line_memory(pid: int) -> dict[int, int]:
    """By inode of the memory that a process shares for access lines, the number of the newest block that was taken."""
    found = {}
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):  # It is closed meanwhile.
            if str(descriptor.readlink()).startswith("/memfd:sightline lines"):
                with descriptor.open("rb") as memory:
                    found[os.fstat(memory.fileno()).st_ino] = int.from_bytes(memory.read(8), sys.byteorder)
    return found


def test_access_lines_go_through_memory_that_each_worker_shares_and_a_successor_has_its_own(program: Program) -> None:
    def taken(pid: int) -> int:
        [newest] = line_memory(pid).values()
        return newest

    pids = [worker["pid"] for worker in program.workers()]
    with SteadyTraffic(program.address, clients=8, keep_alive=False):
        wait_until(lambda: all(taken(pid) > 2 for pid in pids), "both have handed lines over so")
        os.kill(pids[0], signal.SIGKILL)
        successor = await_successor(program, 0, pids[0])["pid"]
        wait_until(lambda: taken(successor) > 2, "the successor has too")
    shared = line_memory(successor).keys() | line_memory(pids[1]).keys()
    assert len(shared) == 2
    assert line_memory(program.pid).keys() == shared, "what was shared with the killed one is given up"


def test_the_supervisor_stands_behind_its_workers_and_their_successors(program: Program) -> None:
    ours = os.getpriority(os.PRIO_PROCESS, 0)
    pids = [worker["pid"] for worker in program.workers()]
    os.kill(pids[0], signal.SIGKILL)
    successor = await_successor(program, 0, pids[0])["pid"]
    assert os.getpriority(os.PRIO_PROCESS, program.pid) == min(ours + 5, 19)
    assert [os.getpriority(os.PRIO_PROCESS, pid) for pid in (successor, pids[1])] == [ours, ours]


def test_a_silent_worker_stays_listed_with_when_it_was_heard_and_what_it_takes(program: Program) -> None:
    stopped = program.workers()[1]["pid"]
    os.kill(stopped, signal.SIGSTOP)

    def silence() -> Any:
        return next((each for each in program.workers() if (each["last_seen_s"] or 0) > 1.2), None)

    try:
        silent = wait_until(silence, "a worker that says nothing")
    finally:
        os.kill(stopped, signal.SIGCONT)
    assert (silent["pid"], silent["sync"], silent["cpu_ratio"]) == (stopped, "synced", 0.0)
    assert silent["rss_bytes"] > 1_000_000
    wait_until(lambda: all(each["last_seen_s"] < 1 for each in program.workers()), "the worker is heard again")
    assert program.status()["supervisor"]["pid"] == program.pid


def test_an_answer_that_came_while_its_worker_stood_still_is_not_too_late(
    tmp_path: Path, start_origin: StartOrigin
) -> None:
    stopped: list[int] = []

    async def answer_whom_nothing_wakes(connection: OriginConnection) -> None:
        await connection.read_request()
        ends_s = time.monotonic() + 0.8
        os.kill(stopped[0], signal.SIGSTOP)
        try:
            await connection.send(OK)
            await connection.until(lambda: time.monotonic() > ends_s, "the time for it is over")
        finally:
            os.kill(stopped[0], signal.SIGCONT)

    origin = start_origin(answer_whom_nothing_wakes)
    with Program(tmp_path, origin.address, workers=1) as program:
        assert program.apply(program.text(route="timeouts: {first_byte: 600ms}"))["outcome"] == "applied"
        stopped.append(program.workers()[0]["pid"])
        assert program.send("/") == (200, b"ok")


def test_connections_queued_for_a_dead_worker_are_served_by_its_successor(
    tmp_path: Path, start_origin: StartOrigin
) -> None:
    with Program(tmp_path, start_origin(say_target).address, workers=1) as program:
        pid = program.workers()[0]["pid"]
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not is_alive(pid), "the worker has ended")
        assert program.send("/queued") == (200, b"/queued")
        assert await_successor(program, 0, pid)["restarts"] == 1


def test_a_crash_loop_backs_off_and_readiness_tells_while_the_others_serve(program: Program) -> None:
    killed: set[int] = set()

    def kill_until_it_backs_off() -> bool:
        worker = program.workers()[0]
        if worker["pid"] and worker["pid"] not in killed:
            killed.add(worker["pid"])
            os.kill(worker["pid"], signal.SIGKILL)
        return worker["state"] == "backing_off" and len(killed) > 4

    wait_until(kill_until_it_backs_off, "a worker that backs off", 20.0)
    code, health = program.call("/readyz")
    assert (code, health["reasons"]) == (503, ["worker 1 is backing off"])
    assert program.metric("sightline_workers", state="backing_off") == 1
    with SteadyTraffic(program.address, keep_alive=False, clients=1) as traffic:
        traffic.await_more(20)
    assert traffic.failures == []
    wait_until(program.is_ready, "the worker is back")
    assert program.workers()[0]["restarts"] == len(killed)


def test_workers_of_a_killed_supervisor_finish_what_they_do_and_end(tmp_path: Path, start_origin: StartOrigin) -> None:
    async def answer_when_nobody_listens(connection: OriginConnection) -> None:
        await connection.read_request()
        await connection.until(lambda: not running.accepts(), "the workers have stopped listening")
        await connection.send(OK)

    origin = start_origin(answer_when_nobody_listens)
    running = Program(tmp_path, origin.address)
    with running as program, program.client() as client:
        pids = [worker["pid"] for worker in program.workers()]
        client.send(GET)
        origin.await_requests(1)
        program.signal(signal.SIGKILL)
        program.await_exit(5)
        response = client.read_response()
        assert (response.status, response.closes) == (200, True)
        wait_until(lambda: not any(map(is_alive, pids)), "the workers have ended")


def test_a_gateway_starts_in_the_place_of_one_that_was_killed(tmp_path: Path, start_origin: StartOrigin) -> None:
    with Program(tmp_path, start_origin(answering(OK, OK, OK)).address) as program:
        program.signal(signal.SIGKILL)
        program.await_exit(5)
        with program:
            assert program.send("/")[0] == 200


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gateway", "run", *arguments], capture_output=True, text=True, timeout=30, check=False
    )


def test_an_invalid_file_ends_the_start_with_every_error(tmp_path: Path) -> None:
    file = tmp_path / "broken.yaml"
    file.write_text(one_route("127.0.0.1:9", route="colour: red", listener="limits: {line: soon}"))
    ended = run("-c", str(file))
    assert ended.returncode == 3
    assert f"{file}:" in ended.stderr
    assert "colour" in ended.stderr
    assert "limits.line" in ended.stderr
    assert ended.stdout == ""


@pytest.mark.parametrize("which", ["listener", "admin"])
def test_an_address_in_use_ends_the_start_with_a_sentence(tmp_path: Path, which: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, socket.create_server(("127.0.0.1", 0)) as other:
        port, free = taken.getsockname()[1], other.getsockname()[1]
        other.close()
        listener, admin = (port, free) if which == "listener" else (free, port)
        file = tmp_path / "sightline.yaml"
        file.write_text(one_route("127.0.0.1:9", port=listener, more=f'admin: {{address: "127.0.0.1:{admin}"}}'))
        ended = run("-c", str(file))
    assert ended.returncode == 1
    assert f"cannot listen on 127.0.0.1:{port}" in ended.stderr
    assert "another process is using this address" in ended.stderr


def test_endpoints_may_be_names(tmp_path: Path, start_origin: StartOrigin) -> None:
    origin = start_origin(say_target)
    port = origin.address.rpartition(":")[2]
    with Program(tmp_path, f"localhost:{port}") as program:
        assert program.send("/by-name") == (200, b"/by-name")
        [upstream] = program.call("/api/v1/upstreams")[1]["upstreams"]
        assert "127.0.0.1" in upstream["endpoints"][0]["resolved"]


def test_a_name_that_does_not_resolve_neither_blocks_the_start_nor_the_others(
    tmp_path: Path, start_origin: StartOrigin
) -> None:
    with Program(tmp_path, "nowhere.invalid:80", workers=1) as program:
        assert program.send("/")[0] == 502
        assert "name_not_resolved" in program.talk


def test_a_stalled_supervisor_stalls_no_request_and_no_count_is_lost(program: Program) -> None:
    program.signal(signal.SIGSTOP)
    try:
        with SteadyTraffic(program.address) as traffic:
            traffic.await_more(400)
    finally:
        program.signal(signal.SIGCONT)
    assert traffic.failures == []
    assert traffic.refused == []

    def counted() -> float:
        return program.metric("sightline_http_requests_total", route="all", code="200")

    wait_until(lambda: counted() == traffic.answered, f"{traffic.answered} requests counted")
    assert len(program.access_lines) == traffic.answered
