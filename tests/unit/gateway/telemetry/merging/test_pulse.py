"""What the last seconds of a worker's reports say: its rate, and how late its loop is."""

import pytest

from gateway.telemetry.histogram import Histogram
from gateway.telemetry.merging.pulse import Pulse
from gateway.wire.report import HistogramDelta, Report, RequestCount, RouteDelta


def lag(*milliseconds: float) -> HistogramDelta | None:
    histogram = Histogram()
    for each in milliseconds:
        histogram.observe(round(each * 1e6))
    return histogram.take()


def report(requests: int = 0, *lags: float, counted: bool = True) -> Report:
    counts = [
        RequestCount("GET", 200, "upstream", "none", requests - 1),
        RequestCount("GET", 502, "gateway", "reset", 1),
    ]
    routes = [RouteDelta("orders", 0, requests=counts)] if requests else []
    return Report(1, 1, 0, counted=counted, routes=routes, loop_lag=lag(*lags))


def test_the_rate_is_that_of_the_last_ten_seconds() -> None:
    pulse = Pulse()
    assert pulse.rate(0.0) is None
    pulse.take(report(1000), 0.0)
    assert pulse.rate(0.0) is None
    for second in range(1, 21):
        pulse.take(report(100 if second <= 10 else 40), float(second))
        if second == 4:
            assert pulse.rate(4.0) == 100.0
    assert pulse.rate(20.0) == 40.0
    assert pulse.rate(25.0) == 20.0
    assert pulse.rate(60.0) == 0.0


def test_lag_is_told_of_the_last_minute() -> None:
    pulse = Pulse()
    assert pulse.loop_lag_p99_ms(0.0) is None
    pulse.take(report(0, 80.0), 0.0)
    for second in range(1, 100):
        pulse.take(report(0, 1.0), second / 2)
    assert pulse.loop_lag_p99_ms(50.0) == pytest.approx(1.0, rel=0.05)
    pulse.take(report(0, *[80.0] * 100), 50.5)
    assert pulse.loop_lag_p99_ms(50.9) == pytest.approx(1.0, rel=0.05)
    assert pulse.loop_lag_p99_ms(51.0) == pytest.approx(80.0, rel=0.05)
    slow = Pulse()
    slow.take(report(0, 1.0, 80.0), 0.0)
    assert slow.loop_lag_p99_ms(1.0) == pytest.approx(80.0, rel=0.05)
    assert slow.loop_lag_p99_ms(61.0) is None


def test_a_report_of_lines_alone_says_nothing_of_the_rate() -> None:
    pulse = Pulse()
    pulse.take(report(5), 0.0)
    pulse.take(report(5, counted=False), 1.0)
    pulse.take(report(5), 2.0)
    assert pulse.rate(2.0) == 2.5
