"""Totals per route and endpoint, read from the merged metrics: what the lists of the admin API show beside each name."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from gateway.model.outcome import Reason, is_endpoint_failure
from gateway.telemetry import catalog
from gateway.telemetry.store import Family, MetricsStore, Value
from gateway.wire.views import TrafficView

_SHOWN: Final = (
    catalog.HTTP_REQUESTS,
    catalog.HTTP_FAILURES,
    catalog.HTTP_IN_FLIGHT,
    catalog.HTTP_REQUEST_BYTES,
    catalog.HTTP_RESPONSE_BYTES,
    catalog.UPSTREAM_REQUESTS,
)
_FAILURES: Final = frozenset(reason.value for reason in Reason if is_endpoint_failure(reason))
_NEVER_SENT: Final = Reason.POOL_EXHAUSTED.value


@dataclass(slots=True)
class EndpointTraffic:
    """requests: attempts that it was asked with. failures: those that speak against it."""

    requests: int = 0
    failures: int = 0


@dataclass(frozen=True, slots=True)
class Traffic:
    """As of one moment: routes by name, endpoints by upstream and address."""

    routes: dict[str, TrafficView] = field(default_factory=dict)
    endpoints: dict[tuple[str, str], EndpointTraffic] = field(default_factory=dict)


def read_traffic(store: MetricsStore) -> Traffic:
    """Milliseconds for thousands of series: once a second at most."""
    series = {family.instrument.name: family for family in store.families(_SHOWN)}
    return Traffic(_routes(series), _endpoints(series))


def _routes(series: Mapping[str, Family]) -> dict[str, TrafficView]:
    requests = _sums(series[catalog.HTTP_REQUESTS.name], "route")
    failures = _sums(series[catalog.HTTP_FAILURES.name], "route")
    in_flight = _sums(series[catalog.HTTP_IN_FLIGHT.name], "route")
    bytes_in = _sums(series[catalog.HTTP_REQUEST_BYTES.name], "route")
    bytes_out = _sums(series[catalog.HTTP_RESPONSE_BYTES.name], "route")
    return {
        route: TrafficView(
            requests=count,
            failures=failures.get(route, 0),
            in_flight=in_flight.get(route, 0),
            bytes_in=bytes_in.get(route, 0),
            bytes_out=bytes_out.get(route, 0),
        )
        for route, count in requests.items()
    }


def _endpoints(series: Mapping[str, Family]) -> dict[tuple[str, str], EndpointTraffic]:
    found: dict[tuple[str, str], EndpointTraffic] = {}
    for (upstream, endpoint, _, reason), count in series[catalog.UPSTREAM_REQUESTS.name].series.items():
        traffic = found.setdefault((upstream, endpoint), EndpointTraffic())
        if reason != _NEVER_SENT:
            traffic.requests += _number(count)
        if reason in _FAILURES:
            traffic.failures += _number(count)
    return found


def _sums(family: Family, label: str) -> dict[str, int]:
    position = family.instrument.labels.index(label)
    sums: dict[str, int] = {}
    for labels, value in family.series.items():
        sums[labels[position]] = sums.get(labels[position], 0) + _number(value)
    return sums


def _number(value: Value) -> int:
    assert isinstance(value, int | float), "counters and gauges are numbers"
    return int(value)
