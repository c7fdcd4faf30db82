"""Faults of time: a wall clock that jumps or is wrong from the start, and an event loop that is blocked."""

import os
import signal
import threading
import time
from datetime import datetime
from pathlib import Path
from typing import Final

from gateway.model.clock import SECOND_NS
from perf.compare.processes import free_port
from perf.compare.sockets import connections_of
from tests.faults import needs
from tests.faults.row import fault
from tests.faults.stage import Stage
from tests.faults.subject import Gateway
from tests.support.waiting import wait_until

WIRING: Final = str(Path(__file__).resolve().parents[1] / "wiring")
HOUR_NS: Final = 3600 * SECOND_NS
JUMPS: Final = (HOUR_NS, -HOUR_NS, 0)
BETWEEN_S: Final = 3.0
FIRST_BYTE_S: Final = 0.5
TRANSITIONS: Final = "sightline_upstream_endpoint_transitions_total"
LAG: Final = "sightline_event_loop_lag_seconds_sum"
BLOCK_S: Final = 2.0
BLOCKER: Final = "blocked_by_the_test"
"""The function in tests/faults/wiring that blocks the loop."""

NEVER: Final = b"GET /late/5000 HTTP/1.1\r\nHost: gateway.test\r\n\r\n"


@fault(
    36,
    "the wall clock jumps an hour ahead, two back, and into place again",
    "failed requests 0; timeouts that did not take their time 0",
    limit_s=40.0,
)
def clock_jumps(stage: Stage) -> None:
    clock = stage.folder / "clock"
    clock.write_bytes(bytes(8))
    environ = {"PYTHONPATH": WIRING, "SIGHTLINE_FAULT_CLOCK": str(clock)}
    backend = stage.backend()
    gateway = stage.gateway(
        backend,
        environ=environ,
        more_upstreams=f'  late: {{endpoints: ["{backend}"]}}\n{half_gone(backend)}',
        more_routes=f"  - {{name: late, match: {{path_prefix: /late}}, upstream: late, timeouts: {{first_byte: {FIRST_BYTE_S * 1000:.0f}ms}}}}"
        "\n  - {name: half, match: {path: /half}, upstream: half}",
    )
    load = stage.load(gateway.address)
    await_ejection(gateway)
    changed = gateway.metric(TRANSITIONS, upstream="half")
    load.run_for(BETWEEN_S)
    timeouts_s = [timeout_of(gateway)]
    for jump_ns in JUMPS:
        jumper = threading.Timer(FIRST_BYTE_S / 2, jump, (clock, jump_ns))
        jumper.start()
        timeouts_s.append(timeout_of(gateway))
        load.run_for(BETWEEN_S)
        timeouts_s.append(timeout_of(gateway))
        recent = gateway.status()["recent"]
        stage.check(
            20 < recent["rate"] < 400, f"{jump_ns // HOUR_NS} h off, it says {recent['rate']} requests a second"
        )
        changes = gateway.metric(TRANSITIONS, upstream="half")
        stage.check(
            is_ejected(gateway) and changes == changed, f"{jump_ns // HOUR_NS} h off, the ejection ended or began anew"
        )
        stage.check(gateway.is_ready(), f"{jump_ns // HOUR_NS} h off, it is not ready")
        code, _ = gateway.call("/api/v1/history?kind=gateway&window=1m&step=10s")
        stage.check(code == 200, f"{jump_ns // HOUR_NS} h off, its history answers {code}")
    load.stop()
    seen = {abs(wrong_by_h(line["@timestamp"])) for line in gateway.access_lines}
    stage.check(1 in seen, "no access line was an hour off: the fault did not bite")
    negative = sum(line["duration_ms"] < 0 for line in gateway.access_lines)
    judge_timeouts(stage, timeouts_s)
    stage.figure(load.told())
    stage.check(not load.failed(), f"{len(load.failed())} requests failed")
    stage.check(negative == 0, f"{negative} exchanges took less than no time")
    slowest_ms = load.percentile_ms(1.0)
    stage.check(slowest_ms < 1000, f"a request took {slowest_ms:.0f} ms")


@fault(
    36,
    "started with a wall clock an hour ahead, by libfaketime",
    "failed requests 0; timeouts that did not take their time 0",
    limit_s=30.0,
    needs=(needs.faked_clock,),
)
def clock_wrong_from_the_start(stage: Stage) -> None:
    backend = stage.backend()
    environ = {"LD_PRELOAD": str(needs.wall_clock_library()), "FAKETIME": "+1h", "DONT_FAKE_MONOTONIC": "1"}
    environ |= {"PYTHONPATH": WIRING, "SIGHTLINE_FAULT_SLEEP": "1"}
    gateway = stage.gateway(
        backend,
        environ=environ,
        more_upstreams=f'  late: {{endpoints: ["{backend}"]}}',
        more_routes=f"  - {{name: late, match: {{path_prefix: /late}}, upstream: late, timeouts: {{first_byte: {FIRST_BYTE_S * 1000:.0f}ms}}}}",
    )
    load = stage.load(gateway.address)
    load.run_for(BETWEEN_S)
    timeouts_s = [timeout_of(gateway) for _ in range(3)]
    recent = gateway.status()["recent"]
    load.stop()
    off_h = wrong_by_h(gateway.access_lines[-1]["@timestamp"])
    judge_timeouts(stage, timeouts_s)
    stage.figure(load.told())
    stage.check(off_h == 1, f"its lines are {off_h} hours off: the fault did not bite")
    stage.check(not load.failed(), f"{len(load.failed())} requests failed")
    stage.check(20 < recent["rate"] < 400, f"it says {recent['rate']} requests a second")


def half_gone(well: str) -> str:
    """An upstream with an endpoint that is not there, which is ejected for longer than the row takes."""
    return (
        f'  half: {{endpoints: ["{well}", "127.0.0.1:{free_port()}"], balance: round_robin, '
        "health: {passive: {consecutive_failures: 3, eject_for: 60s, max_ejected: 50%}}}"
    )


def is_ejected(gateway: Gateway) -> bool:
    endpoints = gateway.call("/api/v1/upstreams/half")[1]["endpoints"]
    return any(endpoint["state"] == "ejected" for endpoint in endpoints)


def await_ejection(gateway: Gateway) -> None:
    """Ask until the endpoint that is not there has been given up."""

    def ask() -> bool:
        gateway.send("/half")
        return is_ejected(gateway)

    wait_until(ask, "the endpoint that is not there is ejected", poll_s=0.02)


def jump(clock: Path, offset_ns: int) -> None:
    """Let the wall clock of the gateway be so wrong from now on. In place: its processes have the file in their memory."""
    with clock.open("r+b") as opened:
        opened.write(offset_ns.to_bytes(8, "little", signed=True))


def timeout_of(gateway: Gateway) -> float:
    """Seconds until a request to an origin that says nothing is answered by 504."""
    with gateway.client() as client:
        began_s = time.monotonic()
        answer = client.request(NEVER)
        return time.monotonic() - began_s if answer.status == 504 else float("inf")


def judge_timeouts(stage: Stage, timeouts_s: list[float]) -> None:
    off = [took_s for took_s in timeouts_s if not FIRST_BYTE_S * 0.9 < took_s < FIRST_BYTE_S * 1.1 + 0.3]
    stage.figure(f"{len(off)} of {len(timeouts_s)} timeouts of {FIRST_BYTE_S} s off, slowest {max(timeouts_s):.2f} s")
    stage.check(not off, f"timeouts of {FIRST_BYTE_S} s took {', '.join(f'{took_s:.2f} s' for took_s in off)}")


def wrong_by_h(timestamp: str) -> int:
    """Whole hours between this and the right time."""
    return round((datetime.fromisoformat(timestamp).timestamp() - time.time()) / 3600)


@fault(
    37,
    f"the event loop of one of two workers blocked for {BLOCK_S:.0f} s",
    "lag seen against lag reported; requests to the other worker unaffected",
    limit_s=30.0,
)
def blocked_loop(stage: Stage) -> None:
    environ = {"PYTHONPATH": WIRING, "SIGHTLINE_FAULT_BLOCK": str(BLOCK_S)}
    gateway = stage.gateway(stage.backend(), environ=environ)
    load = stage.load(gateway.address, connections=64)
    load.run_for(1.0)
    victim, other = gateway.worker_pids()
    held = connections_of([victim, other], gateway.port)
    lag_before_s = gateway.metric(LAG, worker="1")
    began_ns = load.mark()
    os.kill(victim, signal.SIGVTALRM)
    load.run_for(BLOCK_S + 1.5)
    lags = {worker["index"]: worker["loop_lag_p99_ms"] for worker in gateway.workers()}
    wait_until(lambda: gateway.metric(LAG, worker="1") > lag_before_s + 1, "lag is told", poll_s=0.1)
    reported_s = gateway.metric(LAG, worker="1") - lag_before_s
    told = [str(incident) for incident in gateway.incidents("loop_blocked")]
    load.stop()
    of_victim = [result for result in load.between(began_ns) if result.local_port in held[victim]]
    of_other = sorted(
        result.ended_ns - result.sent_ns for result in load.between(began_ns) if result.local_port in held[other]
    )
    seen_s = max((result.ended_ns - result.sent_ns for result in of_victim), default=0) / SECOND_NS
    p99_ms = of_other[int(len(of_other) * 0.99)] / 1e6 if of_other else float("nan")
    stage.figure(f"blocked as clients saw it {seen_s:.2f} s, lag reported {reported_s:.2f} s ({lags[1]:.0f} ms p99)")
    stage.figure(f"other worker p99 {p99_ms:.1f} ms over {len(of_other)} requests; {load.told()}")
    stage.check(not load.failed(), f"{len(load.failed())} requests failed")
    stage.check(seen_s > BLOCK_S * 0.8, f"no client saw more than {seen_s:.2f} s: the fault did not bite")
    stage.check(any(BLOCKER in text for text in told), f"no incident names {BLOCKER}: {told[:1]}")
    stage.check(abs(reported_s - BLOCK_S) < 0.4, f"the lag reported is {reported_s:.2f} s")
    stage.check(len(of_other) > 100 and p99_ms < 250, f"the other worker's p99 was {p99_ms:.0f} ms")
