"""What every scenario is given: cores, folder, backend, lengths of rounds, and the processes it starts."""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Final, TypeVar

from perf.compare.cores import Cores, stolen_ns
from perf.compare.processes import Process, Stable, StartError, free_port

T = TypeVar("T")

PERF = Path(__file__).parents[1]
_MOST_STOLEN: Final = 0.02
_MOST_TRIES: Final = 6
ANSWER = "The answer of the origin, exactly one hundred bytes long, as it is sent for every request: ....... A"
SECOND_ANSWER = ANSWER[:-1] + "B"


@dataclass(frozen=True)
class Gateway:
    """A started gateway: where it listens and the process that leads it. admin_port: 0 where there is none."""

    name: str
    port: int
    process: Process
    admin_port: int = 0


@dataclass(frozen=True)
class Backend:
    """The origins. `port` and `second_port` answer 100 bytes each; `bulk_port` is perf/backend.py."""

    port: int
    second_port: int
    bulk_port: int


class Bench:
    """One run. `quick` shortens everything to a check that it works; its figures mean little."""

    def __init__(self, stable: Stable, cores: Cores, folder: Path, *, rounds: int | None = None, quick: bool) -> None:
        self.stable = stable
        self.cores = cores
        self.folder = folder
        self.quick = quick
        self.rounds = rounds or (2 if quick else 7)
        self.round_s = 1.0 if quick else 4.0
        self.warm_s = 1.0 if quick else 3.0
        self.missing: dict[str, str] = {}
        """Peers that could not be started, with the reason."""
        self.repeated = 0
        """Windows that were measured again because the host took too much of them."""
        self.most_stolen = 0.0
        """Share of a core that it took of any window that counts."""
        self._backend: Backend | None = None

    def undisturbed(self, measured: Callable[[], T]) -> T:
        """What is measured while the host of this machine leaves its cores alone: tried again where it took more than its share of
        them, and after the last try the one it took least of. A quick run takes the first."""
        cores = self.cores.gateway | self.cores.load
        tries: list[tuple[float, T]] = []
        while not tries or (tries[-1][0] > _MOST_STOLEN and len(tries) < _MOST_TRIES and not self.quick):
            began_ns, stolen_before = time.monotonic_ns(), stolen_ns(cores)
            result = measured()
            tries.append(((stolen_ns(cores) - stolen_before) / (time.monotonic_ns() - began_ns), result))
        self.repeated += len(tries) - 1
        stolen, result = min(tries, key=lambda each: each[0])
        self.most_stolen = max(self.most_stolen, stolen)
        return result

    def say(self, text: str) -> None:
        """Progress, on stderr."""
        print(f"  {text}", file=sys.stderr, flush=True)

    @property
    def backend(self) -> Backend:
        """The origins, started on first use. Raises StartError."""
        if self._backend is None:
            self._backend = self._start_backend()
        return self._backend

    def _start_backend(self) -> Backend:
        backend = Backend(free_port(), free_port(), free_port())
        values = {"BACKEND_PORT": backend.port, "SECOND_PORT": backend.second_port}
        config = self.fill("nginx_backend.conf", "backend", values | {"BODY": ANSWER, "SECOND_BODY": SECOND_ANSWER})
        origin = self.stable.start("backend", ["nginx", "-c", config], self.cores.load)
        self.stable.wait_listening(origin, backend.port)
        command = [sys.executable, PERF / "backend.py", str(backend.bulk_port)]
        self.stable.wait_listening(self.stable.start("bulk", command, self.cores.load), backend.bulk_port)
        return backend

    def fill(self, template: str, name: str, values: dict[str, object]) -> Path:
        """Write a file of perf/peers with its ${...} filled in to the run's folder and return its path."""
        text = (PERF / "peers" / template).read_text()
        target = self.folder / f"{name}.{template}"
        target.write_text(Template(text).safe_substitute(values | {"FOLDER": self.folder, "NAME": name}))
        return target

    def give_up(self, name: str, error: StartError) -> None:
        """Note a peer as missing; the report names it with the reason."""
        self.missing[name] = str(error)
        self.say(f"{name} is missing: {error}")
