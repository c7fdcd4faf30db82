"""Faults of where telemetry goes: collectors that are gone or silent, a full disk, a pipe nobody reads."""

import contextlib
import json
import os
import statistics
import subprocess
from collections.abc import Callable
from typing import Final

from perf.compare.processes import free_port
from perf.loadgen import Request, get
from tests.faults import needs
from tests.faults.fault_proxy import Blackhole
from tests.faults.row import fault
from tests.faults.stage import Stage
from tests.faults.subject import Gateway
from tests.support.waiting import wait_until

TURNS: Final = 3
TURN_S: Final = 4.0
SPANS: Final = 2
"""Of an exchange with one attempt."""

IN_HAND: Final = 512
"""The largest batch: spans whose delivery is being tried are neither queued nor lost yet."""

WELL: Final = "well"
STDOUT: Final = "access_log"
"""The name of this sink in metrics."""


@fault(
    13,
    "OTLP collector down, and blackholed; all exchanges sampled",
    "p99 against a well one (at most +5 %); spans dropped are the spans counted",
    limit_s=75.0,
)
def collector_gone(stage: Stage) -> None:
    backend, collector = stage.backend(), stage.backend()
    silent = stage.enter(Blackhole())
    kinds = {WELL: collector, "down": f"127.0.0.1:{free_port()}", "blackholed": silent.endpoint}
    gateways = {
        kind: stage.gateway(
            backend, workers=1, more=f'telemetry: {{traces: {{endpoint: "http://{address}", sample: 100%}}}}'
        )
        for kind, address in kinds.items()
    }
    p99_ms: dict[str, list[float]] = {kind: [] for kind in kinds}
    sent = dict.fromkeys(kinds, 0)
    failed = 0
    for turn in range(TURNS):
        for kind in list(kinds) if turn % 2 else list(reversed(kinds)):
            load = stage.load(gateways[kind].address)
            load.run_for(TURN_S)
            load.stop()
            p99_ms[kind].append(load.percentile_ms(0.99))
            sent[kind] += len(load.results)
            failed += len(load.failed())
    stage.check(not failed, f"{failed} requests failed")
    spread_ms = max(p99_ms[WELL]) - min(p99_ms[WELL])
    allowed_ms = max(statistics.median(p99_ms[WELL]) * 0.05, spread_ms, 1.0)
    for kind in kinds:
        fates = fates_of_spans(gateways[kind])
        unaccounted = sent[kind] * SPANS - sum(fates.values())
        told = ", ".join(f"{count} {fate}" for fate, count in fates.items() if count)
        median_ms = statistics.median(p99_ms[kind])
        stage.figure(f"{kind}: p99 {median_ms:.1f} ms; of {sent[kind] * SPANS} spans {told}")
        stage.check(0 <= unaccounted <= IN_HAND, f"{kind}: {unaccounted} spans are not accounted for")
        added_ms = statistics.median(one - well for one, well in zip(p99_ms[kind], p99_ms[WELL], strict=True))
        stage.check(added_ms <= allowed_ms, f"{kind}: p99 is {added_ms:.1f} ms longer, {allowed_ms:.1f} ms allowed")
    stage.check(fates_of_spans(gateways["blackholed"]).get("queue_full"), "blackholed: the queue did not overflow")


def fates_of_spans(gateway: Gateway) -> dict[str, int]:
    """Spans by what became of them: exported, queued, or the reason for which they were given up."""
    fates: dict[str, int] = {}
    for sample in gateway.samples():
        if sample.labels.get("signal") != "span":
            continue
        if sample.name == "sightline_telemetry_exported_total":
            fates["exported"] = int(sample.value)
        elif sample.name == "sightline_telemetry_queue_length":
            fates["queued"] = int(sample.value)
        elif sample.name == "sightline_telemetry_dropped_total":
            fates[sample.labels["reason"]] = int(sample.value)
    return fates


@fault(
    14,
    "the disk of the access log full, and free again",
    "failed requests 0; lines lost are the lines counted",
    limit_s=40.0,
    needs=(needs.small_disk,),
)
def log_disk_full(stage: Stage) -> None:
    disk = stage.folder / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], check=True, capture_output=True)
    stage.at_end(lambda: subprocess.run(["umount", "--lazy", disk], check=False, capture_output=True))
    ballast, file = disk / "ballast", disk / "access.ndjson"
    ballast.write_bytes(b"x" * 900 * 1024)
    gateway = stage.gateway(
        stage.backend(),
        more=f'telemetry: {{access_log: {{sink: none, sinks: [{{name: disk, file: {{path: "{file}"}}}}]}}}}',
    )
    load = stage.load(gateway.address)
    wait_until(lambda: lost(gateway, "disk") > 200, "lines are lost", 15.0, 0.1)
    stage.check("access_log_not_written" in gateway.talk, "the log does not tell of it")
    wait_until(lambda: gateway.incidents("sink_dropping"), "an incident tells of it", poll_s=0.1)
    ballast.unlink()
    lost_so_far = lost(gateway, "disk")
    wait_until(lambda: "access_log_written_again" in gateway.talk, "lines are written again", 10.0, 0.1)
    load.run_for(1.0)
    load.stop()
    account(stage, gateway, "disk", len(load.results), lambda: whole_lines(file.read_bytes()))
    stage.figure(load.told())
    stage.check(not load.failed(), f"{len(load.failed())} requests failed")
    stage.check(lost(gateway, "disk") < lost_so_far + 400, "lines are still lost although there is room")


@fault(
    14,
    "the pipe of the access log not read, and read again",
    "failed requests 0; lines lost are the lines counted",
    limit_s=40.0,
)
def log_pipe_blocked(stage: Stage) -> None:
    folder = stage.folder / "piped"
    folder.mkdir()
    pipe = folder / "access.ndjson"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    stage.at_end(lambda: os.close(reader))
    gateway = stage.gateway(stage.backend(), folder=folder)
    load = stage.load(gateway.address, 300.0, long_requests)
    wait_until(lambda: lost(gateway, STDOUT) > 200, "lines are lost", 25.0, 0.2)
    lines = 0

    def read_on() -> int:
        nonlocal lines
        with contextlib.suppress(BlockingIOError):
            while data := os.read(reader, 1 << 20):
                lines += data.count(b"\n")
        return lines

    before = read_on()
    wait_until(lambda: read_on() > before + 200, "lines come again", poll_s=0.02)
    load.stop()
    account(stage, gateway, STDOUT, len(load.results), read_on)
    stage.figure(load.told())
    stage.check(not load.failed(), f"{len(load.failed())} requests failed")


LONG: Final = get(f"/{'x' * 15000}")


def long_requests() -> Request:
    """Their lines fill pipe and queue in seconds instead of minutes."""
    return LONG


def lost(gateway: Gateway, sink: str) -> int:
    return int(gateway.metric("sightline_telemetry_dropped_total", signal="log", sink=sink))


def whole_lines(content: bytes) -> int:
    """Those that are JSON; a line cut by a full disk is none."""
    count = 0
    for line in content.split(b"\n"):
        try:
            count += bool(line and json.loads(line))
        except ValueError:
            continue
    return count


def account(stage: Stage, gateway: Gateway, sink: str, requests: int, written: Callable[[], int]) -> None:
    """Every line was written or is counted as lost. A line of a block that was lost in part may be both."""
    wait_until(lambda: written() + lost(gateway, sink) >= requests, "every line is accounted for", 8.0, 0.1)
    wrote, gone = written(), lost(gateway, sink)
    stage.figure(f"{requests} lines: {wrote} written, {gone} counted as lost")
    stage.check(gone > 0, "nothing was lost: the fault did not bite")
    stage.check(wrote + gone - requests <= requests // 20, f"{wrote + gone - requests} lines are counted twice")
