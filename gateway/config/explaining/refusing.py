"""Why no endpoint of an upstream would get the request, and what the gateway would answer instead."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from gateway.model.outcome import STATUS_OF, Reason
from gateway.model.upstream import Endpoint
from gateway.wire.explain import UpstreamChoiceView
from gateway.wire.views import EndpointState

OUT: Final = frozenset({"unhealthy", "ejected"})
_MOST_STATES: Final = 3


class Refused(NamedTuple):
    """words: without the reason."""

    reason: Reason
    words: str


@dataclass(frozen=True, slots=True)
class EndpointFacts:
    """What a running gateway knows of an endpoint, over all workers.

    addresses: IP addresses a name led to, empty where it has led to none; for a literal address or a UNIX socket, that.
    full, queue_full: workers that have all connections in use that they may open, and those whose queue is full as well.
    """

    addresses: tuple[str, ...]
    state: EndpointState = "healthy"
    why: str = ""
    """It is in that state."""
    in_panic: bool = False
    """Whether all endpoints of its upstream are used, because too few of them are usable."""
    in_flight: int = 0
    connections: int = 0
    pending: int = 0
    workers: int = 0
    full: int = 0
    queue_full: int = 0
    weight: int | None = None
    """The one in force, where operators may have set another than the configured one."""
    decided: tuple[str, ...] = ()
    """What operators decided about it, in words; a drain first."""
    refused: Refused | None = None
    """Why requests to the upstream are refused before any of its endpoints is tried; None where they are not."""
    probed: str = ""
    """What a circuit of the upstream does with requests that refuses some of them; empty where it refuses all or none."""
    recent_error_ratio: float | None = None
    """Of the attempts of the last minute; None where there was none."""


def refusal_of_all(wanted: Sequence[tuple[Endpoint, EndpointFacts | None]]) -> Refused | None:
    """Why each attempt at these endpoints would fail in the gateway itself; None where one could be made, as far as is known.

    wanted: those that have the labels of the route, with the weight in force.
    """
    choosable = [facts for endpoint, facts in wanted if endpoint.weight and not _is_out(facts)]
    if not choosable:
        return Refused(Reason.NO_HEALTHY_ENDPOINT, _states(wanted))
    known = [facts for facts in choosable if facts is not None]
    if len(known) < len(choosable):
        return None
    if known[0].refused is not None:
        return known[0].refused
    if all(facts.workers and facts.queue_full == facts.workers for facts in known):
        return Refused(Reason.POOL_EXHAUSTED, "every worker has all its connections in use and its queue full")
    return None


def _is_out(facts: EndpointFacts | None) -> bool:
    if facts is None:
        return False
    return facts.state == "draining" or (facts.state in OUT and not facts.in_panic)


def _states(wanted: Sequence[tuple[Endpoint, EndpointFacts | None]]) -> str:
    """`2 of 3 unhealthy (bad_status, 503 in 1 ms), 1 of 3 drained`."""
    if not wanted:
        return "there is no endpoint that the route may use"
    counts = Counter(_state(endpoint, facts) for endpoint, facts in wanted)
    return ", ".join(f"{count} of {len(wanted)} {state}" for state, count in counts.most_common(_MOST_STATES))


def _state(endpoint: Endpoint, facts: EndpointFacts | None) -> str:
    if facts is not None and facts.state == "draining":
        return "drained"
    if facts is not None and _is_out(facts):
        # What was seen last differs from endpoint to endpoint; its kind is what they have in common.
        why = facts.why.partition(",")[0]
        return f"{facts.state} ({why})" if why else facts.state
    return "without a weight"


def verdict_of(choices: Iterable[UpstreamChoiceView]) -> tuple[Reason, str]:
    """NONE if every request would be forwarded, or some; the reason of the first upstream if none would. In words, what
    the gateway would answer by itself; empty where nothing speaks against any of them.
    """
    used = [choice for choice in choices if choice.share]
    refused = [choice for choice in used if choice.reason != Reason.NONE.value]
    if not used:
        return Reason.NO_HEALTHY_ENDPOINT, f"would be {_answer(Reason.NO_HEALTHY_ENDPOINT)}: all weights are 0"
    if not refused:
        return Reason.NONE, ""
    if len(used) == 1:
        reason = Reason(refused[0].reason)
        return reason, f"would be {_answer(reason)}: {refused[0].refusal}"
    told = "; ".join(
        f"{choice.share:.0%} would be {_answer(Reason(choice.reason))}: {choice.upstream}: {choice.refusal}"
        for choice in refused
    )
    return (Reason(refused[0].reason) if len(refused) == len(used) else Reason.NONE), told


def _answer(reason: Reason) -> str:
    return f"answered {STATUS_OF[reason]} {reason.value}"
