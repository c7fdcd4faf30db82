"""Which propagator serves which route and listener, worked out once per configuration."""

from collections.abc import Iterable

from gateway.model.listener import Listener
from gateway.model.route import Route
from gateway.model.snapshot import TraceSettings
from gateway.model.tracing import TraceFormat, TrustIncoming
from gateway.telemetry.propagation.propagator import LegacyPropagator, Propagator


class Propagators:
    """Those of one configuration: equal ones are made once. Where `propagate` is off there are none."""

    def __init__(self, settings: TraceSettings, listeners: Iterable[Listener]) -> None:
        self._settings = settings
        self._trust = {listener.name: listener.trust_incoming for listener in listeners}
        self._made: dict[tuple[float, TrustIncoming, tuple[TraceFormat, ...]], Propagator] = {}

    def of_route(self, route: Route) -> Propagator | None:
        """The route's own; None where its listeners differ in whom they trust, or there is none at all."""
        if route.trust_incoming is not None:
            return self.of_request(route.trust_incoming, route)
        trusts = {self._trust.get(name, TrustIncoming.ACCEPT) for name in route.match.listeners or self._trust}
        return self.of_request(trusts.pop(), route) if len(trusts) == 1 else None

    @property
    def are_on(self) -> bool:
        """Whether trace context is dealt with at all."""
        return self._settings.propagate

    def by_listener(self, route: Route | None = None) -> dict[str, Propagator]:
        """For requests of this route, or of none, by the name of the listener they come to; empty where there are none."""
        found = {name: self.of_request(trust, route) for name, trust in self._trust.items()}
        return {name: propagator for name, propagator in found.items() if propagator is not None}

    def of_request(self, trust: TrustIncoming, route: Route | None = None) -> Propagator | None:
        """For requests of this route, or of none, to a listener that trusts like this."""
        settings = self._settings
        if not settings.propagate:
            return None
        if route is not None and route.trust_incoming is not None:
            trust = route.trust_incoming
        ratio, formats = settings.sample_ratio, settings.formats
        if route is not None:
            traces = route.traces
            ratio = ratio if traces.sample_ratio is None else traces.sample_ratio
            formats = formats if traces.formats is None else traces.formats
        key = (ratio, trust, formats)
        if key not in self._made:
            self._made[key] = LegacyPropagator(*key) if formats else Propagator(*key)
        return self._made[key]
