"""Why a route is slow or fails, or that it does neither: which phase, which endpoint, since when, after which change."""

from typing import Final

import msgspec

from console.state import reading
from console.state.health.endpoints import FAILED_LATELY, EndpointHealth, courses_of_endpoints, health_of_endpoints
from console.state.health.evidence import PHASES, Shares, lines_of, shares
from console.state.health.route_trouble import Evidence, course_of, trouble_of
from console.state.health.words import Attention
from console.state.model import Model
from console.state.reading import AnyReading, Reading, exchanges
from gateway.wire.live import AccessLine
from gateway.wire.views import ExchangeListView, RouteView

_PROOF_S: Final = 300.0
_FEW: Final = 50


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """`trouble` is None where nothing is wrong. `split` is where the time of the slowest kept exchanges went, or, where none is
    kept, that of all on average (`is_average`)."""

    route: RouteView
    trouble: Attention | None = None
    split: Shares | None = None
    is_average: bool = False
    endpoint: EndpointHealth | None = None
    """Of its upstreams the one that is worst, where one is in trouble: the route may be well all the same."""
    failed: tuple[AccessLine, ...] = ()
    """Kept failures of the last minutes, newest first."""


def failed_of(name: str) -> Reading[ExchangeListView]:
    return exchanges(f"route:{name} err", _FEW)


def slow_of(name: str) -> Reading[ExchangeListView]:
    return exchanges(f"route:{name} slow", _FEW)


def needed_for_verdict(model: Model, name: str) -> list[AnyReading]:
    """All that a verdict is made of."""
    look = None, model.at_s
    wanted: list[AnyReading] = [
        reading.route(name, *look), reading.upstreams(*look), course_of(name), reading.REVISIONS, reading.INCIDENTS,
    ]  # fmt: skip
    if model.at_s is not None:
        return wanted
    return [*wanted, failed_of(name), slow_of(name), FAILED_LATELY, *courses_of_endpoints(_endpoints(model, name))]


def verdict(model: Model, name: str) -> Verdict | None:
    """None while the route is not known."""
    route = model.view(reading.route(name, None, model.at_s))
    if route is None:
        return None
    since_s = model.now_s - _PROOF_S
    failed = [line for line in lines_of(model.view(failed_of(name)), since_s) if line.route == name]
    slow = [line for line in lines_of(model.view(slow_of(name)), since_s) if line.route == name]
    endpoints = _endpoints(model, name)
    trouble = trouble_of(model, route, Evidence(endpoints, failed, slow))
    worst = min((each for each in endpoints if each.is_troubled), key=lambda each: each.rank, default=None)
    split = shares(slow)
    average = None if split is not None else _average(route)
    if trouble is not None and split is None and average is not None and not trouble.cause.phase:
        phase, share = average.largest
        cause = msgspec.structs.replace(trouble.cause, phase=phase, share=share)
        trouble = msgspec.structs.replace(trouble, cause=cause)
    return Verdict(route=route, trouble=trouble, split=split or average, is_average=split is None,
                   endpoint=worst, failed=tuple(failed))  # fmt: skip


def _endpoints(model: Model, name: str) -> list[EndpointHealth]:
    """Of its upstreams alone: of a thousand others nothing follows, and it is drawn twice a second."""
    look = None, model.at_s
    route, upstreams = model.view(reading.route(name, *look)), model.view(reading.upstreams(*look))
    mine = {share.upstream for share in route.upstreams} if route is not None else set[str]()
    return health_of_endpoints(
        model, [each for each in (upstreams.upstreams if upstreams else ()) if each.name in mine]
    )


def _average(route: RouteView) -> Shares | None:
    parts = {phase: route.phases.get(phase, 0.0) for phase in PHASES}
    total = sum(parts.values())
    return Shares(parts, 0.0, total, 0) if total > 0 else None
