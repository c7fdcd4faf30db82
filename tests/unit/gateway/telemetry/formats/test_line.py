"""Access lines read back: the same facts that were written."""

from gateway.telemetry.formats.line import read_line
from tests.unit.gateway.telemetry.lines import failure, success
from tests.unit.gateway.telemetry.samples import MS, STARTED_AT_NS, TRACE_ID


def test_every_fact_is_read_back() -> None:
    line = read_line(success(7))
    assert (line.path, line.request_id, line.route, line.http_route) == (
        "/v1/orders/7",
        "req-7",
        "orders",
        "/v1/orders/{id}",
    )
    assert (line.method, line.status, line.trace_id, line.upstream) == ("GET", 200, TRACE_ID, "orders")
    assert (line.bytes_in, line.bytes_out, line.in_flight) == (120, 340, 2)
    assert [attempt.endpoint for attempt in line.attempts] == ["127.0.0.1:9001"]
    assert (line.event, line.sample_rate) == ("", 1.0)


def test_times_are_nanoseconds_to_the_millisecond() -> None:
    line = read_line(success())
    assert line.started_ns == STARTED_AT_NS
    assert line.written_ns == STARTED_AT_NS + 15 * MS


def test_what_ended_badly_has_failed() -> None:
    assert not read_line(success()).has_failed
    assert read_line(failure()).has_failed
