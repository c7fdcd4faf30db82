"""What a real gateway says of itself, as the admin API tells it: on demand, and as it happens."""

import http.client
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.live.conftest import StartOrigin
from tests.support.event_stream import parse_events
from tests.support.origin import say_target
from tests.support.program import Program
from tests.support.waiting import wait_until


@pytest.fixture
def program(tmp_path: Path, start_origin: StartOrigin) -> Iterator[Program]:
    with Program(tmp_path, start_origin(say_target).address) as started:
        yield started


def logs(program: Program, query: str = "") -> Any:
    code, view = program.call(f"/api/v1/logs{query}")
    assert code == 200, view
    return view


def test_the_log_of_the_start_is_there_and_what_somebody_did_is_recognised(program: Program) -> None:
    view = logs(program)
    told = [record["event"] for record in view["records"]]
    assert told == [record["event"] for record in logs(program, "?since=0")["records"]]
    assert {"listening", "admin_listening", "ready"} <= set(told)
    assert view["dropped"] == {}
    assert logs(program, "?filter=audit")["records"] == []
    program.apply(program.text(route="timeouts: {first_byte: 5s}"))
    (applied,) = logs(program, "?filter=audit")["records"]
    assert (applied["event"], applied["actor"], applied["fields"]["outcome"]) == ("config_apply", "loopback", "applied")


def test_a_death_is_streamed_as_it_happens_and_a_later_connection_goes_on_behind_it(program: Program) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", program.admin_port, timeout=10)
    try:
        # The place to begin with is taken when the topics are asked first, one after the other.
        connection.request("GET", "/api/v1/stream?topics=logs,status")
        stream, heard = connection.getresponse(), b""
        while b"event: status" not in heard:
            heard += stream.read1()
        os.kill(program.workers()[0]["pid"], signal.SIGKILL)
        while b"worker_died" not in heard or not heard.endswith(b"\n\n"):
            heard += stream.read1()
    finally:
        connection.close()
    died = next(event for event in parse_events(heard) if '"worker_died"' in event.data)
    assert (died.name, '"level":"error"' in died.data) == ("logs", True)
    served = wait_until(lambda: logs(program, "?filter=event:worker_serving")["records"], "a successor")
    again = http.client.HTTPConnection("127.0.0.1", program.admin_port, timeout=10)
    try:
        again.request("GET", "/api/v1/stream?topics=logs", headers={"Last-Event-ID": died.id})
        stream, heard = again.getresponse(), b""
        while b"worker_serving" not in heard or not heard.endswith(b"\n\n"):
            heard += stream.read1()
    finally:
        again.close()
    told = [event.data for event in parse_events(heard) if event.name == "logs"]
    assert [f'"id":{served[0]["id"]},' in data for data in told] == [True]
