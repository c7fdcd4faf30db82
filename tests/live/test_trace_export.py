"""Spans leave a whole gateway, or are counted; whatever the collector does, requests are answered."""

import signal
from pathlib import Path
from typing import Final

import pytest

from tests.live.conftest import StartOrigin
from tests.support.collector import GRPC, HTTP, Collector, collecting
from tests.support.origin import say_target
from tests.support.program import Program
from tests.support.waiting import wait_until

WAIT_S: Final = 30.0
CAPACITY: Final = 2048
REQUESTS: Final = 1100
"""With two spans each: more than the queue holds."""
GET: Final = b"GET / HTTP/1.1\r\nHost: gateway.test\r\n\r\n"


def tracing(folder: Path, start_origin: StartOrigin, collector: Collector, protocol: str = HTTP) -> Program:
    traces = f'{{endpoint: "{collector.endpoint}", protocol: {protocol}, sample: 100%}}'
    more = f"telemetry: {{traces: {traces}}}\ndrain: {{deadline: 2s}}"
    quick = {"OTEL_BSP_SCHEDULE_DELAY": "200"}
    return Program(folder, start_origin(say_target).address, workers=1, more=more, environ=quick)


def await_kept(gateway: Program, exchanges: int) -> None:
    wait_until(
        lambda: gateway.metric("sightline_trace_decisions_total", decision="kept") == exchanges,
        f"{exchanges} exchanges are kept",
        WAIT_S,
    )


def fates(gateway: Program) -> dict[str, float]:
    """How many spans were delivered, lost, and are waiting still."""
    return {
        "exported": gateway.metric("sightline_telemetry_exported_total", signal="span"),
        "dropped": gateway.metric("sightline_telemetry_dropped_total", signal="span"),
        "queued": gateway.metric("sightline_telemetry_queue_length", signal="span"),
    }


@pytest.mark.parametrize("protocol", [HTTP, GRPC])
def test_a_collector_that_hangs_costs_counted_spans_and_no_request(
    tmp_path: Path, start_origin: StartOrigin, protocol: str
) -> None:
    with collecting(protocol) as collector:
        collector.gate.clear()
        with tracing(tmp_path, start_origin, collector, protocol) as gateway:
            with gateway.client() as client:
                assert {client.request(GET).status for _ in range(REQUESTS)} == {200}
            await_kept(gateway, REQUESTS)
            lost = 2 * REQUESTS - CAPACITY
            assert fates(gateway) == {"exported": 0, "dropped": lost, "queued": CAPACITY}
            assert gateway.metric("sightline_telemetry_dropped_total", signal="span", reason="queue_full") == lost
            collector.gate.set()
            wait_until(lambda: fates(gateway)["queued"] == 0, "the queue is empty", WAIT_S)
            assert fates(gateway) == {"exported": CAPACITY, "dropped": lost, "queued": 0}
            spans = collector.spans()
    assert len(spans) == len({span.span_id for span in spans}) == CAPACITY


def test_a_collector_that_refuses_and_takes_in_part_costs_counted_spans_and_no_request(
    tmp_path: Path, start_origin: StartOrigin
) -> None:
    with collecting() as collector:
        collector.statuses, collector.rejected = [400], 12
        with tracing(tmp_path, start_origin, collector) as gateway:
            with gateway.client() as client:
                assert {client.request(GET).status for _ in range(600)} == {200}
            await_kept(gateway, 600)
            wait_until(lambda: fates(gateway)["queued"] == 0, "the queue is empty", WAIT_S)
            by_reason = {
                reason: gateway.metric("sightline_telemetry_dropped_total", signal="span", reason=reason)
                for reason in ("queue_full", "export_failed", "rejected", "shutdown")
            }
            found = fates(gateway)
    assert found["exported"] + found["dropped"] == 2 * 600
    batches_taken = collector.calls - 1
    assert by_reason == {
        "queue_full": 0,
        "export_failed": 1200 - 12 * batches_taken - found["exported"],
        "rejected": 12 * batches_taken,
        "shutdown": 0,
    }
    assert by_reason["export_failed"] > 0


def test_a_collector_that_hangs_does_not_hold_up_the_end(tmp_path: Path, start_origin: StartOrigin) -> None:
    with collecting() as collector:
        collector.gate.clear()
        with tracing(tmp_path, start_origin, collector) as gateway:
            assert gateway.send("/")[0] == 200
            await_kept(gateway, 1)
            wait_until(lambda: collector.calls, "the collector has been asked", WAIT_S)
            gateway.signal(signal.SIGTERM)
            assert gateway.await_exit(15) == 0


SECRETS: Final = (
    b"Authorization: Bearer canary",
    b"Proxy-Authorization: Basic canary",
    b"Cookie: session=canary",
    b"X-Api-Key: canary",
    b"Referer: http://a.test/?token=canary",
    b"baggage: token=canary",
)
TARGETS: Final = (
    b"/orders?token=canary&X-Amz-Signature=canary",
    b"/bad%2Fpath?token=canary",
    b"/bad%2Fpath#canary",
    b"http://user:canary@gateway.test/orders?token=canary",
    b"http://gateway.test/bad%2Fpath?token=canary",
    b"/orders?to\xffken=canary",
)


def test_no_secret_of_a_request_reaches_spans_or_lines(tmp_path: Path, start_origin: StartOrigin) -> None:
    hosts = [b"gateway.test", b"user:canary@gateway.test"]
    requests = [
        b"\r\n".join([b"GET %b HTTP/1.1" % target, b"Host: " + host, *SECRETS, b"", b""])
        for target in TARGETS
        for host in hosts
    ]
    with collecting() as collector, tracing(tmp_path, start_origin, collector) as gateway:
        for request in requests:
            with gateway.client() as client:
                client.request(request)
        await_kept(gateway, len(requests))
        wait_until(lambda: fates(gateway)["queued"] == 0, "the queue is empty", WAIT_S)
        exported = b"".join(request.SerializeToString() for request, _ in collector.take())
        _, recent = gateway.call("/api/v1/exchanges")
    assert b"token=REDACTED" in exported
    assert b"canary" not in exported
    assert len(gateway.access_lines) == len(requests)
    assert "canary" not in f"{gateway.access_lines}{recent}{gateway.talk}"
