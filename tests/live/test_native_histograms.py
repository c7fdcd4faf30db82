"""Native histograms and exemplars as a real Prometheus reads them: quantiles against what the access log says of every
request, and traces on the buckets."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.live.conftest import StartOrigin
from tests.support.config import free_port
from tests.support.origin import OK, OriginConnection
from tests.support.program import Program
from tests.support.prometheus import Prometheus
from tests.support.waiting import wait_until

NATIVE: Final = ("native-histograms", "exemplar-storage")
REQUESTS: Final = 300
SLOW_MS: Final = 60
ROUTE: Final = "sightline_http_request_duration_seconds"
ENDPOINT: Final = "sightline_upstream_endpoint_duration_seconds"
LAST_WORDS_S: Final = 20.0


async def slow_now_and_then(connection: OriginConnection) -> None:
    """Every twentieth answer takes long, the others from nothing to some milliseconds."""
    for number in range(REQUESTS):
        await connection.read_request()
        await asyncio.sleep(SLOW_MS / 1000 if number % 20 == 19 else number % 7 / 1000)
        await connection.send(OK)


@pytest.fixture
def served(tmp_path: Path, start_origin: StartOrigin) -> Iterator[Program]:
    """A gateway that has served all requests, each of them traced (to a collector that is not there)."""
    traces = f'{{endpoint: "http://127.0.0.1:{free_port()}", sample: 100%}}'
    more = f"telemetry: {{metrics: {{native_histograms: true}}, traces: {traces}}}"
    (tmp_path / "gateway").mkdir()
    with Program(tmp_path / "gateway", start_origin(slow_now_and_then).address, workers=1, more=more) as gateway:
        with gateway.client() as client:
            for _ in range(REQUESTS):
                assert client.request(b"GET / HTTP/1.1\r\nHost: gateway.test\r\n\r\n").status == 200
        wait_until(lambda: len(gateway.access_lines) == REQUESTS, "every request has its line")
        yield gateway


def await_value(prometheus: Prometheus, expr: str, value: float) -> None:
    wait_until(lambda: prometheus.value(expr) == value, f"{expr} is {value}", LAST_WORDS_S)


def exemplars_of(prometheus: Prometheus, selector: str, gateway: Program, least_ms: float = 0.0) -> list[Any]:
    """Those of a series, once there is one of so long a request; each must be a request with that trace and that duration."""
    now_s = time.time()

    def found() -> list[Any]:
        series = prometheus.exemplars(selector, now_s - 60, now_s + 60)
        exemplars = [exemplar for each in series for exemplar in each["exemplars"]]
        return exemplars if any(float(each["value"]) * 1000 >= least_ms for each in exemplars) else []

    exemplars = wait_until(found, f"exemplars, one of {least_ms} ms at least", LAST_WORDS_S)
    durations_ms = {line["trace_id"]: line["duration_ms"] for line in gateway.access_lines}
    for exemplar in exemplars:
        assert float(exemplar["value"]) * 1000 == pytest.approx(durations_ms[exemplar["labels"]["trace_id"]], abs=0.01)
        assert len(exemplar["labels"]["span_id"]) == 16
    return exemplars


@pytest.mark.real("prometheus")
def test_quantiles_and_exemplars_of_native_histograms_are_those_of_the_requests(
    tmp_path: Path, served: Program
) -> None:
    lines = served.access_lines
    measured = {
        ROUTE: sorted(line["duration_ms"] for line in lines),
        ENDPOINT: sorted(line["attempts"][0]["ms"] for line in lines),
    }
    with Prometheus(tmp_path, [f"127.0.0.1:{served.admin_port}"], features=NATIVE) as prometheus:
        for name, durations in measured.items():
            whole = f"sum({name})"
            await_value(prometheus, f"histogram_count({whole})", REQUESTS)
            assert prometheus.value(f"histogram_sum({whole})") * 1000 == pytest.approx(sum(durations), rel=0.01)
            for quantile in (0.5, 0.9, 0.97, 0.99):
                exact = durations[round(quantile * REQUESTS) - 1]
                estimate = prometheus.value(f"histogram_quantile({quantile}, {whole})") * 1000
                assert estimate == pytest.approx(exact, rel=0.1), (name, quantile)
        # This Prometheus takes no exemplar of a series that is older than another, so the slow ones may be missing.
        assert exemplars_of(prometheus, f'{ROUTE}{{class="2xx"}}', served)


@pytest.mark.real("prometheus")
def test_openmetrics_leads_from_a_slow_bucket_to_the_trace_of_a_request(tmp_path: Path, served: Program) -> None:
    with Prometheus(tmp_path, [f"127.0.0.1:{served.admin_port}"]) as prometheus:
        assert exemplars_of(prometheus, f'{ROUTE}_bucket{{class="2xx"}}', served, SLOW_MS)
        assert prometheus.value(f"sum({ROUTE}_count)") == REQUESTS
