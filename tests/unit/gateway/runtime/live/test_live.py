"""Live traffic fed with reports, and what is slow for each route."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from gateway.config import load_text
from gateway.model.snapshot import Snapshot
from gateway.runtime.live.live import LiveTraffic
from gateway.telemetry.instruments import SupervisorInstruments
from gateway.wire.filter import parse_filter
from gateway.wire.live import AccessLine, LineAttempt
from gateway.wire.report import Report
from tests.support.config import one_route


def snapshot(route: str = "") -> Snapshot:
    return load_text(one_route("127.0.0.1:1", route=route), "test.yaml", 1, {}).snapshot


EMPTY = snapshot()


def encode(**facts: Any) -> bytes:
    return json.dumps(facts, separators=(",", ":")).encode() + b"\n"


def report(lines: bytes, kept: bytes = b"") -> Report:
    unmatched = (lines or kept).count(b'"_unmatched"')
    count = lines.count(b"\n")
    return Report(1, 1, 1, access_lines=lines, access_line_count=count, kept_lines=kept, unmatched=unmatched)


def found(live: LiveTraffic, text: str) -> int:
    async def search() -> int:
        number = len(live.exchanges(parse_filter(text), 10, "").exchanges)
        live.close()
        return number

    return asyncio.run(search())


def live_traffic(running: Callable[[], Snapshot] = lambda: EMPTY) -> LiveTraffic:
    return LiveTraffic(running, lambda _message: None, SupervisorInstruments())


def test_what_workers_report_can_be_searched() -> None:
    live = live_traffic()
    live.take(report(encode(request_id="a") + encode(request_id="b"), kept=encode(request_id="b")))
    assert found(live, "") == 2
    assert len(live.exchange("b").exchanges) == 1


def test_what_is_not_found_may_have_had_no_line_and_the_answer_says_so() -> None:
    of_all = load_text(
        f"{one_route('127.0.0.1:1')}\ntelemetry: {{access_log: {{sample: {{success: 10%}}}}}}", "t", 1, {}
    )
    of_route = snapshot("access_log: {sample: {success: 2.5%}}")
    for running, told in ((of_all.snapshot, "10%"), (of_route, "2.5%"), (EMPTY, "")):
        live = live_traffic(lambda running=running: running)  # type: ignore[misc]
        live.take(report(encode(request_id="a")))
        said = f"of successes {told} have a line (access_log.sample.success)" if told else ""
        assert live.exchange("b").sampling == said
        assert live.exchange("a").sampling == ""


def test_unmatched_requests_are_counted_with_and_without_an_access_log() -> None:
    live = live_traffic()
    line = encode(reason="no_route", route="_unmatched", **{"url.path": "/a"})
    live.take(report(line, kept=line))
    live.take(report(b"", kept=line))
    assert live.unmatched(1).paths[0].count == 2


def test_a_scan_does_not_push_out_what_has_failed_where_there_is_no_access_log() -> None:
    live = live_traffic()
    unmatched = encode(request_id="s", reason="no_route", route="_unmatched", **{"url.path": "/a"})
    failed = encode(request_id="f", reason="upstream_status", route="orders")
    live.take(report(b"", kept=unmatched + failed + unmatched))
    for _ in range(40):
        live.take(report(b"", kept=unmatched * 100))
    assert live.ring.oldest_remarkable == failed.rstrip()
    assert live.unmatched(1).paths[0].count == 4_002
    assert found(live, "reason:no_route") == 10


def test_a_slow_request_without_a_route_is_remarkable_where_there_is_no_access_log() -> None:
    live = live_traffic()
    slow = encode(request_id="s", reason="no_route", route="_unmatched", duration_ms=2000.0)
    live.take(report(b"", kept=slow))
    assert live.ring.oldest_remarkable == slow.rstrip()
    assert found(live, "slow") == 1


def test_unmatched_requests_that_found_no_room_are_said_to_be_unseen() -> None:
    live = live_traffic()
    line = encode(reason="no_route", route="_unmatched")
    live.take(msgspec.structs.replace(report(b"", kept=line), unmatched=5))
    seen = live.unmatched(1)
    assert (seen.seen, seen.unseen, seen.is_exact) == (1, 4, False)


def test_slow_follows_the_objective_of_the_running_configuration() -> None:
    running = [snapshot()]
    live = live_traffic(lambda: running[0])
    live.take(report(encode(route=running[0].routes[0].name, duration_ms=400.0)))
    assert found(live, "slow") == 0
    running[0] = snapshot("slo: {latency: {target: 99%, under: 300ms}}")
    assert found(live, "slow") == 1


LINES = st.builds(
    AccessLine,
    route=st.sampled_from(["a", "other"]),
    status=st.sampled_from([101, 200, 404, 499, 500, 503]),
    reason=st.sampled_from(["none", "no_route", "upstream_reset", "client_disconnect"]),
    duration_ms=st.sampled_from([1.0, 249.0, 250.0, 251.0, 1000.0, 1001.0]),
    attempts=st.lists(st.just(LineAttempt("x")), max_size=2).map(tuple),
)


@given(LINES, st.sampled_from(["", "slo: {latency: {target: 99%, under: 250ms}}"]))
def test_what_is_always_shown_is_what_its_filter_says(line: AccessLine, objective: str) -> None:
    running = OBJECTIVES.setdefault(objective, snapshot(objective))
    live = live_traffic(lambda: running)
    by_filter = live.compile(parse_filter("err | slow | retried"))
    assert live.is_remarkable(line) is by_filter(line)


OBJECTIVES: dict[str, Snapshot] = {}
