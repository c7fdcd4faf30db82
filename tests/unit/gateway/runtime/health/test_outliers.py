"""Who stands out by failures or by latency, over a window, from reports."""

from collections.abc import Mapping

import pytest

from gateway.model.clock import MILLISECOND_NS, SECOND_NS
from gateway.model.health import Health, PassiveCheck
from gateway.runtime.health.outliers import Outliers
from gateway.telemetry.histogram import Histogram
from gateway.wire.report import AttemptCount, EndpointTime, Report, UpstreamDelta
from tests.support.health import address, orders, running

RATIO = PassiveCheck(failure_ratio=0.5, min_requests=10, window_ns=4 * SECOND_NS)
LATENCY = PassiveCheck(latency_factor=3.0, min_requests=10, window_ns=4 * SECOND_NS)


class Judged:
    def __init__(self, check: PassiveCheck, number: int = 4) -> None:
        self.now_s = 100.0
        self.outliers = Outliers()
        self.outliers.follow(running(orders(number, Health(passive=check))))

    def report(self, attempts: Mapping[int, Mapping[str, int]], took_ms: Mapping[int, float] | None = None) -> None:
        """attempts: by endpoint, how many ended for which reason; took_ms: twenty answers of each."""
        counts = [
            AttemptCount(address(number), "2xx" if reason == "none" else "none", reason, count)
            for number, reasons in attempts.items()
            for reason, count in reasons.items()
        ]
        times = []
        for number, milliseconds in (took_ms or {}).items():
            histogram = Histogram()
            for _ in range(20):
                histogram.observe(round(milliseconds * MILLISECOND_NS))
            delta = histogram.take()
            assert delta is not None
            times.append(EndpointTime(address(number), "2xx", delta))
            times.append(EndpointTime(address(number), "5xx", delta))
        delta_of_upstream = UpstreamDelta("orders", attempts=counts, endpoints=times)
        other = UpstreamDelta("other", attempts=[AttemptCount(address(1), "none", "connect_refused", 1000)])
        report = Report(worker=1, sequence=1, at_ns=0, upstreams=[delta_of_upstream, other])
        self.outliers.take(report, self.now_s)

    def found(self) -> list[tuple[int, str]]:
        return [
            (int(endpoint.rpartition(":")[2]) - 9000, proof.evidence)
            for (_, endpoint), proof in self.outliers.judge(self.now_s)
        ]


def test_a_share_of_failures_is_judged_from_so_many_attempts_on() -> None:
    judged = Judged(RATIO)
    judged.report({1: {"none": 4, "connect_refused": 4}, 2: {"none": 100, "upstream_status": 90}})
    assert judged.found() == []
    judged.report({1: {"upstream_reset": 2}, 2: {"upstream_status": 10}})
    assert judged.found() == [(1, "6 of 10 attempts failed in 4 s"), (2, "100 of 200 attempts failed in 4 s")]


def test_what_client_and_gateway_did_does_not_count() -> None:
    judged = Judged(RATIO)
    judged.report({1: {"client_disconnect": 100, "pool_exhausted": 100, "none": 20}})
    assert judged.found() == []


def test_only_the_window_counts_and_nothing_once_it_is_forgotten() -> None:
    judged = Judged(RATIO)
    judged.report({1: {"connect_refused": 20}, 2: {"connect_refused": 20}})
    judged.outliers.forget(("orders", address(2)))
    judged.now_s += 3.5
    judged.report({1: {"none": 5}})
    assert judged.found() == [(1, "20 of 25 attempts failed in 4 s")]
    judged.now_s += 2
    judged.report({1: {"none": 5}})
    assert judged.found() == []


def test_one_that_is_so_many_times_slower_than_the_median_of_the_others_stands_out() -> None:
    judged = Judged(LATENCY)
    judged.report({}, {1: 10.0, 2: 40.0, 3: 200.0, 4: 20.0})
    ((number, evidence),) = judged.found()
    assert number == 3
    assert evidence.startswith("p90 ")
    assert evidence.endswith(" of 3 others")


@pytest.mark.parametrize(
    "took_ms",
    [
        pytest.param({1: 0.2, 2: 5.0, 3: 0.2, 4: 0.2}, id="a difference of a few milliseconds is none"),
        pytest.param({1: 100.0}, id="there is nobody to compare with"),
        pytest.param({1: 100.0, 2: 120.0, 3: 250.0, 4: 110.0}, id="not slow enough"),
    ],
)
def test_latencies_that_are_in_order(took_ms: Mapping[int, float]) -> None:
    judged = Judged(LATENCY)
    judged.report({}, took_ms)
    assert judged.found() == []


def test_nothing_is_kept_of_upstreams_that_are_not_judged_so() -> None:
    judged = Judged(PassiveCheck())
    judged.report({1: {"connect_refused": 1000}})
    assert judged.found() == []
    judged.outliers.follow(running(orders(4, Health(passive=RATIO))))
    assert judged.found() == []
    judged.report({4: {"connect_refused": 1000}})
    judged.outliers.follow(running(orders(3, Health(passive=RATIO))))
    assert judged.found() == []
