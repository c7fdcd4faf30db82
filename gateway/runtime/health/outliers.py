"""Endpoints whose traffic stands out, judged over all workers: too many failures, or much slower than the others."""

from collections import Counter, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Final, TypeAlias

from gateway.model.clock import MILLISECOND_NS, SECOND_NS
from gateway.model.health import PassiveCheck
from gateway.model.outcome import Reason, is_endpoint_failure
from gateway.model.snapshot import Snapshot
from gateway.runtime.health.ejections import Proof
from gateway.telemetry.history.quantiles import quantiles_ns
from gateway.wire.report import Report, UpstreamDelta

Key: TypeAlias = tuple[str, str]
"""Upstream and address of an endpoint."""

_PERCENTILE: Final = 0.9
"""Which latency is compared: of twenty requests the second slowest, so that a single slow one ejects nobody."""
_LEAST_DIFFERENCE_NS: Final = 10 * MILLISECOND_NS
"""What is slower by less is not out of the ordinary, however fast the others are."""
_FAILURES: Final = frozenset(reason.value for reason in Reason if is_endpoint_failure(reason))
_SPEAKS: Final = _FAILURES | {Reason.NONE.value}
_FAILED_CLASS: Final = "5xx"


@dataclass(slots=True)
class _Second:
    """What ended within one second. durations: by fine bucket, of answers that were no failures."""

    at_s: int
    attempts: int = 0
    failures: int = 0
    durations: Counter[int] = field(default_factory=Counter)


@dataclass(slots=True)
class Seen:
    """The same within the window."""

    attempts: int = 0
    failures: int = 0
    durations: Counter[int] = field(default_factory=Counter)


class Outliers:
    """Looks only at upstreams that have a ratio or a factor configured. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._checks: dict[str, PassiveCheck] = {}
        self._seconds: dict[str, dict[str, deque[_Second]]] = {}
        """By upstream and endpoint; the newest last, not many more than the window has."""

    def follow(self, snapshot: Snapshot) -> None:
        checks = {upstream.name: upstream.health.passive for upstream in snapshot.upstreams}
        self._checks = {name: check for name, check in checks.items() if check is not None and _looks_at_traffic(check)}
        there = {
            upstream.name: {endpoint.address for endpoint in upstream.endpoints} for upstream in snapshot.upstreams
        }
        self._seconds = {
            name: {address: seconds for address, seconds in endpoints.items() if address in there[name]}
            for name, endpoints in self._seconds.items()
            if name in self._checks
        }

    def take(self, report: Report, now_s: float) -> None:
        """What a worker reports."""
        if self._checks:
            for delta in report.upstreams:
                if delta.upstream in self._checks:
                    self._add(delta, int(now_s))

    def _add(self, delta: UpstreamDelta, at_s: int) -> None:
        endpoints = self._seconds.setdefault(delta.upstream, {})
        for attempts in delta.attempts:
            if attempts.reason in _SPEAKS:
                second = _second(endpoints, attempts.endpoint, at_s)
                second.attempts += attempts.count
                second.failures += attempts.count if attempts.reason in _FAILURES else 0
        for times in delta.endpoints:
            if times.status_class != _FAILED_CLASS:
                _second(endpoints, times.endpoint, at_s).durations.update(times.durations.buckets)

    def forget(self, key: Key) -> None:
        """What was seen of an endpoint counts no more: it has been judged by that."""
        self._seconds.get(key[0], {}).pop(key[1], None)

    def judge(self, now_s: float) -> Iterator[tuple[Key, Proof]]:
        """Those that stand out now, the worst of each upstream first."""
        for name, check in self._checks.items():
            seen = {
                address: _within(seconds, now_s - check.window_ns / SECOND_NS)
                for address, seconds in self._seconds.get(name, {}).items()
            }
            proofs = {**dict(_slow(check, seen)), **dict(_failing(check, seen))}
            for address in sorted(proofs, key=lambda address: -proofs[address][0]):
                yield (name, address), proofs[address][1]


_Found: TypeAlias = tuple[str, tuple[float, Proof]]
"""An address, how far it stands out, and by what."""


def _failing(check: PassiveCheck, seen: Mapping[str, Seen]) -> Iterator[_Found]:
    if check.failure_ratio is None:
        return
    for address, one in seen.items():
        if one.attempts < check.min_requests:
            continue
        ratio = one.failures / one.attempts
        if ratio >= check.failure_ratio:
            evidence = f"{one.failures} of {one.attempts} attempts failed in {check.window_ns / SECOND_NS:g} s"
            yield address, (1000.0 + ratio, Proof("passive", f"{ratio:.0%} failed", evidence))


def _slow(check: PassiveCheck, seen: Mapping[str, Seen]) -> Iterator[_Found]:
    if check.latency_factor is None:
        return
    known = {
        address: quantiles_ns(one.durations, (_PERCENTILE,))[0] or 0.0
        for address, one in seen.items()
        if one.durations.total() >= check.min_requests
    }
    for address, own_ns in known.items():
        others = [other_ns for other, other_ns in known.items() if other != address]
        if not others:
            return
        usual_ns = median(others)
        if own_ns >= usual_ns * check.latency_factor and own_ns - usual_ns >= _LEAST_DIFFERENCE_NS:
            factor = own_ns / max(usual_ns, 1.0)
            evidence = f"p90 {_ms(own_ns)}, {factor:.1f} times the {_ms(usual_ns)} of {len(others)} others"
            yield address, (factor, Proof("latency", f"latency x{factor:.1f}", evidence))


def _looks_at_traffic(check: PassiveCheck) -> bool:
    return check.failure_ratio is not None or check.latency_factor is not None


def _second(endpoints: dict[str, deque[_Second]], address: str, at_s: int) -> _Second:
    seconds = endpoints.setdefault(address, deque())
    if not seconds or seconds[-1].at_s != at_s:
        seconds.append(_Second(at_s))
    return seconds[-1]


def _within(seconds: deque[_Second], since_s: float) -> Seen:
    """What ended since then; what is older is forgotten."""
    while seconds and seconds[0].at_s < since_s:
        seconds.popleft()
    seen = Seen()
    for second in seconds:
        seen.attempts += second.attempts
        seen.failures += second.failures
        seen.durations.update(second.durations)
    return seen


def _ms(ns: float) -> str:
    return f"{ns / MILLISECOND_NS:.3g} ms"
