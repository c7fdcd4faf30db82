"""wrk, the closed-loop load generator: as many requests as its kept-alive connections can carry."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from perf.compare.cores import core_list
from perf.compare.processes import StartError

CONNECTIONS = 32
_SCRIPT = Path(__file__).with_name("wrk.lua")


@dataclass(frozen=True)
class Load:
    """What wrk saw. Latencies in microseconds; failed counts socket errors, not_ok statuses of 400 and above."""

    requests: int
    duration_us: int
    p50_us: int
    p99_us: int
    max_us: int
    failed: int
    not_ok: int

    @property
    def per_second(self) -> float:
        return self.requests * 1e6 / self.duration_us


def run_wrk(
    port: int,
    seconds: float,
    cores: frozenset[int],
    stream: Path | None = None,
    connections: int = CONNECTIONS,
    think_ms: int | None = None,
) -> Load:
    """Load a gateway for some seconds, with `GET /` or with the requests of a file. Raises StartError if wrk fails.

    think_ms: mean time each connection waits before its next request, so that the rate stays below what could be had.
    """
    command = [
        "taskset",
        "-c",
        core_list(cores),
        "wrk",
        "-t1",
        f"-c{connections}",
        f"-d{seconds:g}s",
        "--timeout",
        "5s",
    ]
    command += ["-s", str(_SCRIPT), f"http://127.0.0.1:{port}/"]
    if stream is not None or think_ms is not None:
        command += ["--", "-" if stream is None else str(stream)]
    if think_ms is not None:
        command.append(str(think_ms))
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 30, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        raise StartError(f"wrk: {error}") from error
    return Load(**json.loads(done.stdout.splitlines()[-1]))
