"""The whole program under a test's control: its file, its signals, its processes, its admin API."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from prometheus_client.parser import text_string_to_metric_families

from tests.support.config import free_port, one_route
from tests.support.raw_client import Address, RawClient
from tests.support.waiting import Overdue, wait_until

START_DEADLINE_S: Final = 60.0
YAML: Final = {"Content-Type": "application/yaml"}


class Program:
    """`sightline run` on a file that a test may change. Two workers and one route to one origin, unless told otherwise."""

    def __init__(
        self, folder: Path, *endpoints: str, workers: int = 2, more: str = "", environ: Mapping[str, str] | None = None
    ) -> None:
        """environ: OTEL_* variables; there are none otherwise."""
        self.port, self.admin_port = free_port(), free_port()
        self.address: Address = ("127.0.0.1", self.port)
        self.file = folder / "sightline.yaml"
        self.prefix: tuple[str, ...] = ()
        """A command that becomes the gateway by `exec "$@"`, for limits under which it shall run."""
        self._endpoints = endpoints
        self._environ = environ or {}
        self._more = f'admin: {{address: "127.0.0.1:{self.admin_port}"}}\nworkers: {workers}\n{more}'
        self._access_log = folder / "access.ndjson"
        self._operational_log = folder / "operational.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._successor = 0
        self.write(self.text())

    def text(self, **keys: str) -> str:
        """The configuration it starts with, or with other keys; see `one_route`."""
        return one_route(*self._endpoints, port=self.port, **{"more": self._more, **keys})

    def write(self, text: str) -> None:
        """Replace the content of the file in place."""
        self.file.write_text(text)

    def start(self) -> None:
        environment = {key: value for key, value in os.environ.items() if not key.startswith("OTEL_")} | dict(
            self._environ
        )
        with self._access_log.open("ab") as stdout, self._operational_log.open("ab") as stderr:
            self._successor = 0
            self._process = subprocess.Popen(
                [*self.prefix, sys.executable, "-m", "gateway", "run", "-c", str(self.file)],
                stdout=stdout,
                stderr=stderr,
                env=environment,
            )

    def __enter__(self) -> Self:
        self.start()
        try:
            wait_until(self.is_ready, f"the gateway is ready; it says: {self.talk}", START_DEADLINE_S)
        except BaseException:
            self.end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._successor or self._process.pid

    @property
    def talk(self) -> str:
        """The operational log so far."""
        return self._operational_log.read_text() if self._operational_log.exists() else ""

    @property
    def access_lines(self) -> list[Any]:
        return [json.loads(line) for line in self._access_log.read_bytes().splitlines()]

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def follow(self, deadline_s: float = 60.0) -> int:
        """Wait for the end of this program, whose place another one takes, and have that one under control; the exit code, 0
        where it is not ours to know."""
        code = self.await_exit(deadline_s)
        self.adopt(self.status()["pid"])
        return code

    def adopt(self, pid: int) -> None:
        """The process that is under control from now on."""
        self._successor = pid

    def has_ended(self) -> bool:
        assert self._process is not None
        if self._successor:
            return not is_alive(self._successor)
        return self._process.poll() is not None

    def await_exit(self, deadline_s: float) -> int:
        """The exit code, once it has ended by itself."""
        assert self._process is not None
        if self._successor:
            try:
                wait_until(self.has_ended, "the program has ended", deadline_s, 0.01)
            except Overdue as overdue:
                raise Overdue(f"{overdue}; it says: {self.talk[-4000:]}") from None
            return 0
        return self._process.wait(deadline_s)

    def end(self) -> int:
        """SIGTERM if it still runs, SIGKILL if that does not help; the exit code."""
        assert self._process is not None
        code = self._end()
        if (successor := self._answering()) not in {0, self.pid}:
            self.adopt(successor)  # One that nobody has followed yet.
            self._end()
        return code

    def _end(self) -> int:
        if not self.has_ended():
            self.signal(signal.SIGTERM)
        try:
            return self.await_exit(30)
        except (subprocess.TimeoutExpired, Overdue):
            self.signal(signal.SIGKILL)
            return self.await_exit(5)

    def _answering(self) -> int:
        """The process of ours that answers at the admin API, 0 where there is none: the port may be somebody else's by now."""
        try:
            code, view = self.call("/api/v1/status")
            is_ours = code == 200 and self._operational_log.samefile(f"/proc/{view['pid']}/fd/2")
        except (OSError, http.client.HTTPException):
            return 0
        return int(view["pid"]) if is_ours else 0

    def client(self) -> RawClient:
        return RawClient(self.address)

    def accepts(self, port: int | None = None) -> bool:
        """Whether a connection can be opened at this moment, to the first listener or to another port."""
        try:
            socket.create_connection(("127.0.0.1", port or self.port), 1.0).close()
        except (ConnectionError, TimeoutError):
            return False
        return True

    def send(self, path: str) -> tuple[int, bytes]:
        """Status and body of a GET over a connection of its own."""
        with self.client() as client:
            response = client.request(f"GET {path} HTTP/1.1\r\nHost: gateway.test\r\n\r\n".encode())
            return response.status, response.body

    def call(
        self, path: str, body: str | None = None, headers: dict[str, str] | None = None, *, method: str = "POST"
    ) -> tuple[int, Any]:
        """Status and body of a call of the admin API: a GET where there is no body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.admin_port, timeout=10)
        try:
            connection.request(
                "GET" if body is None else method, path, None if body is None else body.encode(), headers or {}
            )
            response = connection.getresponse()
            content = response.read()
        finally:
            connection.close()
        return response.status, json.loads(content)

    def status(self) -> Any:
        code, view = self.call("/api/v1/status")
        assert code == 200, view
        return view

    def is_ready(self) -> bool:
        if self.has_ended():
            raise AssertionError(f"the gateway has ended: {self.talk}")
        try:
            return self.call("/readyz")[0] == 200
        except OSError:
            return False

    def apply(self, text: str) -> Any:
        code, result = self.call("/api/v1/config/apply", text, YAML)
        assert code == 200, result
        return result

    def await_sequence(self, sequence: int) -> Any:
        """The status once every worker serves this sequence or a later one."""

        def served() -> Any:
            status = self.status()
            return status if all(worker["sequence"] >= sequence for worker in status["workers"]) else None

        return wait_until(served, f"sequence {sequence} in every worker")

    def await_last_reload(self, result: str, trigger: str) -> Any:
        def concluded() -> Any:
            last = self.status()["last_reload"]
            return last if (last["result"], last["trigger"]) == (result, trigger) else None

        return wait_until(concluded, f"the last reload is {result} by {trigger}")

    def metric(self, name: str, **labels: str) -> float:
        """The sum of all samples of this name that have these labels, as one scrape shows it."""
        connection = http.client.HTTPConnection("127.0.0.1", self.admin_port, timeout=10)
        try:
            connection.request("GET", "/metrics")
            text = connection.getresponse().read().decode()
        finally:
            connection.close()
        return sum(
            sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )

    def workers(self) -> list[Any]:
        view: list[Any] = self.status()["workers"]
        return view


def is_alive(pid: int) -> bool:
    """Whether the process runs; a zombie does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def title_of(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0 ").decode()


def listening_inodes(pid: int, port: int) -> set[str]:
    """The listening sockets on this port that the process has open."""
    listening = set()
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[3] == "0A" and int(fields[1].rpartition(":")[2], 16) == port:
            listening.add(f"socket:[{fields[9]}]")
    held = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        try:
            held.add(str(descriptor.readlink()))
        except OSError:
            continue
    return listening & held
