"""Faults of configuration: edits and storms under load, and files that are no configuration."""

import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Final

from gateway.model.clock import SECOND_NS
from tests.faults.load import Load
from tests.faults.row import fault
from tests.faults.stage import Stage
from tests.faults.subject import Gateway
from tests.support.config import one_route
from tests.support.program import YAML
from tests.support.raw_client import Address, RawClient, Truncated
from tests.support.waiting import wait_until

EDITS: Final = 20
STORM_S: Final = 30
QUIET_S: Final = 10
PIECE_S: Final = 2.5
STORMER: Final = """
import os, sys, time
from pathlib import Path
text, file, seconds = Path(sys.argv[1]).read_text(), Path(sys.argv[2]), float(sys.argv[3])
fresh, number, began = file.with_suffix(".storm"), 0, time.monotonic()
while (passed := time.monotonic() - began) < seconds:
    if passed * 1000 < number:
        time.sleep(0.0005)
        continue
    number += 1
    fresh.write_text(text.replace("version-0", f"version-{number}"))
    fresh.rename(file)
print(number)
"""
"""A program of its own: what rewrites a thousand times a second shall not slow the requests it disturbs."""


class Probe(threading.Thread):
    """Asks what is in force every few milliseconds; knows when each word was answered first."""

    def __init__(self, address: Address) -> None:
        super().__init__(name="probe", daemon=True)
        self.first_ns: dict[str, int] = {}
        self.failures: list[str] = []
        self._address = address
        self._stopping = threading.Event()

    def run(self) -> None:
        while not self._stopping.is_set():
            with RawClient(self._address) as client:
                self._use(client)

    def _use(self, client: RawClient) -> None:
        """Until it is stopped, or the connection ends."""
        while not self._stopping.wait(0.002):
            try:
                answer = client.request(b"GET /probe HTTP/1.1\r\nHost: gateway.test\r\n\r\n")
            except (ConnectionError, Truncated) as end:
                if not isinstance(end, Truncated) or end.received:
                    self.failures.append(repr(end))
                return
            if answer.status not in {200, 404}:
                self.failures.append(str(answer.status))
            self.first_ns.setdefault(answer.body.decode(), time.monotonic_ns())
            if answer.closes:
                return

    def stop(self) -> None:
        self._stopping.set()
        self.join(10.0)

    def served_ms(self, word: str, since_ns: int) -> float:
        """How long after this time the word was answered first, once it has been."""
        wait_until(lambda: word in self.first_ns, f"{word} is served", poll_s=0.005)
        return (self.first_ns[word] - since_ns) / 1e6


@fault(
    5,
    f"{EDITS} edits of a live route by its file, and {EDITS} by the admin API",
    "answers other than 200 (0); ms from apply to served, p50/p99",
    limit_s=40.0,
    peers=True,
)
def live_edits(stage: Stage) -> None:
    subject = stage.subject(stage.backend())
    probe = Probe(subject.address)
    load = stage.load(subject.address)
    probe.start()
    stage.at_end(probe.stop)
    ways: dict[str, Callable[[str], int]] = {"file": subject.edit}
    if isinstance(subject, Gateway):
        ways["API"] = partial(apply_live, subject)
    for way, edit in ways.items():
        served_ms = []
        for number in range(EDITS):
            word = f"{way}-{number}"
            served_ms.append(probe.served_ms(word, edit(word)))
        served_ms.sort()
        stage.figure(f"by {way} served after {statistics.median(served_ms):.0f}/{served_ms[-1]:.0f} ms (p50/p99)")
        stage.check(served_ms[-1] < 2000, f"an edit by {way} was served after {served_ms[-1]:.0f} ms")
    load.stop()
    failures = load.failed()
    stage.figure(f"{len(failures)} answers other than 200; {load.told()}")
    stage.check(not failures, f"{len(failures)} requests failed")
    stage.check(not probe.failures, f"the edited route failed: {probe.failures[:3]}")


def apply_live(gateway: Gateway, word: str) -> int:
    began_ns = time.monotonic_ns()
    gateway.apply(gateway.with_probe(word))
    return began_ns


@fault(
    6,
    f"the file rewritten 1,000 times a second for {STORM_S} s",
    "p99 against a quiet gateway (at most 2); seconds to converge (at most 2); growth of memory",
    limit_s=65.0,
)
def config_storm(stage: Stage) -> None:
    gateway = stage.gateway(stage.backend())
    text = gateway.with_probe("version-0")
    last = stage.folder / "storm.yaml"
    last.write_text(text)
    gateway.apply(text)
    load = stage.load(gateway.address)
    load.run_for(QUIET_S)
    before, applied = gateway.resident(), gateway.status()["sequence"]
    began_ns = load.mark()
    storm = subprocess.run(
        [sys.executable, "-c", STORMER, str(last), str(gateway.file), str(STORM_S)],
        capture_output=True,
        text=True,
        timeout=STORM_S + 10,
        check=True,
    )
    ended_ns = load.mark()
    newest = f"version-{storm.stdout.strip()}".encode()
    wait_until(lambda: gateway.send("/probe")[1] == newest, "the last rewriting is served", 10.0, 0.01)
    converged_s = (load.mark() - ended_ns) / SECOND_NS
    after, ran = gateway.resident(), gateway.status()["sequence"] - applied
    quiet_again_ns = load.mark()
    load.run_for(QUIET_S / 2)
    load.stop()
    # On a busy machine one quiet time is not like the other.
    quiet_ms = max(
        piecewise_p99(load, began_ns - QUIET_S * SECOND_NS, began_ns),
        piecewise_p99(load, quiet_again_ns, quiet_again_ns + QUIET_S * SECOND_NS // 2),
    )
    storm_ms = piecewise_p99(load, began_ns, ended_ns)
    grown = max(after[name] - before[name] for name in before) // 1024
    stage.figure(f"{storm.stdout.strip()} rewritings, {ran} of them ran; p99 {quiet_ms:.1f} -> {storm_ms:.1f} ms")
    stage.figure(f"converged in {converged_s:.2f} s; memory +{grown} KiB; {load.told()}")
    stage.check(not load.failed(), f"{len(load.failed())} requests failed")
    stage.check(storm_ms <= max(2 * quiet_ms, quiet_ms + 3), f"p99 went from {quiet_ms:.1f} to {storm_ms:.1f} ms")
    stage.check(converged_s < 2, f"it converged after {converged_s:.1f} s")
    stage.check(grown < 8 * 1024, f"a process grew by {grown} KiB")


def piecewise_p99(load: Load, since_ns: int, until_ns: int) -> float:
    """The median of the p99 of pieces of this time: what one hiccup of the machine does not decide."""
    piece_ns = int(PIECE_S * SECOND_NS)
    starts = range(since_ns, until_ns - piece_ns // 2, piece_ns)
    return statistics.median(load.percentile_ms(0.99, start, start + piece_ns) for start in starts)


BROKEN: Final[dict[str, Callable[[str], str]]] = {
    "an unknown key": lambda text: text.replace("name: all,", "name: all, colour: red,"),
    "a regex that is none": lambda text: text.replace("path_prefix: /}", 'path_regex: "/(a"}'),
    "an upstream that is none": lambda text: text.replace("upstream: origin", "upstream: nowhere"),
    "half of the file": lambda text: text[: text.index("upstream: origin") + 4],
    "no YAML": lambda text: text.replace("listeners:", "listeners: [{"),
    "an empty file": lambda text: "",
    "another number of workers": lambda text: text.replace("workers: 2", "workers: 3"),
}


@fault(
    7,
    f"{len(BROKEN)} invalid configurations pushed, by the file and by the admin API",
    "failed requests 0; the rejection visible in metric, status and incident",
    limit_s=30.0,
    fast=True,
)
def invalid_configuration(stage: Stage) -> None:
    gateway = stage.gateway(stage.backend())
    revision = gateway.status()["revision"]
    load = stage.load(gateway.address)
    for number, (kind, broken) in enumerate(BROKEN.items(), 1):
        text = broken(gateway.text())
        code, answer = gateway.call("/api/v1/config/apply", text, YAML)
        stage.check(code in {400, 422} and answer, f"{kind} was answered with {code} by the API")
        gateway.rewrite(text)
        await_rejections(gateway, 2 * number, kind)
        last = gateway.status()["last_reload"]
        stage.check(last["errors"] and last["errors"][0]["message"], f"{kind}: no error is told")
    success = gateway.metric("sightline_config_last_reload_success")
    rejected = len(gateway.incidents("config_rejected"))
    status = gateway.status()
    load.stop()
    stage.figure(f"{rejected} incidents, config_last_reload_success {success:.0f}; {load.told()}")
    stage.check(not load.failed(), f"{len(load.failed())} requests failed")
    stage.check((status["revision"], status["ready"]) == (revision, True), "it does not run what it ran before")
    stage.check(success == 0, "the metric does not tell")
    stage.check(rejected >= len(BROKEN), f"only {rejected} incidents tell of it")


def await_rejections(gateway: Gateway, count: int, kind: str) -> None:
    """Until the gateway says it has refused so many."""

    def refused() -> bool:
        return gateway.metric("sightline_config_reloads_total", result="rejected") >= count

    wait_until(refused, f"{kind} is rejected", poll_s=0.02)


@fault(
    10,
    "started on a broken, cut, empty or missing file",
    "exit code 3 with every error; crashes 0; seconds to say so",
    limit_s=60.0,
    fast=True,
)
def start_on_a_broken_file(stage: Stage) -> None:
    good = one_route("127.0.0.1:9")
    broken = one_route("127.0.0.1:9", route="colour: red", listener="limits: {line: soon}", upstream="balance: fairly")
    files = {
        "three mistakes": (broken.encode(), ("colour", "limits.line", "balance")),
        "cut": (good.encode()[: len(good) // 2], ()),
        "empty": (b"", ()),
        "bytes": (bytes(range(256)), ()),
    }
    paths = {kind: stage.folder / f"{kind.replace(' ', '-')}.yaml" for kind in [*files, "missing"]}
    for kind, (content, _) in files.items():
        paths[kind].write_bytes(content)
    with ThreadPoolExecutor(2) as starters:
        ended = dict(zip(paths, starters.map(run, paths.values()), strict=True))
    for kind, (process, _) in ended.items():
        stage.check(process.returncode == 3, f"{kind}: exit code {process.returncode}")
        stage.check(str(paths[kind]) in process.stderr, f"{kind}: the file is not named")
        stage.check("Traceback" not in process.stderr, f"{kind}: it crashed")
    for kind, (_, named) in files.items():
        unnamed = [word for word in named if word not in ended[kind][0].stderr]
        stage.check(not unnamed, f"{kind}: nothing is said of {unnamed}")
    stage.figure(f"exit code 3 for all {len(paths)}; slowest {max(took_s for _, took_s in ended.values()):.2f} s")


def run(file: Path) -> tuple[subprocess.CompletedProcess[str], float]:
    """`sightline run` to its end, and how many seconds that took."""
    began_s = time.monotonic()
    command = [sys.executable, "-m", "gateway", "run", "-c", str(file)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=40, check=False)
    return ended, time.monotonic() - began_s
