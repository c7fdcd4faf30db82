"""From when an exchange is slow: what its route promises, or a second where it promises nothing."""

from console.state.model import Model
from gateway.wire.filter.predicate import SLOW_MS
from gateway.wire.views import RouteListView


class SlowLimits:
    """Milliseconds by route, worked out again when other routes are known."""

    def __init__(self) -> None:
        self._view: RouteListView | None = None
        self._limits: dict[str, float] = {}

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
        return known != self._limits

    def of(self, route: str) -> float:
        return self._limits.get(route, SLOW_MS)
