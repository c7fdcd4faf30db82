"""The users, for locust: those who browse, come in bursts, misbehave, read slowly, and talk through WebSockets.

`locust -f perf/load/users.py --host http://127.0.0.1:9080` works on any running demo; `python -m perf.load` brings its own.
Each request is shown under its scenario, and counted by the route, method and code that the gateway has to count it under.
"""

import json
import random
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import gevent
import websocket
from locust import HttpUser, User, between, constant, constant_pacing, events, task
from locust.argument_parser import LocustArgumentParser
from locust.env import Environment
from locust.stats import StatsEntry

from perf.load.objectives import broken_objectives

UNMATCHED: Final = "_unmatched"
BURST: Final = 20
_READ_BYTES: Final = 64 * 1024
_PAUSE_S: Final = 0.05
_TIMEOUT_S: Final = 20.0

NOT_UNDERSTOOD: Final = "_OTHER"
"""The method under which the gateway counts what it refused before it knew the method."""

counts: Counter[tuple[str, str, str, int]] = Counter()
"""Answers by scenario, route, method and code."""


class Browser(HttpUser):
    """Looks at products, searches, fetches a style sheet, orders a report now and then."""

    weight = 10
    wait_time = between(0.05, 0.3)

    @task(6)
    def product(self) -> None:
        self._get("product", f"/v1/products/{random.randint(1, 200)}")

    @task(3)
    def products(self) -> None:
        self._get("products", "/v1/products")

    @task(2)
    def search(self) -> None:
        self._get("search", "/v1/search?q=lamp")

    @task(2)
    def assets(self) -> None:
        self._get("assets", "/assets/site.css")

    @task(1)
    def report(self) -> None:
        self._get("reports", "/v1/reports/daily", scenario="reports")

    def _get(self, route: str, path: str, scenario: str = "browse") -> None:
        answer = self.client.get(path, name=scenario, allow_redirects=False, timeout=_TIMEOUT_S)
        _count(scenario, route, "GET", answer.status_code)


class Burst(HttpUser):
    """Nothing for a while, then twenty requests as fast as they are answered."""

    weight = 3
    wait_time = constant_pacing(3)

    @task
    def burst(self) -> None:
        for _ in range(BURST):
            answer = self.client.get("/v1/products", name="burst", allow_redirects=False, timeout=_TIMEOUT_S)
            _count("burst", "products", "GET", answer.status_code)


class Abusive(User):
    """Sends what has to be refused, byte by byte as it likes. A request is a success if it is refused as it should be."""

    weight = 2
    wait_time = between(0.1, 0.5)

    @task(3)
    def nowhere(self) -> None:
        self._send(404, b"GET /wp-login.php HTTP/1.1\r\nHost: shop.example\r\n\r\n", "GET")

    @task(1)
    def wrong_method(self) -> None:
        self._send(405, b"PATCH /v1/orders HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 2\r\n\r\n{}", "PATCH")

    @task(1)
    def two_lengths(self) -> None:
        head = b"POST /v1/orders HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}"
        self._send(400, head, NOT_UNDERSTOOD)

    @task(1)
    def climbing(self) -> None:
        self._send(400, b"GET /../../etc/passwd HTTP/1.1\r\nHost: shop.example\r\n\r\n", "GET")

    @task(1)
    def long_line(self) -> None:
        self._send(414, b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: shop.example\r\n\r\n", NOT_UNDERSTOOD)

    @task(1)
    def large_head(self) -> None:
        fields = b"".join(b"X-%d: %s\r\n" % (number, b"v" * 4000) for number in range(20))
        self._send(431, b"GET / HTTP/1.1\r\nHost: shop.example\r\n" + fields + b"\r\n", NOT_UNDERSTOOD)

    def _send(self, wanted: int, request: bytes, method: str) -> None:
        """method: what the gateway has to count it under."""

        def exchange() -> int:
            with _connected(self.host) as connection:
                connection.sendall(request)
                code = int(connection.makefile("rb").readline().split()[1])
                _count("abusive", UNMATCHED, method, code)
                if code != wanted:
                    raise AssertionError(f"answered {code}, expected {wanted}")
                return 0

        _timed(self.environment, "RAW", "abusive", exchange)


class SlowReader(User):
    """Fetches some megabytes and takes its time."""

    weight = 1
    wait_time = constant(1)

    @task
    def export(self) -> None:
        def exchange() -> int:
            request = (
                b"GET /v1/exports/2026-01.csv?kib=4096 HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n"
            )
            with _connected(self.host) as connection:
                connection.sendall(request)
                received, code, last = 0, 0, b""
                while piece := connection.recv(_READ_BYTES):
                    code = code or int(piece.split(maxsplit=2)[1])
                    received += len(piece)
                    last = (last + piece)[-5:]
                    gevent.sleep(_PAUSE_S)
                _count("slow reader", "export", "GET", code)
                if last != b"0\r\n\r\n":
                    raise AssertionError(f"the answer broke off after {received} bytes")
                return received

        _timed(self.environment, "RAW", "slow reader", exchange)


class Talker(User):
    """Opens a WebSocket, has some messages sent back, and closes it."""

    weight = 2
    wait_time = between(0.2, 1)

    @task
    def talk(self) -> None:
        place = urlsplit(self.host or "")
        tunnel = websocket.create_connection(f"ws://{place.netloc}/v1/live", timeout=_TIMEOUT_S)
        _count("websocket", "live", "GET", 101)
        try:
            for number in range(5):
                _timed(self.environment, "WS", "websocket", partial(_echo, tunnel, f"message {number}"))
        finally:
            tunnel.close()


def _echo(tunnel: Any, text: str) -> int:
    tunnel.send(text)
    answer: str = tunnel.recv()
    if answer != text:
        raise AssertionError(f"sent {text!r}, got {answer!r}")
    return len(answer)


def _connected(host: str | None) -> socket.socket:
    place = urlsplit(host or "")
    return socket.create_connection((place.hostname or "", place.port or 80), _TIMEOUT_S)


def _timed(environment: Environment, kind: str, scenario: str, exchange: Callable[[], int]) -> None:
    """Have locust count an exchange of our own; `exchange` returns the length of the answer."""
    started_s = time.perf_counter()
    length, failure = 0, None
    try:
        length = exchange()
    except (OSError, AssertionError, IndexError, ValueError, websocket.WebSocketException) as error:
        failure = error
    environment.events.request.fire(  # type: ignore[no-untyped-call]
        request_type=kind,
        name=scenario,
        response_time=(time.perf_counter() - started_s) * 1e3,
        response_length=length,
        exception=failure,
        context={},
    )


def _count(scenario: str, route: str, method: str, code: int) -> None:
    counts[scenario, route, method, code] += 1


@events.init_command_line_parser.add_listener  # type: ignore[untyped-decorator]
def _add_arguments(parser: LocustArgumentParser) -> None:
    parser.add_argument("--counts", default="", help="write answers by route, method and code to this file")


@events.quitting.add_listener  # type: ignore[untyped-decorator]
def _judge(environment: Environment, **_: Any) -> None:
    """The exit code: 0 only if every objective was kept."""
    measured = {entry.name: entry for entry in environment.stats.entries.values()}
    broken = [*broken_objectives(measured), *_miscounted(measured)]
    for sentence in broken:
        print(f"objective missed: {sentence}")
    environment.process_exit_code = 1 if broken else 0
    file = environment.parsed_options.counts if environment.parsed_options else ""
    if file:
        Path(file).write_text(json.dumps([[*key, number] for key, number in sorted(counts.items())]))


def _miscounted(measured: Mapping[str, StatsEntry]) -> Iterator[str]:
    """Where locust's own number of requests is not that of the answers. Of a WebSocket it counts the messages."""
    for scenario, entry in measured.items():
        answers = sum(number for (counted, *_), number in counts.items() if counted == scenario)
        if scenario != "websocket" and entry.num_requests != answers:
            yield f"{scenario}: locust has {entry.num_requests} requests, and there were {answers} answers"
