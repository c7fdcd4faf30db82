"""What the console costs whoever runs it: first paint, processor, memory and bytes, while the gateway serves 10,000 requests a second.

The console runs on the core of the load, so its own figures are taken from its CPU clock. What it costs the gateway is in `viewers`.
"""

import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from perf.compare.bench import Bench
from perf.compare.processes import cpu_ns, resident_bytes
from perf.compare.report import Check, Findings, Table
from perf.compare.sightline import Settings, Sightline, start_sightline
from perf.compare.terminal import Terminal, program_of
from perf.compare.wrk import run_wrk

ROUTES = 200
RATE = 10_000
CONNECTIONS = 256
STARTS = 9
KEYS = 40
SIZES = ((120, 40), (250, 70))
SCREENS = (("1", "Overview"), ("2", "Routes"), ("3", "Upstreams"), ("4", "Live"))
MEMORY_MINUTES = 10
FRAME = b"Routes"
"""Stands in the row of screens, which is painted before anything is known."""
ROWS = b"r1"
"""The name of a route."""


def run(bench: Bench) -> Findings:
    """Starts on a calm gateway, then each screen at 10,000 requests a second, then the link, then memory."""
    routes: list[dict[str, Any]] = [
        {"name": f"r{number}", "match": {"path_prefix": f"/r{number}"}, "upstream": "origin"}
        for number in range(ROUTES - 1)
    ]
    routes.append({"name": "all", "match": {"path_prefix": "/"}, "upstream": "origin"})
    gateway = start_sightline(bench, "console", Settings(routes=routes))
    _start(bench, gateway)  # Leaves its bytecode for those that are measured, as an installation does.
    starts = [_start(bench, gateway) for _ in range(3 if bench.quick else STARTS)]
    with _load(bench, gateway) as rates:
        screens = [_watch(bench, gateway, size, key, name, {}) for size in SIZES for key, name in SCREENS]
        far = [
            _watch(bench, gateway, SIZES[0], key, name, {"SSH_CONNECTION": "10.0.0.1 1 10.0.0.2 22"})
            for key, name in SCREENS
        ]
        pressed = _press(bench, gateway)
        memory, minutes = _remember(bench, gateway)
    return _report(starts, screens, far, pressed, (memory, minutes), rates)


def _open(bench: Bench, gateway: Sightline, size: tuple[int, int], more: dict[str, str]) -> Terminal:
    url = f"http://127.0.0.1:{gateway.admin_port}"
    command = [program_of(sys.executable, "sightline"), "console", "--url", url]
    home = str(bench.folder / "home")
    environ = {"HOME": home, "XDG_CONFIG_HOME": home, "XDG_STATE_HOME": home, "PYTHONDONTWRITEBYTECODE": "", **more}
    return Terminal(command, size, bench.cores.load, environ)


def _start(bench: Bench, gateway: Sightline) -> tuple[float, float]:
    """Seconds to the first paint and to real rows."""
    with _open(bench, gateway, SIZES[0], {}) as terminal:
        painted = terminal.wait_for(FRAME)
        terminal.press("2")
        return painted, terminal.wait_for(ROWS)


def _watch(
    bench: Bench, gateway: Sightline, size: tuple[int, int], key: str, name: str, more: dict[str, str]
) -> dict[str, Any]:
    seconds = 3.0 if bench.quick else 10.0
    with _open(bench, gateway, size, more) as terminal:
        terminal.wait_for(FRAME)
        terminal.press(key)
        terminal.drain(2.0)
        before_ns, began_ns = cpu_ns(terminal.pid), time.monotonic_ns()
        written = terminal.drain(seconds)
        wall_ns = time.monotonic_ns() - began_ns
        return {
            "screen": name, "size": f"{size[0]}x{size[1]}", "cpu": (cpu_ns(terminal.pid) - before_ns) / wall_ns,
            "bytes_per_s": written * 1e9 / wall_ns,
        }  # fmt: skip


def _press(bench: Bench, gateway: Sightline) -> list[float]:
    """Milliseconds from a key to what is painted because of it, under load."""
    with _open(bench, gateway, SIZES[0], {}) as terminal:
        terminal.wait_for(FRAME)
        terminal.press("2")
        terminal.drain(2.0)
        times = []
        for number in range(KEYS):
            while terminal.read(0.02):
                pass
            began_ns = time.monotonic_ns()
            terminal.press("k" if number % 4 == 3 else "j")
            if terminal.read(1.0):
                times.append((time.monotonic_ns() - began_ns) / 1e6)
        return times


def _remember(bench: Bench, gateway: Sightline) -> tuple[int, float]:
    """Resident bytes after some minutes of the live tail and of tables by turns."""
    seconds = 10.0 if bench.quick else MEMORY_MINUTES * 60.0
    with _open(bench, gateway, SIZES[1], {}) as terminal:
        terminal.wait_for(FRAME)
        deadline_s, turn = time.monotonic() + seconds, 0
        while time.monotonic() < deadline_s:
            terminal.press(SCREENS[turn % len(SCREENS)][0])
            terminal.drain(min(15.0, max(0.1, deadline_s - time.monotonic())))
            turn += 1
        return resident_bytes(terminal.pid), seconds / 60


@contextmanager
def _load(bench: Bench, gateway: Sightline) -> Iterator[list[float]]:
    """10,000 requests a second until the block ends; the rates that there were."""
    rates: list[float] = []
    end = threading.Event()
    think_ms = max(1, round(CONNECTIONS / RATE * 1000))

    def load() -> None:
        while not end.is_set():
            rates.append(
                run_wrk(gateway.port, 5.0, bench.cores.load, connections=CONNECTIONS, think_ms=think_ms).per_second
            )

    loading = threading.Thread(target=load)
    loading.start()
    try:
        yield rates
    finally:
        end.set()
        loading.join()


def _report(
    starts: list[tuple[float, float]], screens: list[dict[str, Any]], far: list[dict[str, Any]], pressed: list[float],
    memory: tuple[int, float], rates: list[float],
) -> Findings:  # fmt: skip
    def median(of: Callable[[tuple[float, float]], float]) -> float:
        return statistics.median(map(of, starts))

    def rows(watched: list[dict[str, Any]]) -> list[list[str]]:
        return [
            [each["screen"], each["size"], f"{each['cpu']:.1%}", f"{each['bytes_per_s'] / 1024:.1f}"]
            for each in watched
        ]

    columns = ["screen", "size", "CPU of a core", "KiB/s"]
    findings = Findings("Console", [Table(f"at {statistics.median(rates):.0f} requests a second", columns, rows(screens)),
                                    Table("over SSH", columns, rows(far))])  # fmt: skip
    small = [each for each in screens if each["size"] == "120x40"]
    pressed_p50 = statistics.median(pressed) if pressed else float("inf")
    findings.checks = [
        Check("start to first paint, median, s", median(lambda start: start[0]), 0.4),
        Check("start to real rows, median, s", median(lambda start: start[1]), 1.0),
        Check("CPU of a table screen, %", max(each["cpu"] for each in small if each["screen"] != "Live") * 100, 5.0),
        Check("CPU of the live tail, %", max(each["cpu"] for each in small if each["screen"] == "Live") * 100, 5.0),
        Check(
            "CPU of any screen at 250x70, %",
            max(each["cpu"] for each in screens if each["size"] == "250x70") * 100,
            5.0,
        ),
        Check("key to paint, median, ms", pressed_p50, 50.0),
        Check("KiB/s over SSH, any screen", max(each["bytes_per_s"] for each in far) / 1024, 16.0),
        Check(f"resident MB after {memory[1]:.1f} minutes", memory[0] / 1e6, 120.0),
    ]
    findings.data = {"starts": starts, "screens": screens, "far": far, "pressed_ms": pressed, "rates": rates}
    return findings
