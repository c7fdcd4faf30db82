"""A route as the recorder sees it: where it is counted, when it is slow, and what exchanges that end alike share."""

from typing import Any, TypeAlias

from gateway.model.clock import SECOND_NS
from gateway.model.outcome import Reason, Source
from gateway.model.route import Route
from gateway.telemetry.access_line import line_ending
from gateway.telemetry.labels import is_fault
from gateway.telemetry.recording.series import RouteSeries

SLOW_NS = SECOND_NS
"""From when an exchange is slow if its route has no latency objective."""

EndingKey: TypeAlias = tuple[str, int, Source, Reason]
"""Method (as a label), status, source, reason."""
SmoothKey: TypeAlias = tuple[str, int, str, str, Reason]
"""Method, status, upstream, endpoint (which upstreams may have in common), reason."""


class Ending:
    """What all exchanges of a route that ended alike have in common, worked out when the first of them ends."""

    __slots__ = ("cell", "duration", "fault", "judged", "line", "plain", "sample_rate", "sampled_line")

    def __init__(self, route: Route | None, series: RouteSeries, key: EndingKey, sample_rate: float) -> None:
        method, status, source, reason = key
        self.cell = series.cell(method, status, source.value, reason.value)
        self.duration = series.duration(method, status)
        self.fault = is_fault(status, reason)
        self.plain = status < 400 and reason is Reason.NONE
        self.judged = reason is not Reason.CLIENT_DISCONNECT
        """Whether objectives count it: who left before the answer says nothing about the service."""
        self.sample_rate = sample_rate
        self.line = line_ending(route, method, status, source, reason)
        self.sampled_line = line_ending(route, method, status, source, reason, sample_rate)


class RouteView:
    """A route of one snapshot; None stands for the exchanges that matched no route."""

    __slots__ = (
        "availability",
        "endings",
        "latency_ns",
        "latest",
        "objectives",
        "route",
        "sample_rate",
        "series",
        "slow_ns",
        "smooth",
        "smooth_ns",
    )

    def __init__(self, route: Route | None, series: RouteSeries, sample_rate: float) -> None:
        self.route = route
        self.series = series
        self.sample_rate = sample_rate
        slo = route.slo if route else None
        self.availability = slo is not None and slo.availability_ratio is not None
        self.latency_ns = slo.latency.under_ns if slo and slo.latency else 0
        self.objectives = self.availability or self.latency_ns > 0
        self.slow_ns = self.latency_ns or SLOW_NS
        retries = None if route is None else route.retries
        self.smooth_ns = self.slow_ns if retries is None else min(self.slow_ns, retries.hedge_after_ns)
        """What takes longer has something to tell beside its duration; so has everything that no route took."""
        if route is None:
            self.smooth_ns = -1
        self.endings: dict[EndingKey, Ending] = {}
        self.smooth: dict[SmoothKey, Any] = {}
        """What recording.smooth counts."""
        self.latest: Any = None
        """The one of them that was counted in last: the next exchange mostly is of the same."""

    def add_ending(self, key: EndingKey) -> Ending:
        """Remember a way to end that was not seen before."""
        ending = self.endings[key] = Ending(self.route, self.series, key, self.sample_rate)
        return ending

    def forget(self) -> None:
        """Let go of what series were looked up for smooth exchanges."""
        self.smooth.clear()
        self.latest = None

    def judge(self, ending: Ending, total_ns: int, *, upgraded: bool) -> None:
        """Count the exchange against the route's objectives. Latency is judged of those that did not fail."""
        if not ending.judged:
            return
        slo = self.series.slo
        if self.availability:
            slo[1 if ending.fault else 0] += 1
        if self.latency_ns and not ending.fault and not upgraded:
            slo[3 if total_ns > self.latency_ns else 2] += 1
