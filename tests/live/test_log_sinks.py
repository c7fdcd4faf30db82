"""A whole gateway and everybody who takes its access lines: each gets every line, none gets a secret, a file that is
rotated loses nothing, and a sink that hangs costs traffic nothing."""

import asyncio
import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from tests.live.conftest import StartOrigin
from tests.support.log_sinks import FAKES, HANG, FakeSink
from tests.support.loop_thread import LoopThread
from tests.support.origin import OriginConnection, answering
from tests.support.program import Program
from tests.support.waiting import wait_until

COUNT: Final = 200
CANARIES: Final = ("canary-query", "canary-bearer", "canary-cookie", "canary-token", "canary-answer")
ANSWER: Final = f"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nSet-Cookie: session={CANARIES[-1]}\r\n\r\nok".encode()
SINK_SECRETS: Final = ("sink-secret-1", "sink-secret-2")


@pytest.fixture
def fakes() -> Iterator[dict[str, FakeSink]]:
    """One of each kind, all of them listening."""
    thread = LoopThread("sinks", asyncio.new_event_loop)
    made = {kind: make() for kind, make in FAKES.items()}
    for fake in made.values():
        thread.run(fake.__aenter__())
    yield made
    for fake in made.values():
        thread.run(fake.__aexit__())
    thread.stop()


def telemetry(fakes: dict[str, FakeSink], path: Path, more: str = "") -> str:
    splunk = (fakes["splunk"].authorization or "").removeprefix("Splunk ")
    return f"""
telemetry:
  access_log:
    sinks:
      - {{file: {{path: {path}}}}}
      - {{elasticsearch: {{url: "{fakes["elasticsearch"].url}", api_key: {SINK_SECRETS[0]}, timeout: 1s}}}}
      - {{loki: {{url: "{fakes["loki"].url}", token: {SINK_SECRETS[1]}}}}}
      - {{splunk: {{url: "{fakes["splunk"].url}", token: {splunk}}}}}
      - {{logstash: {{url: "{fakes["logstash"].url}", gzip: true}}}}
      - {{otlp: {{url: "{fakes["otlp"].url}"}}}}
{more}
"""


def send_secrets(program: Program, count: int) -> None:
    """Requests that carry a canary wherever a secret may be."""
    query, bearer, cookie, token, _ = CANARIES
    with program.client() as client:
        for number in range(count):
            head = (
                f"GET /{number}?key={query}&flag HTTP/1.1\r\nHost: gateway.test\r\nAuthorization: Bearer {bearer}\r\n"
                f"Cookie: session={cookie}\r\nX-Api-Key: {token}\r\nProxy-Authorization: Basic {token}\r\n\r\n"
            )
            assert client.request(head.encode()).status == 200


def await_exported(program: Program, sink: str, count: int) -> None:
    def exported() -> bool:
        return program.metric("sightline_telemetry_exported_total", signal="log", sink=sink) == count

    wait_until(exported, f"{sink} has delivered {count} lines")


def test_every_sink_gets_every_line_and_no_secret(
    tmp_path: Path, start_origin: StartOrigin, fakes: dict[str, FakeSink]
) -> None:
    origin = start_origin(answering(ANSWER))
    path = tmp_path / "access.log"
    with Program(tmp_path, origin.address, more=telemetry(fakes, path)) as program:
        send_secrets(program, COUNT)
        for sink in ("access_log", "file", *fakes):
            await_exported(program, sink, COUNT)
        assert program.metric("sightline_telemetry_dropped_total", signal="log") == 0
        shown = json.dumps(program.call("/api/v1/config")[1]) + json.dumps(program.call("/api/v1/exchanges")[1])
    assert program.end() == 0
    seen = [path.read_bytes(), program.talk.encode(), shown.encode(), json.dumps(program.access_lines).encode()]
    for kind, fake in fakes.items():
        assert (kind, len(fake.taken), fake.problems) == (kind, COUNT, [])
        seen += [repr(fake.taken).encode(), *([] if "gzip" in fake.encodings else fake.raw)]
    assert len(path.read_bytes().splitlines()) == COUNT
    for canary in (*CANARIES, *SINK_SECRETS):
        assert [place for place in seen if canary.encode() in place] == []
    assert all(b"key=REDACTED" in line for line in path.read_bytes().splitlines())


def test_sinks_that_hang_cost_traffic_nothing_and_the_end_a_bounded_time(
    tmp_path: Path, start_origin: StartOrigin, fakes: dict[str, FakeSink]
) -> None:
    origin = start_origin(answering(ANSWER))
    path = tmp_path / "access.log"
    for fake in fakes.values():
        fake.moods.extend([HANG] * 100)
    with Program(tmp_path, origin.address, more=telemetry(fakes, path)) as program:
        send_secrets(program, COUNT)
        await_exported(program, "file", COUNT)
        began_s = time.monotonic()
        assert program.end() == 0
        assert time.monotonic() - began_s < 25.0
    lost = [json.loads(line) for line in program.talk.splitlines() if '"access_lines_dropped"' in line]
    assert {entry["sink"]: entry["reasons"] for entry in lost} == {kind: {"shutdown": COUNT} for kind in fakes}


def test_a_tunnel_is_told_of_while_it_is_open(tmp_path: Path, start_origin: StartOrigin) -> None:
    async def switch(connection: OriginConnection) -> None:
        await connection.read_request()
        await connection.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nhello")
        await connection.until_peer_ends()

    path = tmp_path / "access.log"
    sinks = f"still_open: {{after: 300ms, every: 300ms}}, sinks: [{{file: {{path: {path}}}}}]"
    more = f"telemetry: {{access_log: {{{sinks}}}}}"
    origin = start_origin(switch)
    with Program(tmp_path, origin.address, workers=1, more=more) as program:

        def told() -> list[Any]:
            return [json.loads(line) for line in path.read_bytes().splitlines()] if path.exists() else []

        with program.client() as client:
            client.send(b"GET /t?key=s3cret HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n")
            wait_until(lambda: len(told()) >= 3, "the tunnel is told of three times")
            assert program.metric("sightline_http_requests_total") == 0
        wait_until(lambda: told() and "event" not in told()[-1], "the tunnel has ended")
        wait_until(lambda: program.metric("sightline_http_requests_total") == 1, "it is counted once")
        lines = told()
    assert [line.get("event") for line in lines] == ["start", *["still_open"] * (len(lines) - 2), None]
    assert len({(line["request_id"], line["trace_id"], line["url.query"]) for line in lines}) == 1
    assert all(line["upgraded"] and line["bytes_out"] > len("hello") for line in lines[:-1])


@pytest.mark.real("rsyslogd")
def test_a_file_that_is_rotated_is_read_whole_by_rsyslog(tmp_path: Path, start_origin: StartOrigin) -> None:
    path, collected = tmp_path / "access.log", tmp_path / "collected.ndjson"
    origin = start_origin(answering(ANSWER))
    more = f"telemetry: {{access_log: {{sink: none, sinks: [{{file: {{path: {path}}}}}]}}}}"
    with Program(tmp_path, origin.address, more=more) as program, rsyslog(tmp_path, path, collected) as is_running:
        for turn in range(4):
            send_secrets(program, COUNT)
            if turn < 3:
                await_exported(program, "file", (turn + 1) * COUNT)
                path.rename(tmp_path / f"access.log.{turn}")
                program.signal(signal.SIGUSR1)
        await_exported(program, "file", 4 * COUNT)
        wait_until(lambda: is_running() and count_lines(collected) >= 4 * COUNT, "rsyslog has read every line", 20.0)
    identities = [json.loads(line)["request_id"] for line in collected.read_bytes().splitlines()]
    assert (len(identities), len(set(identities))) == (4 * COUNT, 4 * COUNT)
    written = [count_lines(file) for file in (*sorted(tmp_path.glob("access.log.*")), path)]
    assert (len(written), sum(written)) == (4, 4 * COUNT)


def count_lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


@contextmanager
def rsyslog(folder: Path, reads: Path, writes: Path) -> Iterator[Callable[[], bool]]:
    """A real rsyslogd that follows one file and copies its lines to another; yields whether it still runs."""
    configuration, work = folder / "rsyslog.conf", folder / "rsyslog"
    work.mkdir()
    configuration.write_text(f"""
global(workDirectory="{work}")
module(load="imfile")
template(name="line" type="string" string="%msg%\\n")
input(type="imfile" file="{reads}" tag="sightline" ruleset="copy" freshStartTail="off")
ruleset(name="copy") {{ action(type="omfile" file="{writes}" template="line") }}
""")
    with (folder / "rsyslog.log").open("wb") as talk:
        process = subprocess.Popen(
            ["rsyslogd", "-n", "-f", str(configuration), "-i", str(work / "pid")], stdout=talk, stderr=talk
        )
    try:
        yield lambda: process.poll() is None
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)
