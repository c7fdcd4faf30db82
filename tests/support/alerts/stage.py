"""Five real gateways with what is behind and before them: where the faults of the proof take place.

`busy` has routes of all kinds and steady traffic; `runtime` has two workers to be stopped and killed; `limits` has few
connections and file descriptors; `guarded` has health checks, a circuit and retries; `plain` serves one route and is what the rules call a gateway (job="sightline").
"""

import os
import resource
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from tests.support.alerts.services import Service, Traffic
from tests.support.loop_thread import LoopThread
from tests.support.program import Program
from tests.support.waiting import wait_until

PLAIN_RATE: Final = 20.0
FLOW_RATE: Final = 15.0
CONNECTIONS: Final = 120
DESCRIPTORS: Final = 156
HELD_HEAD: Final = 2 * 1024 * 1024
SLOW_HEADS: Final = 60

_SPANS: Final = {
    "OTEL_BSP_MAX_QUEUE_SIZE": "256",
    "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "64",
    "OTEL_BSP_SCHEDULE_DELAY": "300",
}
_SERVICES: Final = ("orders", "search", "trio-a", "trio-b", "trio-c", "billing", "reports", "exports", "collector")
_CHECKED: Final = ("lone", "third-a", "third-b", "third-c", "restless", "steady", "breaking", "repeated")
"""Those behind `guarded`."""


class Gateway(Program):
    """A program with a configuration, environment and limit of descriptors of its own."""

    def __init__(
        self, folder: Path, workers: int, environment: Mapping[str, str] | None = None, descriptors: int = 0
    ) -> None:
        folder.mkdir()
        super().__init__(folder, workers=workers)
        self.worker_count = workers
        self._environment = environment or {}
        self._descriptors = descriptors

    def start(self) -> None:
        clean = {key: value for key, value in os.environ.items() if not key.startswith("OTEL_")}
        with self._access_log.open("ab") as stdout, self._operational_log.open("ab") as stderr:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "gateway", "run", "-c", str(self.file)],
                stdout=stdout,
                stderr=stderr,
                env={**clean, **self._environment},
            )
        if self._descriptors:
            limit = (self._descriptors, self._descriptors)
            resource.prlimit(self._process.pid, resource.RLIMIT_NOFILE, limit)

    def has_started(self) -> bool:
        return self._process is not None

    def worker_pid(self, index: int, not_pid: int = 0) -> int:
        """Once that worker serves, as another process than this one."""

        def serving() -> int:
            workers = self.workers()
            pid = next((it["pid"] for it in workers if (it["index"], it["state"]) == (index, "serving")), 0)
            return 0 if pid == not_pid else int(pid)

        return wait_until(serving, f"worker {index} serves", 20.0)

    def kill_all(self) -> None:
        """SIGKILL to supervisor and workers, as when the machine is gone."""
        pids = [worker["pid"] for worker in self.workers()]
        assert self._process is not None
        self._process.kill()
        self._process.wait(5)
        for pid in pids:
            os.kill(pid, signal.SIGKILL)


class Pulse:
    """Stops a process and lets it go on, again and again, until it is told to leave it alone."""

    def __init__(self) -> None:
        self._ends = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, pid: int, stopped_s: float, running_s: float) -> None:
        self._ends.clear()
        self._thread = threading.Thread(target=self._run, args=(pid, stopped_s, running_s), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._ends.set()
        if self._thread is not None:
            self._thread.join(10)
            self._thread = None

    def _run(self, pid: int, stopped_s: float, running_s: float) -> None:
        while not self._ends.is_set():
            os.kill(pid, signal.SIGSTOP)
            self._ends.wait(stopped_s)
            os.kill(pid, signal.SIGCONT)
            self._ends.wait(running_s)


class Stage:
    """Everything, started and stopped together. Faults are in `faults`."""

    def __init__(self, folder: Path, thread: LoopThread) -> None:
        self.services = {name: Service(thread) for name in (*_SERVICES, *_CHECKED)}
        self.traffic = Traffic(thread)
        self.busy = Gateway(folder / "busy", 1, _SPANS)
        self.runtime = Gateway(folder / "runtime", 2)
        self.limits = Gateway(folder / "limits", 1, descriptors=DESCRIPTORS)
        self.guarded = Gateway(folder / "guarded", 1)
        self.plain = Gateway(folder / "plain", 1)
        self.worker_pulse, self.supervisor_pulse = Pulse(), Pulse()
        self._idle: list[socket.socket] = []
        self.publish: Callable[[Mapping[str, Sequence[int]]], None] = lambda _: None
        """Whom to tell which gateways are to be scraped."""
        self.busy.write(self.busy_config())
        self.runtime.write(_answering(self.runtime))
        self.limits.write(self.limits_config())
        self.guarded.write(self._guarded_config())
        self.plain.write(_answering(self.plain))

    @property
    def gateways(self) -> tuple[Gateway, ...]:
        return self.busy, self.runtime, self.limits, self.guarded, self.plain

    @property
    def jobs(self) -> dict[str, list[int]]:
        """What Prometheus is to scrape: ports of admin APIs by job."""
        return {
            "busy": [self.busy.admin_port],
            "runtime": [self.runtime.admin_port],
            "limits": [self.limits.admin_port],
            "guarded": [self.guarded.admin_port],
            "sightline": [self.plain.admin_port],
        }

    def __enter__(self) -> Self:
        try:
            for gateway in self.gateways:
                gateway.start()
            for gateway in self.gateways:
                wait_until(gateway.is_ready, f"a gateway is ready: {gateway.talk}", 40.0)
        except BaseException:
            self._end()
            raise
        for route in ("orders", "search", "trio", "billing", "reports", "catalogue"):
            self.traffic.set_rate(self.url(route), FLOW_RATE)
        for route in ("breaking", "repeated"):
            self.traffic.set_rate(f"http://127.0.0.1:{self.guarded.port}/{route}", FLOW_RATE)
        self.traffic.set_rate(self.plain_url, PLAIN_RATE)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    @property
    def plain_url(self) -> str:
        return f"http://127.0.0.1:{self.plain.port}/"

    def url(self, route: str) -> str:
        return f"http://127.0.0.1:{self.busy.port}/{route}"

    def busy_config(self, *, with_catalogue: bool = True) -> str:
        """Its routes; `beyond` is the one that has no series of its own any more."""
        at = {name: service.address for name, service in self.services.items()}
        catalogue = "  - {name: catalogue, match: {path_prefix: /catalogue}, respond: {status: 200}}\n"
        return f"""
listeners:
  - {{name: public, address: "127.0.0.1:{self.busy.port}"}}
upstreams:
  orders: {{endpoints: ["{at["orders"]}"]}}
  search: {{endpoints: ["{at["search"]}"]}}
  trio: {{endpoints: ["{at["trio-a"]}", "{at["trio-b"]}", "{at["trio-c"]}"], balance: round_robin}}
  billing: {{endpoints: ["{at["billing"]}"]}}
  reports: {{endpoints: ["{at["reports"]}"], connections: {{max: 4, max_pending: 8}}}}
  exports: {{endpoints: ["{at["exports"]}"]}}
routes:
  - name: orders
    match: {{path_prefix: /orders}}
    upstream: orders
    slo: {{availability: 99.9%}}
  - name: search
    match: {{path_prefix: /search}}
    upstream: search
    slo: {{latency: {{target: 99%, under: 1s}}}}
  - {{name: trio, match: {{path_prefix: /trio}}, upstream: trio}}
  - {{name: billing, match: {{path_prefix: /billing}}, upstream: billing}}
  - {{name: reports, match: {{path_prefix: /reports}}, upstream: reports}}
  - {{name: exports, match: {{path_prefix: /exports}}, upstream: exports, timeouts: {{first_byte: 10m}}}}
{catalogue if with_catalogue else ""}  - {{name: spare, match: {{path_prefix: /spare}}, respond: {{status: 200}}}}
  - {{name: beyond, match: {{path_prefix: /beyond}}, respond: {{status: 200}}}}
telemetry:
  access_log: {{sink: none}}
  traces: {{endpoint: "http://{at["collector"]}", sample: 100%}}
  metrics: {{max_routes: 7}}
admin: {{address: "127.0.0.1:{self.busy.admin_port}"}}
workers: 1
"""

    def _guarded_config(self) -> str:
        """Upstreams that are checked all the time, one with a breaker, and a route with retries."""
        at = {name: self.services[name].address for name in _CHECKED}
        health = "health: {active: {interval: 400ms, timeout: 2s, healthy_after: 1, unhealthy_after: 1}}"
        return f"""
listeners:
  - {{name: public, address: "127.0.0.1:{self.guarded.port}"}}
upstreams:
  lone: {{endpoints: ["{at["lone"]}"], {health}}}
  thirds: {{endpoints: ["{at["third-a"]}", "{at["third-b"]}", "{at["third-c"]}"], {health}}}
  moving: {{endpoints: ["{at["restless"]}", "{at["steady"]}"], {health}}}
  breaking:
    endpoints: ["{at["breaking"]}"]
    breaker: {{min_requests: 10, window: 2s, open_for: 1s, half_open_requests: 1}}
  repeated: {{endpoints: ["{at["repeated"]}"]}}
routes:
  - {{name: breaking, match: {{path_prefix: /breaking}}, upstream: breaking}}
  - name: repeated
    match: {{path_prefix: /repeated}}
    upstream: repeated
    retries: {{attempts: 3, on: [500], backoff: {{first: 5ms, max: 20ms}}}}
telemetry: {{access_log: {{sink: none}}}}
admin: {{address: "127.0.0.1:{self.guarded.admin_port}"}}
workers: 1
"""

    def limits_config(self) -> str:
        """Few connections, and heads that may be long and take long; nearly all descriptors are for clients."""
        keys = f"timeouts: {{header: 10m}}, limits: {{connections: {CONNECTIONS}, header_bytes: 8MiB}}"
        return _answering(self.limits, keys) + "overload: {file_descriptors: {reserve: 8}}\n"

    def open_idle(self, count: int, sent: bytes = b"") -> None:
        """Connections to `limits` that stay open and send no more than this."""
        for _ in range(count):
            connection = socket.create_connection(self.limits.address, 10)
            self._idle.append(connection)
            if sent:
                connection.settimeout(5)
                connection.sendall(sent)

    def close_idle(self) -> None:
        while self._idle:
            self._idle.pop().close()

    def _end(self) -> None:
        self.worker_pulse.stop()
        self.supervisor_pulse.stop()
        self.close_idle()
        self.traffic.close()
        for service in self.services.values():
            service.release()
            service.close()
        for gateway in self.gateways:
            if gateway.has_started():
                gateway.end()


def _answering(gateway: Gateway, listener: str = "") -> str:
    """One route that answers by itself, with these further keys of the listener."""
    also = f", {listener}" if listener else ""
    return f"""
listeners:
  - {{name: public, address: "127.0.0.1:{gateway.port}"{also}}}
routes:
  - {{name: all, match: {{path_prefix: /}}, respond: {{status: 200}}}}
telemetry: {{access_log: {{sink: none}}}}
admin: {{address: "127.0.0.1:{gateway.admin_port}"}}
workers: {gateway.worker_count}
"""
