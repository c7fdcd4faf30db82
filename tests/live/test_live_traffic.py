"""Live traffic of the whole program: followed as it happens, looked up by id, seen while it runs. Without an access log."""

import asyncio
import http.client
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.live.conftest import StartOrigin
from tests.support.config import free_port, one_route
from tests.support.event_stream import Event, parse_events
from tests.support.gateway import ProcessGateway
from tests.support.origin import OriginConnection, say_target
from tests.support.waiting import wait_until

NO_LOG = "telemetry: {access_log: {sink: none}}"


class Follower:
    """A connection to the stream, read in a thread of its own."""

    def __init__(self, port: int, query: str, last_event_id: str = "") -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        self._connection.request("GET", f"/api/v1/stream?{query}", headers={"Last-Event-ID": last_event_id})
        self._response = self._connection.getresponse()
        assert self._response.status == 200
        self._data = b""
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        try:
            while chunk := self._response.read1(65536):
                self._data += chunk
        except (OSError, ValueError, AttributeError):
            return

    @property
    def events(self) -> list[Event]:
        return parse_events(self._data)

    def shown(self) -> list[Any]:
        return [json.loads(event.data) for event in self.events if event.name == "exchange"]

    def last(self, name: str) -> Any:
        found = [event for event in self.events if event.name == name]
        return json.loads(found[-1].data) if found else None

    def close(self) -> None:
        if self._connection.sock is not None:
            self._connection.sock.close()
        self._response.close()


class Running:
    def __init__(self, folder: Path, origin: str) -> None:
        self.port, self.admin_port = free_port(), free_port()
        more = f'{NO_LOG}\nadmin: {{address: "127.0.0.1:{self.admin_port}"}}\nworkers: 2'
        text = one_route(origin, port=self.port, match="path_prefix: /v1", more=more)
        self.gateway = ProcessGateway(folder, text, self.port, self.admin_port)
        self.followers: list[Follower] = []

    def follow(self, query: str = "", last_event_id: str = "") -> Follower:
        follower = Follower(self.admin_port, query, last_event_id)
        self.followers.append(follower)
        wait_until(lambda: follower.events, "the stream has begun")
        return follower

    def get(self, path: str) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self.admin_port, timeout=10)
        try:
            connection.request("GET", f"/api/v1/{path}")
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()

    def send(self, target: str, times: int = 1) -> int:
        """How many were sent."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            for _ in range(times):
                connection.request("GET", target)
                connection.getresponse().read()
        finally:
            connection.close()
        return times

    def send_until(self, target: str, follower: Follower) -> None:
        """Workers write lines soon after somebody follows; this is how a test knows that they do."""
        wait_until(lambda: self.send(target) and follower.shown(), "an exchange is shown")


@pytest.fixture
def running(tmp_path: Path, start_origin: StartOrigin) -> Iterator[Running]:
    started = Running(tmp_path, start_origin(say_target).address)
    with started.gateway:
        yield started
        for follower in started.followers:
            follower.close()


def test_failures_are_shown_to_all_and_successes_only_while_somebody_follows(running: Running) -> None:
    running.send("/nowhere")
    wait_until(lambda: running.get("unmatched")["seen"] == 1, "the unmatched request is counted")
    follower = running.follow(f"filter={quote('/v1/ | by:gateway')}")
    running.send_until("/v1/seen", follower)
    assert {one["exchange"]["url.path"] for one in follower.shown()} == {"/v1/seen"}
    wait_until(lambda: running.get("exchanges?filter=/v1/seen")["exchanges"], "it can be looked up")


def test_weights_and_counts_of_a_sampled_tail_agree_with_what_was_sent(running: Running) -> None:
    follower = running.follow("filter=/v1/counted&rate=5")
    warm = running.follow("filter=/v1/warm")
    running.send_until("/v1/warm", warm)
    running.send("/v1/counted", 300)
    wait_until(lambda: (follower.last("counts") or {}).get("matched") == 300, "all have matched")

    def is_settled() -> bool:
        counts = follower.last("counts")
        return bool(counts["shown"] + counts["sampled_out"] == 300)

    wait_until(is_settled, "all have been shown or left out")
    assert sum(one["weight"] for one in follower.shown()) == pytest.approx(300, rel=1e-4)
    assert len(follower.shown()) < 60
    assert follower.last("counts")["lost"] == 0


def test_a_stream_is_taken_up_where_it_ended(running: Running) -> None:
    follower = running.follow("filter=/v1/&topics=exchanges,incidents")
    running.send_until("/v1/before", follower)
    follower.close()
    last_id = follower.events[-1].id
    running.send("/v1/between")
    wait_until(lambda: running.get("exchanges?filter=/v1/between")["exchanges"], "the exchange is kept")
    again = running.follow("filter=/v1/between&topics=exchanges,incidents", last_id)
    wait_until(again.shown, "what came in between is shown")
    assert [one["exchange"]["url.path"] for one in again.shown()] == ["/v1/between"]
    assert again.last("lost") is None


def test_status_and_what_is_running_can_be_followed(running: Running) -> None:
    follower = running.follow("topics=status,inflight")
    wait_until(lambda: follower.last("status") and follower.last("inflight"), "both are told")
    assert follower.last("status")["ready"]
    assert follower.last("inflight")["total"] == 0


def test_an_exchange_is_seen_while_it_runs(tmp_path: Path, start_origin: StartOrigin) -> None:
    async def hold(connection: OriginConnection) -> None:
        await connection.read_request()
        while not released.is_set():  # noqa: ASYNC110 - the test's own thread sets it, within its deadlines
            await asyncio.sleep(0.01)
        await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    released = threading.Event()
    running = Running(tmp_path, start_origin(hold).address)
    with running.gateway:
        sending = threading.Thread(target=running.send, args=("/v1/held?token=secret",))
        sending.start()
        try:
            (view,) = wait_until(lambda: running.get("inflight?filter=/v1/held")["exchanges"], "it runs")
            assert (view["route"], view["phase"], view["attempt"], view["path"]) == ("all", "ttfb", 1, "/v1/held")
            assert running.get("inflight?filter=route:other")["total"] == 1
            released.set()
            wait_until(lambda: running.get("inflight")["total"] == 0, "it has ended")
        finally:
            released.set()
            sending.join(10)


def test_a_follower_that_does_not_read_costs_the_others_and_the_proxy_nothing(running: Running) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", running.admin_port, timeout=10)
    connection.request("GET", "/api/v1/stream?rate=1000")
    reader = running.follow("rate=1000")
    running.send_until("/v1/a", reader)
    running.send("/v1/b", 2000)
    wait_until(lambda: (reader.last("counts") or {}).get("matched", 0) > 1000, "the other is told")
    assert reader.last("counts")["lost"] == 0
    connection.close()
