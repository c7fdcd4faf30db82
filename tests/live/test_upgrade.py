"""The whole program replaced by a new one while it serves: nobody notices, and one that fails changes nothing."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import pytest

from gateway.wire.titles import read_title
from tests.live.conftest import StartOrigin
from tests.support.config import free_port
from tests.support.mixed_traffic import MixedTraffic
from tests.support.origin import OriginConnection, PeerGone, say_target
from tests.support.program import YAML, Program, is_alive, listening_inodes, title_of
from tests.support.raw_client import End
from tests.support.waiting import wait_until

JSON: Final = {"Content-Type": "application/json"}
RATE: Final = 150.0
HANDSHAKE: Final = (
    b"GET /socket HTTP/1.1\r\nHost: gateway.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
SWITCHING: Final = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"


@pytest.fixture
def traffic() -> Iterator[MixedTraffic]:
    with MixedTraffic(RATE) as mixed:
        yield mixed


@pytest.fixture
def program(tmp_path: Path, start_origin: StartOrigin) -> Iterator[Program]:
    with Program(tmp_path, start_origin(say_target).address, workers=1) as started:
        yield started


class Watch:
    """Asks the admin API all the time, over connections of its own; what it answers but 200 is trouble."""

    def __init__(self, program: Program) -> None:
        self.trouble: list[str] = []
        self.answers = 0
        self._program = program
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join(10.0)

    def _run(self) -> None:
        while not self._stopping.wait(0.01):
            try:
                code, health = self._program.call("/readyz")
                self.answers += 1
                if code != 200:
                    self.trouble.append(f"{code} {health}")
            except OSError as failure:
                self.trouble.append(repr(failure))


def upgrades(program: Program) -> list[Any]:
    found: list[Any] = program.call("/api/v1/incidents?kind=upgrade")[1]["incidents"]
    return found


def endpoint(program: Program, address: str) -> Any:
    found = program.call("/api/v1/upstreams/origin")[1]["endpoints"]
    return next(each for each in found if each["address"] == address)


def await_upgrade(program: Program, kind: str) -> Any:
    def told() -> Any:
        newest = upgrades(program)[-1:]
        return newest[0] if newest and newest[0]["kind"] == kind else None

    return wait_until(told, f"{kind}; it says: {program.talk}", 30.0, 0.02)


def await_successor(program: Program) -> int:
    """The process of the program that is started in this one's place."""

    def successor() -> int:
        told = read_title(title_of(program.pid))
        return told.pid if told is not None and told.stage == "runs" else 0

    return wait_until(successor, "a successor is started", 60.0)


def children_of(pid: int) -> list[int]:
    found = []
    for folder in Path("/proc").iterdir():
        try:
            parent = (folder / "stat").read_text().rpartition(")")[2].split()[1] if folder.name.isdigit() else ""
        except OSError:
            continue
        if parent == str(pid):
            found.append(int(folder.name))
    return found


def sightline(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gateway", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_nobody_notices_two_upgrades_in_a_row(tmp_path: Path, traffic: MixedTraffic) -> None:
    with Program(tmp_path, traffic.origin) as program:
        first, held = program.pid, listening_inodes(program.pid, program.port)
        traffic.start(program.address)
        watch = Watch(program)
        for _ in range(2):
            traffic.await_more(40)
            program.signal(signal.SIGUSR2)
            assert program.follow() == 0
            assert await_upgrade(program, "upgrade_ended")["actor"] == "signal"
        traffic.await_more(40)
        traffic.stop()
        watch.stop()
        assert (traffic.failed, traffic.refused) == ([], 0)
        assert watch.trouble == []
        assert watch.answers > 50
        assert listening_inodes(program.pid, program.port) == held
        assert [incident["kind"] for incident in upgrades(program)] == ["upgrade_began", "upgrade_ended"] * 2
        assert upgrades(program)[0]["detail"]["pid"] == first
        assert {"fresh", "get", "post", "slow"} <= set(traffic.answered)


def test_what_operators_decided_what_was_learnt_and_what_ran_is_still_there(
    tmp_path: Path, start_origin: StartOrigin
) -> None:
    origins = [start_origin(say_target).address for _ in range(2)]
    down = f"127.0.0.1:{free_port()}"
    with Program(tmp_path, *origins, down, workers=1) as program:
        route = "  - {name: extra, match: {path: /extra}, respond: {status: 200, body: handed-in}}"
        learns = (
            "balance: round_robin, health: {passive: {consecutive_failures: 1, eject_for: 1h}}, "
            "breaker: {min_requests: 1, failure_ratio: 10%, open_for: 1h}"
        )
        assert program.apply(program.text(more_routes=route, upstream=learns))["outcome"] == "applied"
        while program.send("/")[0] == 200:
            pass
        ejected = wait_until(lambda: endpoint(program, down)["ejected_until"], "it is ejected")
        circuit = program.call("/api/v1/upstreams/origin")[1]["circuit"]
        assert circuit["state"] == "open"
        drain = f"/api/v1/upstreams/origin/endpoints/{quote(origins[0], safe='')}/drain"
        assert program.call(drain, json.dumps({"reason": "disk is full"}), JSON)[0] == 200
        assert program.call("/api/v1/upgrade", json.dumps({"reason": "1.4.2"}), JSON)[0] == 200
        undrain = f"/api/v1/upstreams/origin/endpoints/{quote(origins[1], safe='')}/weight"
        # While it is under way, too.
        assert program.call(undrain, json.dumps({"weight": 7}), JSON)[0] == 200
        program.follow()
        status = program.status()
        assert (status["source"], status["ready"]) == ("api", True)
        assert status["sequence"] > 2
        assert program.send("/extra") == (200, b"handed-in")
        drained, weighed = (endpoint(program, origin) for origin in origins)
        assert (drained["state"], weighed["weight"]) == ("draining", 7)
        out = endpoint(program, down)
        assert (out["state"], out["ejections"], out["ejected_until"][:16]) == ("ejected", 1, ejected[:16])
        assert program.call("/api/v1/upstreams/origin")[1]["circuit"] == circuit
        assert program.send("/")[0] == 503
        assert len(program.call("/api/v1/revisions")[1]["revisions"]) == 3
        code, rolled_back = program.call("/api/v1/revisions/1/rollback", "", YAML)
        assert (code, rolled_back["outcome"]) == (200, "applied")
        # Revision 1 knows neither ejections nor breakers, so what the balancing sends to the one that is down fails again.
        answers = {program.send("/extra") for _ in range(20)}
        assert (200, b"/extra") in answers
        assert (200, b"handed-in") not in answers
        assert "1.4.2" in upgrades(program)[0]["text"]


def test_a_tunnel_goes_on_through_an_upgrade_and_ends_at_the_deadline(
    tmp_path: Path, start_origin: StartOrigin
) -> None:
    async def echo(connection: OriginConnection) -> None:
        await connection.read_request()
        await connection.send(SWITCHING)
        try:
            while True:
                await connection.send(await connection.read_bytes(1, 30.0))
        except PeerGone:
            return

    origin = start_origin(echo)
    with Program(tmp_path, origin.address, workers=1, more="drain: {deadline: 1500ms}") as program:
        with program.client() as client:
            client.send(HANDSHAKE)
            assert client.read_response().status == 101
            old = program.pid
            program.signal(signal.SIGUSR2)
            wait_until(lambda: program.status()["pid"] != old, "another program serves", 30.0, 0.01)
            began_s = time.monotonic()
            client.send(b"x")
            assert client.read_until(b"x") == b"x"
            assert client.read_to_end()[1] in {End.FIN, End.RST}
            assert time.monotonic() - began_s < 15.0  # The deadline is half a minute unless somebody says otherwise.
        program.follow()
        assert await_upgrade(program, "upgrade_ended")["detail"]["cut"] == 1


def test_a_new_program_that_fails_leaves_the_old_one_serving(tmp_path: Path, traffic: MixedTraffic) -> None:
    with Program(tmp_path, traffic.origin, workers=1) as program:
        pid, text = program.pid, program.text()
        traffic.start(program.address)
        watch = Watch(program)
        program.write(text + "colour: red\n")
        program.await_last_reload("rejected", "file")
        refused = sightline("upgrade", "--url", f"http://127.0.0.1:{program.admin_port}")
        assert refused.returncode == 1
        assert "colour" in refused.stderr
        assert "exit code 3" in refused.stderr
        program.write(text)
        program.signal(signal.SIGUSR2)
        killed = await_successor(program)
        wait_until(lambda: children_of(killed), "the successor has started its workers", 10.0)
        workers = children_of(killed)
        os.kill(killed, signal.SIGKILL)
        assert "SIGKILL" in await_upgrade(program, "upgrade_failed")["text"]
        wait_until(lambda: not any(map(is_alive, workers)), "its workers have ended")
        traffic.await_more(60)
        traffic.stop()
        watch.stop()
        assert (traffic.failed, traffic.refused, watch.trouble) == ([], 0, [])
        assert (program.status()["pid"], program.has_ended()) == (pid, False)
        program.signal(signal.SIGUSR2)
        assert program.follow() == 0


def test_an_old_program_that_is_killed_on_the_way_is_followed_all_the_same(
    tmp_path: Path, traffic: MixedTraffic
) -> None:
    with Program(tmp_path, traffic.origin, workers=1) as program:
        traffic.start(program.address)
        program.signal(signal.SIGUSR2)
        successor = await_successor(program)
        wait_until(lambda: children_of(successor), "the successor has started its workers", 20.0)
        program.signal(signal.SIGKILL)
        program.await_exit(5.0)
        program.adopt(successor)
        wait_until(program.is_ready, f"the successor serves; it says: {program.talk}", 20.0, 0.02)
        traffic.await_more(60)
        traffic.stop()
        assert traffic.failed == []
        assert "without a word" in await_upgrade(program, "upgrade_ended")["text"]


def test_a_worker_killed_on_the_way_is_replaced_and_an_end_on_the_way_ends_both_programs(program: Program) -> None:
    worker = program.workers()[0]["pid"]
    program.signal(signal.SIGUSR2)
    await_successor(program)
    os.kill(worker, signal.SIGKILL)
    assert program.follow() == 0
    assert program.send("/after") == (200, b"/after")
    program.signal(signal.SIGUSR2)
    successor = await_successor(program)
    program.signal(signal.SIGTERM)
    program.await_exit(10.0)
    wait_until(lambda: not is_alive(successor), "the successor has ended")
    wait_until(lambda: not program.accepts(), "nobody listens")
    assert not program.accepts(program.admin_port)


@pytest.mark.parametrize(("before", "after"), [(1, 2), (3, 1)])
def test_the_number_of_workers_and_the_listeners_may_differ(
    tmp_path: Path, traffic: MixedTraffic, before: int, after: int
) -> None:
    with Program(tmp_path, traffic.origin, workers=before) as program:
        port = free_port()
        second = f'  - {{name: second, address: "127.0.0.1:{port}"}}\nupstreams:'
        program.write(program.text().replace("upstreams:", second, 1))
        program.await_sequence(2)
        # What is handed in stays until the file says something else, as it does below: an upgrade takes that up.
        route = "  - {name: extra, match: {path: /extra}, respond: {status: 200}}"
        assert program.apply(program.text(more_routes=route).replace("upstreams:", second, 1))["outcome"] == "applied"
        traffic.start(program.address)
        traffic.await_more(20)
        program.write(program.text().replace(f"workers: {before}", f"workers: {after}"))
        program.await_last_reload("rejected", "file")
        program.signal(signal.SIGUSR2)
        assert program.follow() == 0
        traffic.await_more(60)
        traffic.stop()
        assert (traffic.failed, traffic.refused) == ([], 0)
        assert len(program.workers()) == after
        status = program.status()
        assert (status["sequence"], status["source"], status["source_differs"]) == (4, f"file:{program.file}", False)
        assert len(listening_inodes(program.pid, program.port)) == after
        assert not program.accepts(port)


def test_the_command_tells_what_became_of_it_and_the_service_manager_which_process_it_is(
    tmp_path: Path, start_origin: StartOrigin
) -> None:
    address = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(address))
        manager.settimeout(10.0)
        environ = {"NOTIFY_SOCKET": str(address)}
        with Program(tmp_path, start_origin(say_target).address, workers=1, environ=environ) as program:
            assert manager.recv(1000) == b"READY=1"
            old = program.pid
            by_pid = sightline("upgrade", "--pid", str(old))
            assert (by_pid.returncode, program.follow(1.0)) == (0, 0)
            assert by_pid.stdout == f"pid {program.pid} serves in place of pid {old}\n"
            assert {manager.recv(1000), manager.recv(1000)} == {f"MAINPID={program.pid}".encode(), b"READY=1"}
            by_url = sightline("upgrade", "--url", f"http://127.0.0.1:{program.admin_port}", "--reason", "tests")
            assert by_url.returncode == 0
            assert "serves in place of" in by_url.stdout
            program.follow(5.0)
    for words in (("--pid", str(os.getpid())), ("--url", f"http://127.0.0.1:{free_port()}")):
        assert sightline("upgrade", *words).returncode == 4
    assert sightline("upgrade").returncode == 2
