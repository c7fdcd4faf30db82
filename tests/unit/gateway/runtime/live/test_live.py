"""Live traffic fed with reports, and what is slow for each route."""

import json
from typing import Any

from gateway.config import load_text
from gateway.model.snapshot import Snapshot
from gateway.runtime.live.live import LiveTraffic
from gateway.wire.filter import parse_filter
from gateway.wire.report import Report
from tests.support.config import one_route


def snapshot(route: str = "") -> Snapshot:
    return load_text(one_route("127.0.0.1:1", route=route), "test.yaml", 1, {}).snapshot


EMPTY = snapshot()


def encode(**facts: Any) -> bytes:
    return json.dumps(facts, separators=(",", ":")).encode() + b"\n"


def report(lines: bytes, kept: bytes = b"") -> Report:
    return Report(1, 1, 1, access_lines=lines, access_line_count=lines.count(b"\n"), kept_lines=kept)


def test_what_workers_report_can_be_searched() -> None:
    live = LiveTraffic(lambda: EMPTY)
    live.take(report(encode(request_id="a") + encode(request_id="b"), kept=encode(request_id="b")))
    assert len(live.exchanges(parse_filter(""), 10, "").exchanges) == 2
    assert len(live.exchange("b").exchanges) == 1


def test_unmatched_requests_are_counted_with_and_without_an_access_log() -> None:
    live = LiveTraffic(lambda: EMPTY)
    line = encode(reason="no_route", route="_unmatched", **{"url.path": "/a"})
    live.take(report(line, kept=line))
    live.take(report(b"", kept=line))
    assert live.unmatched(1).paths[0].count == 2


def test_slow_follows_the_objective_of_the_running_configuration() -> None:
    running = [snapshot()]
    live = LiveTraffic(lambda: running[0])
    live.take(report(encode(route=running[0].routes[0].name, duration_ms=400.0)))
    assert live.exchanges(parse_filter("slow"), 10, "").exchanges == []
    running[0] = snapshot("slo: {latency: {target: 99%, under: 300ms}}")
    assert len(live.exchanges(parse_filter("slow"), 10, "").exchanges) == 1
