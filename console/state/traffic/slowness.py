"""From when an exchange is slow: what its route promises, or a second where it promises nothing."""

from dataclasses import replace
from typing import Final

from console.state import reading
from console.state.model import Model
from console.state.reading import ONCE, Reading
from gateway.wire.filter.predicate import SLOW_MS
from gateway.wire.views import RouteListView

ROUTES_ONCE: Final[Reading[RouteListView]] = replace(reading.ROUTES, every_s=ONCE)
"""For what each of them calls slow."""


class SlowLimits:
    """Milliseconds by route, worked out again when other routes are known."""

    def __init__(self) -> None:
        self._view: RouteListView | None = None
        self._limits: dict[str, float] = {}
        self.version = 0
        """Another with other limits."""

    def look_at(self, model: Model) -> bool:
        """Whether they are others than before."""
        view = model.latest(RouteListView)
        if view is self._view or view is None:
            return False
        self._view = view
        known = self._limits
        self._limits = {
            route.name: route.slo.latency_under_ms
            for route in view.routes
            if route.slo is not None and route.slo.latency_under_ms is not None
        }
        self.version += known != self._limits
        return known != self._limits

    def of(self, route: str) -> float:
        return self._limits.get(route, SLOW_MS)
