"""The gateway under fault: Sightline as its users run it, and what every gateway of a comparison has in common."""

import signal
import time
import urllib.request
from pathlib import Path
from typing import Any, Protocol

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from perf.compare.processes import resident_bytes
from tests.support.program import Program
from tests.support.raw_client import Address


class Subject(Protocol):
    """What rows may ask of any gateway."""

    @property
    def address(self) -> Address: ...

    @property
    def pid(self) -> int:
        """Of the process that leads it."""
        ...

    def worker_pids(self) -> list[int]:
        """Of those that serve."""
        ...

    def edit(self, word: str) -> int:
        """Have /probe answer this word from now on; when that was asked for, in monotonic nanoseconds."""
        ...

    def end_in_order(self) -> None:
        """Ask it to finish what it does, and then to end."""
        ...

    def signal(self, number: signal.Signals) -> None:
        """To the process that leads it."""
        ...

    def has_ended(self) -> bool: ...

    def await_exit(self, deadline_s: float) -> int: ...


class Gateway(Program):
    """Sightline, with what rows measure from outside. Its endpoints and keys are those of `Program`."""

    def worker_pids(self) -> list[int]:
        """Of the workers that serve, in the order of their numbers."""
        return [worker["pid"] for worker in self.workers() if worker["state"] == "serving"]

    def with_probe(self, word: str) -> str:
        """The file with a route /probe that answers this word."""
        probe = f"  - {{name: probe, match: {{path: /probe}}, respond: {{status: 200, body: {word}}}}}"
        return self.text(more_routes=probe)

    def edit(self, word: str) -> int:
        """By the file."""
        return self.rewrite(self.with_probe(word))

    def end_in_order(self) -> None:
        self.signal(signal.SIGTERM)

    def resident(self) -> dict[str, int]:
        """Resident bytes of each process, by `supervisor` and `worker 1`."""
        named = {"supervisor": self.pid} | {f"worker {number}": pid for number, pid in enumerate(self.worker_pids(), 1)}
        return {name: resident_bytes(pid) for name, pid in named.items()}

    def descriptors(self) -> dict[str, int]:
        """Open file descriptors of each process."""
        named = {"supervisor": self.pid} | {f"worker {number}": pid for number, pid in enumerate(self.worker_pids(), 1)}
        return {name: len(list(Path(f"/proc/{pid}/fd").iterdir())) for name, pid in named.items()}

    def samples(self) -> list[Sample]:
        """Of one scrape."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.admin_port}/metrics", timeout=10) as answer:
            families = text_string_to_metric_families(answer.read().decode())
            return [sample for family in families for sample in family.samples]

    def rewrite(self, text: str) -> int:
        """Replace the file at once, by rename, as deployments do; the time of it, monotonic nanoseconds."""
        fresh = self.file.with_suffix(".next")
        fresh.write_text(text)
        fresh.rename(self.file)
        return time.monotonic_ns()

    def incidents(self, kind: str = "") -> list[Any]:
        """Oldest first, all or those of one kind."""
        _, view = self.call("/api/v1/incidents")
        return [incident for incident in view["incidents"] if kind in ("", incident["kind"])]
