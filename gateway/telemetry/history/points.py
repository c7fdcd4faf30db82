"""Windows as the numbers that are shown: rates, ratios, percentiles in milliseconds."""

from datetime import UTC, datetime
from typing import Final

from gateway.telemetry.history.quantiles import quantiles_ns
from gateway.wire.history import FailureView, HistoryPointView, RecentView, WindowData

_OVERHEAD_RATIO: Final = (0.99,)
_MS: Final = 1e6


def time_text(at_s: int) -> str:
    """RFC 3339, in UTC."""
    return datetime.fromtimestamp(at_s, UTC).isoformat().replace("+00:00", "Z")


def point_view(window: WindowData, start_s: int, seconds: int) -> HistoryPointView:
    """`seconds`: how long the window is, as far as it is over."""
    p50, p95, p99, p999 = (_milliseconds(value) for value in quantiles_ns(window.buckets))
    observed = sum(window.buckets.values())
    return HistoryPointView(
        at=time_text(start_s),
        seconds=seconds,
        requests=window.requests,
        rate=_rate(window.requests, seconds),
        errors=window.errors,
        error_ratio=_ratio(window),
        failures=[
            FailureView(source=source, reason=reason, count=count) for source, reason, count in _failures(window)
        ],
        in_flight=window.in_flight,
        bytes_in=window.bytes_in,
        bytes_out=window.bytes_out,
        mean_ms=_milliseconds(window.sum_ns / observed if observed else None),
        p50_ms=p50,
        p95_ms=p95,
        p99_ms=p99,
        p999_ms=p999,
        overhead_p99_ms=_milliseconds(quantiles_ns(window.overhead, _OVERHEAD_RATIO)[0]),
        client_errors=window.client_errors,
    )


def recent_view(window: WindowData, seconds: int) -> RecentView:
    """The same in short."""
    if not window.requests and not window.buckets:
        return RecentView(seconds=seconds)
    p50, p95, p99, p999 = (_milliseconds(value) for value in quantiles_ns(window.buckets))
    observed, timed = sum(window.buckets.values()), sum(window.overhead.values())
    return RecentView(
        seconds=seconds,
        rate=_rate(window.requests, seconds),
        error_ratio=_ratio(window),
        p50_ms=p50,
        p95_ms=p95,
        p99_ms=p99,
        p999_ms=p999,
        overhead_p99_ms=_milliseconds(quantiles_ns(window.overhead, _OVERHEAD_RATIO)[0]),
        requests=window.requests,
        client_error_ratio=round(window.client_errors / window.requests, 6) if window.requests else None,
        mean_ms=_milliseconds(window.sum_ns / observed if observed else None),
        overhead_mean_ms=_milliseconds(window.overhead_ns / timed if timed else None),
    )


def _failures(window: WindowData) -> list[tuple[str, str, int]]:
    """The most frequent first."""
    failures = sorted(window.failures.items(), key=lambda failure: (-failure[1], failure[0]))
    return [(*key.split("/", 1), count) for key, count in failures]  # type: ignore[misc]


def _rate(requests: int, seconds: int) -> float:
    return round(requests / seconds, 3) if seconds > 0 else 0.0


def _ratio(window: WindowData) -> float | None:
    return round(window.errors / window.requests, 6) if window.requests else None


def _milliseconds(ns: float | None) -> float | None:
    return None if ns is None else round(ns / _MS, 4)
