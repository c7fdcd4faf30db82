"""What the gateway does of its own accord to protect upstreams, where somebody should know of it: an open circuit, an upstream
without a healthy endpoint, one in panic, a budget of retries that is used up."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final

from console.state.health.words import Attention, Cause
from console.state.selection import Destination
from gateway.wire.upstream_views import EndpointView, UpstreamView
from gateway.wire.views import RouteView

CIRCUIT_OPEN: Final = "circuit_open"
NO_ENDPOINT: Final = "no_healthy_endpoint"
PANIC: Final = "panic"

_NO_ENDPOINT: Final = 1e5
_PANIC: Final = 3e4
_CIRCUIT: Final = 1e4
"""Ranks beside burn times requests a second: what explains the errors of routes stands before them."""
_BUDGET_S: Final = 10.0
"""What retries are counted over."""
_MAY_SERVE: Final = ("healthy", "unknown")


def guarded_upstreams(
    upstreams: Iterable[UpstreamView], told: Sequence[Attention], began: Callable[[str], float | None]
) -> list[Attention]:
    """told: routes that fail; what is the cause of one of them is not told twice. began: since when an upstream is in panic, as
    far as that is known (Unix time)."""
    causes = {(each.cause.upstream, each.cause.reason) for each in told}
    found = [each for upstream in upstreams for each in _of_upstream(upstream, began)]
    return [each for each in found if (each.subject, each.cause.reason) not in causes]


def without_endpoint(upstreams: Iterable[UpstreamView]) -> set[str]:
    """Names of upstreams none of whose endpoints may be used: of those, the endpoints need not be told one by one."""
    return {each.name for each in upstreams if _has_none(each)}


def storms(routes: Iterable[RouteView]) -> list[Attention]:
    """Routes that may not try again, because they have tried too often lately."""
    return [
        Attention(
            kind="retries",
            severity="warn",
            subject=route.name,
            score=retries.used / _BUDGET_S,
            rate=retries.used / _BUDGET_S,
            cause=Cause(
                reason="retry_budget_exhausted",
                count=retries.used,
                share=retries.budget_ratio,
                upstream=route.upstreams[0].upstream if len(route.upstreams) == 1 else "",
            ),
            leads_to=Destination("route", route.name),
        )
        for route in routes
        if (retries := route.retries) is not None and retries.used and retries.used + 1 > retries.allowed
    ]


def panic_told(upstream: UpstreamView) -> str:
    """`1 of 3 endpoints usable, less than 50%: the others get traffic all the same`."""
    states = [each.state for each in upstream.endpoints if each.state != "draining"]
    usable = sum(state in _MAY_SERVE for state in states)
    less = f", less than {100 * upstream.panic_below:g}%" if upstream.panic_below is not None else ""
    return f"{usable} of {len(states)} endpoints usable{less}: the others get traffic all the same"


def _of_upstream(upstream: UpstreamView, began: Callable[[str], float | None]) -> Iterator[Attention]:
    if _has_none(upstream):
        yield Attention(
            kind="no_endpoint",
            severity="crit",
            subject=upstream.name,
            score=_NO_ENDPOINT,
            cause=Cause(
                reason=NO_ENDPOINT,
                count=len(upstream.endpoints),
                upstream=upstream.name,
                text="all are used all the same" if upstream.panic else _states(upstream.endpoints),
            ),
            since_s=max((_seconds(each.since) for each in upstream.endpoints if each.since), default=None),
            leads_to=Destination("upstreams", filter=upstream.name),
        )
    elif upstream.panic:
        yield Attention(
            kind="panic",
            severity="crit",
            subject=upstream.name,
            score=_PANIC,
            cause=Cause(reason=PANIC, upstream=upstream.name, text=panic_told(upstream)),
            since_s=began(upstream.name),
            leads_to=Destination("upstreams", filter=upstream.name),
        )
    circuit = upstream.circuit
    if circuit is not None and circuit.state != "closed":
        yield Attention(
            kind="circuit",
            severity="crit" if circuit.state == "open" else "warn",
            subject=upstream.name,
            score=_CIRCUIT,
            cause=Cause(
                reason=CIRCUIT_OPEN, phase=circuit.state, count=circuit.workers, upstream=upstream.name,
                text=circuit.evidence,
            ),
            since_s=_seconds(circuit.since) if circuit.since else None,
            leads_to=Destination("upstreams", filter=upstream.name),
        )  # fmt: skip


def _has_none(upstream: UpstreamView) -> bool:
    return bool(upstream.endpoints) and not any(each.state in _MAY_SERVE for each in upstream.endpoints)


def _states(endpoints: Sequence[EndpointView]) -> str:
    """`2 unhealthy, 1 draining`."""
    words = [each.state for each in endpoints]
    return ", ".join(f"{words.count(word)} {word}" for word in dict.fromkeys(words))


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
