"""The gateway under test: its engine alone, in this process and fast to start, or the whole program as its users run it."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from prometheus_client.parser import text_string_to_metric_families

from gateway.config.load import load_text
from gateway.model.clock import SECOND_NS
from gateway.model.exchange import Exchange
from gateway.model.snapshot import Snapshot
from gateway.proxy.engine import Engine
from gateway.telemetry.recorder import Recorder
from tests.support.loop_thread import LoopThread
from tests.support.raw_client import Address, RawClient
from tests.support.waiting import wait_until

_PAGE_SIZE: Final = os.sysconf("SC_PAGE_SIZE")
_START_DEADLINE_S: Final = 60.0


class RecordKeeper(Recorder):
    """The real recorder, which also keeps what it is told."""

    def __init__(self) -> None:
        super().__init__(worker=1)
        self.records: list[Exchange] = []
        self.keeps = True
        self.open_connections = 0

    def exchange_finished(self, exchange: Exchange) -> None:
        super().exchange_finished(exchange)
        if self.keeps:
            self.records.append(exchange)

    def connection_accepted(self, listener: str) -> None:
        super().connection_accepted(listener)
        self.open_connections += 1

    def connection_closed(self, listener: str) -> None:
        super().connection_closed(listener)
        self.open_connections -= 1


class EngineGateway:
    """An engine on a loop of this process; every listener of its configuration gets a port of its own."""

    def __init__(self, thread: LoopThread, config: str) -> None:
        self._thread = thread
        self._keeper = RecordKeeper()
        self._addresses: dict[str, Address] = {}
        self._clients: list[RawClient] = []
        self._engine = thread.run(self._start(load_text(config, "test.yaml", 1, {}).snapshot))

    async def _start(self, snapshot: Snapshot) -> Engine:
        engine = Engine(self._thread.loop, self._keeper, workers=1)
        preparation = engine.prepare(snapshot)
        for route in snapshot.routes:
            preparation.add(route)
        for _ in preparation.finish():
            pass
        preparation.activate()
        for listener in snapshot.listeners:
            listening = socket.create_server(("127.0.0.1", 0), backlog=1024)
            self._addresses[listener.name] = listening.getsockname()
            await engine.listen(listener.name, listening)
        return engine

    @property
    def records(self) -> list[Exchange]:
        """Of the exchanges that have ended, in that order."""
        return self._keeper.records

    def stop_keeping_records(self) -> None:
        """For tests of memory, in which the records of a flood would be all that grows."""
        self._keeper.keeps = False

    def client(
        self, listener: str = "public", *, source: str | None = None, receive_buffer: int | None = None
    ) -> RawClient:
        client = RawClient(self._addresses[listener], source=source, receive_buffer=receive_buffer)
        client.after_byte = self._thread.turn
        self._clients.append(client)
        return client

    def await_records(self, count: int) -> list[Exchange]:
        wait_until(lambda: len(self.records) >= count, f"{count} records; there are {len(self.records)}")
        return self.records

    def await_in_flight(self, count: int) -> None:
        """Wait until exactly so many exchanges have begun and not ended."""
        wait_until(lambda: self._engine._context.in_flight == count, f"{count} exchanges in flight")

    def await_connections(self, count: int) -> None:
        """Wait until exactly so many clients are connected."""
        wait_until(
            lambda: self._keeper.open_connections == count,
            f"{count} connections; there are {self._keeper.open_connections}",
        )

    def await_upstream_connections(self, count: int) -> None:
        """Wait until the pools hold exactly so many connections."""

        def count_open() -> int:
            return sum(gauge.active + gauge.idle for gauge in self._engine.pool_gauges())

        wait_until(lambda: self._thread.call(count_open) == count, f"{count} upstream connections")

    def turn(self) -> None:
        """Let the loop read what has been sent to it."""
        self._thread.turn()

    def settle(self) -> None:
        """Let the loop see everything that has been sent to it so far."""
        for _ in range(10):
            self._thread.turn()

    def accepts(self, listener: str = "public") -> bool:
        """Whether a connection can be opened at this moment."""
        try:
            socket.create_connection(self._addresses[listener], 1.0).close()
        except ConnectionError:
            return False
        return True

    def await_draining(self) -> None:
        wait_until(lambda: self._engine._context.is_draining, "the drain has begun")

    def drain(self, delay_s: float, deadline_s: float) -> int:
        """Run a drain to its end; the number of exchanges that were cut."""
        return self._thread.run(self._engine.drain(int(delay_s * SECOND_NS), int(deadline_s * SECOND_NS)))

    def busy_s(self) -> float:
        """Seconds of processor time that the loop's thread has used so far."""
        return self._thread.call(time.thread_time)

    def memory(self) -> int:
        """Resident bytes of the process, origins and clients of the test included."""
        return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE_SIZE

    def close(self) -> None:
        for client in self._clients:
            client.close()
        self._thread.run(self._engine.drain(0, 0))
        self._thread.call(self._engine._context.deadlines.stop)
        self._thread.call(self._engine.pressure.stop)


class ProcessGateway:
    """The program itself: `sightline run -c FILE` in processes of its own, judged by its ports and its output."""

    def __init__(self, folder: Path, config: str, port: int, admin_port: int) -> None:
        self.address: Address = ("127.0.0.1", port)
        self.admin_url = f"http://127.0.0.1:{admin_port}"
        self._access_log = folder / "access.ndjson"
        self._operational_log = folder / "operational.log"
        config_file = folder / "sightline.yaml"
        config_file.write_text(config)
        environment = {key: value for key, value in os.environ.items() if not key.startswith("OTEL_")}
        with self._access_log.open("wb") as stdout, self._operational_log.open("wb") as stderr:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "gateway", "run", "-c", str(config_file)],
                stdout=stdout,
                stderr=stderr,
                env=environment,
            )

    def __enter__(self) -> Self:
        try:
            wait_until(self._is_ready, "the gateway is ready", _START_DEADLINE_S)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def client(self) -> RawClient:
        return RawClient(self.address)

    def await_access_lines(self, count: int) -> list[dict[str, Any]]:
        """The access lines, once there are so many; each is a JSON object on a line of its own."""
        wait_until(lambda: len(self._lines()) >= count, f"{count} access lines; there are {len(self._lines())}")
        return [json.loads(line) for line in self._lines()]

    def metric(self, name: str, **labels: str) -> float:
        """The sum of all samples of this name that have these labels, as one scrape shows it."""
        with urllib.request.urlopen(f"{self.admin_url}/metrics", timeout=5) as response:
            families = list(text_string_to_metric_families(response.read().decode()))
        return sum(
            sample.value
            for family in families
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )

    def stop(self) -> int:
        """Ask it to leave, and the exit code."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait(5)

    @property
    def talk(self) -> str:
        """The operational log so far."""
        return self._operational_log.read_text()

    def _is_ready(self) -> bool:
        assert self._process.poll() is None, f"the gateway has left with {self._process.returncode}: {self.talk}"
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{self.admin_url}/readyz", timeout=2) as response:
            return bool(response.status == 200)
        return False

    def _lines(self) -> list[bytes]:
        return self._access_log.read_bytes().splitlines()
