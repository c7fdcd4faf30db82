"""`python -m perf.accounts`: 50,000 mixed requests, and whether every account of them agrees, to the last one.

With `--kill` a worker is killed half way: then the accounts may lose what it had not reported, and the loss is stated. Exit code
0 if the accounts agree, or with `--kill` if the loss is within its bound.
"""

import argparse
import asyncio
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
import yaml

from gateway.wire.views import StatusView
from perf.accounts.reading import Tail, ask, by_lines, by_metrics, by_spans, dropped
from perf.accounts.traffic import FIRST_BYTE_MS, Counts, Sent, send_all

ROOT: Final = Path(__file__).resolve().parents[2]
START_S: Final = 20.0
SETTLE_S: Final = 20.0
UNREPORTED_S: Final = 0.4
"""A worker reports every 200 ms, and a report about very much may wait for another turn."""


@dataclass(frozen=True)
class Ports:
    gateway: int
    admin: int
    backend: int
    down: int


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser("python -m perf.accounts", description="Compare all accounts of mixed traffic.")
    parser.add_argument("--requests", type=int, default=50_000)
    parser.add_argument("--rate", type=float, default=900, help="a second (default: 900, which the tail shows whole)")
    parser.add_argument("--kill", action="store_true", help="kill a worker half way")
    options = parser.parse_args(arguments)
    ports = Ports(*_free_ports(4))
    with tempfile.TemporaryDirectory(prefix="sightline-accounts-") as folder, ExitStack() as running:
        config, access_log = Path(folder) / "gateway.yaml", Path(folder) / "access.ndjson"
        config.write_text(yaml.safe_dump(_configuration(ports)))
        running.enter_context(_process([str(ROOT / "perf" / "backend.py"), str(ports.backend)]))
        gateway = running.enter_context(_process(["-m", "gateway", "run", "-c", str(config)], access_log))
        _until("a ready gateway", lambda: _is_ready(ports.admin))
        with Tail(ports.admin) as tail:
            sent = asyncio.run(
                send_all(ports.gateway, options.requests, options.rate, _killer(ports.admin) if options.kill else None)
            )
            accounts = _settled(ports, access_log, sent.counts, tail)
        print(f"the tail: {tail.told}, weights sum to {tail.estimated:g}")
        lost = dropped(ports.admin)
        gateway.send_signal(signal.SIGTERM)
        gateway.wait(20)
        accounts["access log"] = by_lines(access_log.read_bytes().splitlines())
    return _verdict(sent, accounts, lost, options)


def _configuration(ports: Ports) -> dict[str, object]:
    def route(name: str, upstream: str, **more: object) -> dict[str, object]:
        return {"name": name, "match": {"path_prefix": f"/{name}"}, "upstream": upstream, **more}

    return {
        "listeners": [{"name": "public", "address": f"127.0.0.1:{ports.gateway}"}],
        "upstreams": {
            "backend": {"endpoints": [f"127.0.0.1:{ports.backend}"]},
            "down": {"endpoints": [f"127.0.0.1:{ports.down}"]},
        },
        "routes": [
            route("bytes", "backend"),
            route("upload", "backend"),
            route("held", "backend"),
            route("late", "backend", timeouts={"first_byte": f"{FIRST_BYTE_MS}ms"}),
            route("refused", "down"),
            {
                "name": "hello",
                "match": {"path": "/hello", "methods": ["GET"]},
                "respond": {"status": 200, "body": "hello\n"},
            },
            {"name": "moved", "match": {"path_prefix": "/moved"}, "redirect": {"status": 308, "path_prefix": "/hello"}},
        ],
        "telemetry": {"traces": {"endpoint": f"http://127.0.0.1:{ports.backend}", "sample": "100%"}},
        "admin": {"address": f"127.0.0.1:{ports.admin}"},
        "workers": 2,
    }


def _killer(admin_port: int) -> Callable[[], Coroutine[Any, Any, None]]:
    return lambda: asyncio.to_thread(_kill_worker, admin_port)


def _kill_worker(admin_port: int) -> None:
    status = msgspec.json.decode(ask(admin_port, "/api/v1/status"), type=StatusView)
    os.kill(status.workers[0].pid, signal.SIGKILL)


def _settled(ports: Ports, access_log: Path, sent: Counts, tail: Tail) -> dict[str, Counts]:
    """The accounts once all of them agree with what was sent, or have had time to."""
    ends_s = time.monotonic() + SETTLE_S
    while True:
        accounts = {
            "/metrics": by_metrics(ports.admin),
            "access log": by_lines(access_log.read_bytes().splitlines()),
            "spans": by_spans(ports.backend),
            "live tail": tail.counts.copy(),
        }
        if all(counts == sent for counts in accounts.values()) or time.monotonic() > ends_s:
            return accounts
        time.sleep(0.5)


def _verdict(sent: Sent, accounts: dict[str, Counts], lost: dict[str, float], options: argparse.Namespace) -> int:
    print(f"{'route':<12} {'method':<7} {'code':<5} {'sent':>8}" + "".join(f" {name:>11}" for name in accounts))
    endings = sorted(set(sent.counts).union(*accounts.values()))
    for ending in endings:
        figures = "".join(f" {counts[ending]:>11}" for counts in accounts.values())
        print(f"{ending[0]:<12} {ending[1]:<7} {ending[2]:<5} {sent.counts[ending]:>8}{figures}")
    totals = "".join(f" {counts.total():>11}" for counts in accounts.values())
    print(f"{'all':<12} {'':<7} {'':<5} {sent.counts.total():>8}{totals}")
    print(f"without an answer: {sent.lost.total()}; with a wrong one: {dict(sent.wrong) or 0}; given up: {lost or 0}")
    if not options.kill:
        agree = all(counts == sent.counts for counts in accounts.values())
        print("all accounts agree" if agree else "THE ACCOUNTS DIFFER")
        return 0 if agree and not sent.lost and not sent.wrong and not lost else 1
    bound = options.rate * UNREPORTED_S + 64
    missing = {name: (sent.counts - counts).total() for name, counts in accounts.items()}
    print(
        f"not accounted for: {missing}, bound {bound:.0f} (what a worker serves in {UNREPORTED_S} s, and 64 connections)"
    )
    return 0 if max(missing.values()) <= bound and sent.lost.total() <= 64 and not sent.wrong else 1


def _is_ready(admin_port: int) -> bool:
    try:
        ask(admin_port, "/readyz")
    except OSError:
        return False
    return True


def _until(what: str, holds: Callable[[], bool]) -> None:
    ends_s = time.monotonic() + START_S
    while not holds():
        if time.monotonic() > ends_s:
            raise SystemExit(f"not within {START_S:g} seconds: {what}")
        time.sleep(0.05)


@contextmanager
def _process(arguments: list[str], stdout: Path | None = None) -> Iterator[subprocess.Popen[bytes]]:
    # Spans of every exchange: the usual queue of 2,048 would be full whenever the exporter is out of breath for a second.
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OTEL_BSP_MAX_QUEUE_SIZE": "65536"}
    with ExitStack() as opened:
        output = opened.enter_context(stdout.open("wb")) if stdout is not None else None
        process = subprocess.Popen([sys.executable, *arguments], stdout=output, env=environment, cwd=ROOT)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _free_ports(count: int) -> list[int]:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports: list[int] = [each.getsockname()[1] for each in held]
    for each in held:
        each.close()
    return ports


if __name__ == "__main__":
    sys.exit(main())
