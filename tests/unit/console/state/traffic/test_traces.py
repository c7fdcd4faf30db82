"""Exchanges grouped by trace."""

import msgspec

from console.state.traffic.traces import lines_of, spans_of, traces_of
from tests.support.exchanges import line


def test_exchanges_of_one_trace_are_one_and_last_from_the_first_to_the_last() -> None:
    first = line(1, trace_id="t", at="2026-01-31T08:00:00.000Z", duration_ms=300.0)
    second = line(2, trace_id="t", at="2026-01-31T08:00:00.250Z", duration_ms=100.0, status=502)
    [trace, alone] = traces_of([second, first, line(3, duration_ms=12.345)])
    assert ([each.request_id for each in trace.lines], round(trace.duration_ms), trace.has_failed) == (
        ["req-0001", "req-0002"], 350, True,
    )  # fmt: skip
    assert (alone.duration_ms, alone.has_failed, alone.kept_for) == (12.345, False, ())
    assert trace.kept_for == ("err",)


def test_spans_are_a_tree_on_the_axis_of_the_trace() -> None:
    first = line(1, trace_id="t", at="2026-01-31T08:00:00.000Z", duration_ms=300.0)
    second = line(2, trace_id="t", at="2026-01-31T08:00:00.250Z", duration_ms=12.0)
    [trace] = traces_of([first, second])
    spans = [(span.step.depth, span.step.label) for span in spans_of(trace) if span.line == second]
    assert spans[0] == (0, "GET /v1/orders/2")
    assert (1, "try 1 10.0.1.7:9001") in spans
    assert (2, "first byte") in spans
    assert min(span.step.start_ms for span in spans_of(trace) if span.line == second) == 250.0


def test_an_exchange_without_a_trace_is_alone_and_what_is_no_line_is_passed_over() -> None:
    lines = lines_of([msgspec.Raw(b'{"request_id":"a"}'), msgspec.Raw(b"[]"), msgspec.Raw(b'{"request_id":"b"}')])
    assert [trace.trace_id for trace in traces_of(lines)] == ["a", "b"]
