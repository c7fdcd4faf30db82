"""Sightline as a contestant: its configuration for a run, its start, and what its admin API says meanwhile."""

import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

import yaml

from perf.compare.bench import PERF, Bench, Gateway
from perf.compare.processes import Process, StartError, free_port

READY_WITHIN_S = 30.0
_BUILT = PERF.parent / "build" / "compiled" / ".built"
"""Made by `make compiled`; what users get who install it for service."""
_IS_COMPILED: Final = _BUILT.exists()
"""Once for all runs, which are compared: it may be built meanwhile."""

PARTS: Final[Mapping[str, dict[str, Any]]] = {
    "trace context": {"traces": {"propagate": True}},
    "metrics": {"metrics": {"enabled": True}},
    "access lines": {"access_log": {"sink": "stdout"}},
}
"""Sections of `telemetry`, each of which can be on alone."""


@dataclass
class Settings:
    """What a scenario varies; the rest are the product's defaults. `routes` and `upstreams` as in the YAML."""

    routes: list[dict[str, Any]] = field(
        default_factory=lambda: [{"name": "all", "match": {"path_prefix": "/"}, "upstream": "origin"}]
    )
    telemetry: bool = True
    part: str = ""
    """Of PARTS: what is on where telemetry is off."""
    plain: bool = False
    """Whether it runs as plain Python also where the compiled build is there."""
    resilient: bool = False
    """Whether every route has retries, and its upstream health checks, outlier detection, a breaker and limits."""
    collector: str | None = None
    """Where spans go; None is one that takes them all."""
    sampled: str = "1%"
    workers: int = 1
    bulk: bool = False
    listener: dict[str, Any] = field(default_factory=dict)
    connections: dict[str, Any] = field(default_factory=dict)
    """To the origin."""
    overload: dict[str, Any] = field(default_factory=dict)
    drain: dict[str, str] = field(default_factory=lambda: {"delay": "0s", "deadline": "5s"})


def telemetry_section(bench: Bench, settings: Settings) -> dict[str, Any]:
    """All of it (metrics, a line per exchange, trace context, one span in a hundred exported) or none of it."""
    if not settings.telemetry:
        off: dict[str, Any] = {
            "access_log": {"sink": "none"}, "metrics": {"enabled": False}, "traces": {"propagate": False},
        }  # fmt: skip
        return off | PARTS.get(settings.part, {})
    endpoint = settings.collector or f"http://127.0.0.1:{bench.backend.bulk_port}"
    return {"access_log": {"sink": "stdout"}, "traces": {"endpoint": endpoint, "sample": settings.sampled}}


RESILIENT_UPSTREAM: dict[str, Any] = {
    "health": {"active": {"path": "/"}, "passive": {"failure_ratio": "50%", "latency_factor": 3.0}},
    "breaker": {},
    "limits": {"connections": 250, "pending": 500, "requests": 500, "retries": 50},
    "concurrency": {"min": 64},
}


def upstreams_and_routes(settings: Settings, upstreams: dict[str, Any]) -> dict[str, Any]:
    routes = settings.routes
    if settings.resilient:
        upstreams = {name: {**upstream, **RESILIENT_UPSTREAM} for name, upstream in upstreams.items()}
        routes = [{"retries": {}, **route} if "upstream" in route else route for route in routes]
    return {"upstreams": upstreams, "routes": routes}


def configuration(bench: Bench, settings: Settings, port: int, admin_port: int) -> dict[str, Any]:
    """The whole document as it is written to the file."""
    backend = bench.backend
    origin = backend.bulk_port if settings.bulk else backend.port
    return {
        "listeners": [{"name": "public", "address": f"127.0.0.1:{port}", **settings.listener}],
        **upstreams_and_routes(
            settings,
            {
                "origin": {"endpoints": [f"127.0.0.1:{origin}"], "connections": settings.connections},
                "second": {"endpoints": [f"127.0.0.1:{backend.second_port}"]},
            },
        ),
        "telemetry": telemetry_section(bench, settings),
        "admin": {"address": f"127.0.0.1:{admin_port}"},
        "drain": settings.drain,
        "overload": settings.overload,
        "workers": settings.workers,
    }


@dataclass(frozen=True)
class Sightline(Gateway):
    """A started Sightline. ready_s: from the start of the process to the first 200 of /readyz."""

    config: Path = Path()
    document: dict[str, Any] = field(default_factory=dict)
    ready_s: float = 0.0

    def worker_pids(self) -> list[int]:
        """Children of the supervisor that are named as workers, or all of them where titles cannot be read."""
        children = self.process.pids()[1:]
        named = [pid for pid in children if b"worker" in Path(f"/proc/{pid}/cmdline").read_bytes()]
        return named or children

    def rewrite(self, text: str) -> int:
        """Replace the configuration file at once, by rename; returns the time of it, monotonic nanoseconds."""
        fresh = self.config.with_suffix(".next")
        fresh.write_text(text)
        fresh.rename(self.config)
        return time.monotonic_ns()

    def metric(self, name: str) -> float:
        """Sum of all series of a counter or gauge in /metrics."""
        lines = self.admin("/metrics", 30.0).decode().splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.split("{")[0].split(" ")[0] == name)

    def admin(self, path: str, timeout_s: float = 5.0) -> bytes:
        """Body of a GET to the admin API. Raises OSError, or HTTPError for an answer of 400 and above."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.admin_port}{path}", timeout=timeout_s) as answer:
            return bytes(answer.read())


def to_yaml(document: dict[str, Any]) -> str:
    """The document as it stands in the file."""
    return yaml.dump(document, Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper), sort_keys=False)


def build() -> str:
    """Which build is measured, in words."""
    return "the compiled build" if _IS_COMPILED else "plain Python, since build/compiled is missing (make compiled)"


def start_sightline(
    bench: Bench, name: str, settings: Settings | None = None, cores: frozenset[int] | None = None
) -> Sightline:
    """Start it and wait until it is ready. Raises StartError."""
    port, admin_port = free_port(), free_port()
    settings = settings or Settings()
    document = configuration(bench, settings, port, admin_port)
    config = bench.folder / f"{name}.yaml"
    config.write_text(to_yaml(document))
    command = [sys.executable, "-m", "gateway", "run", "-c", str(config)]
    process = bench.stable.start(name, command, cores or bench.cores.gateway, _environment(plain=settings.plain))
    ready_s = _wait_ready(process, admin_port)
    return Sightline(name, port, process, admin_port, config, document, ready_s)


def _environment(*, plain: bool) -> dict[str, str]:
    """The sources stand in the working directory, which would come first but for PYTHONSAFEPATH."""
    if plain or not _IS_COMPILED:
        return {}
    return {"PYTHONPATH": str(_BUILT.parent), "PYTHONSAFEPATH": "1"}


def _wait_ready(process: Process, admin_port: int) -> float:
    url = f"http://127.0.0.1:{admin_port}/readyz"
    while (elapsed_s := (time.monotonic_ns() - process.started_ns) / 1e9) < READY_WITHIN_S:
        if process.popen.poll() is not None:
            raise StartError(f"{process.name} ended with code {process.popen.returncode}: {process.tail()}")
        try:
            with urllib.request.urlopen(url, timeout=1.0):
                return elapsed_s
        except (OSError, urllib.error.HTTPError):
            time.sleep(0.02)
    raise StartError(f"{process.name} was not ready within {READY_WITHIN_S:.0f} s: {process.tail()}")


class Scraper:
    """Reads /metrics of some gateways once a second, as Prometheus would, for as long as the block lasts."""

    def __init__(self, gateways: list[Sightline]) -> None:
        self._gateways = gateways
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="scraper", daemon=True)
        self.scrapes = 0
        self.failed = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(1.0):
            for gateway in self._gateways:
                try:
                    gateway.admin("/metrics")
                    self.scrapes += 1
                except OSError:
                    self.failed += 1
