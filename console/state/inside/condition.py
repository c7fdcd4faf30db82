"""What can be waited for: `ready`, `synced`, `revision=REF`, `ups/NAME=healthy`. Whether it holds follows from one answer."""

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple, TypeAlias, get_args

from gateway.wire.upstream_views import EndpointView, UpstreamView
from gateway.wire.views import EndpointState, StatusView

Subject: TypeAlias = Literal["ready", "synced", "revision", "upstream"]

IDLE: Final = "idle"
"""Of an endpoint: nothing is in flight there and nobody waits for it, as when it has been drained."""
STATES: Final[tuple[str, ...]] = (*get_args(EndpointState), IDLE)
EXAMPLES: Final = "ready, synced, revision=REF, ups/NAME=STATE or ups/NAME/ENDPOINT=STATE"
_SHORTEST: Final = 4


class Condition(NamedTuple):
    """`wanted`: a state, or what a revision begins with, or its sequence if it is a number. `endpoint` is empty for all of the upstream."""

    subject: Subject
    wanted: str = ""
    upstream: str = ""
    endpoint: str = ""


class Judged(NamedTuple):
    """`told`: what is the case, as a sentence, whether or not it is what is waited for."""

    holds: bool
    told: str


def condition_of(text: str) -> Condition:
    """Raises ValueError, with what may be written."""
    subject, has_wanted, wanted = text.partition("=")
    if subject == "ready" and not has_wanted:
        return Condition("ready")
    if subject == "synced" and not has_wanted:
        return Condition("synced")
    if subject == "revision" and wanted:
        if len(wanted) < _SHORTEST and not wanted.isdecimal():
            raise ValueError(f"expected a sequence, or {_SHORTEST} or more digits of a revision, got {wanted!r}")
        return Condition("revision", wanted)
    kind, _, name = text.partition("/")
    if kind in {"ups", "upstreams"} and name:
        return _of_upstream(name)
    raise ValueError(f"expected {EXAMPLES}, got {text!r}")


def _of_upstream(text: str) -> Condition:
    # From the end: an address may be anything.
    name, _, wanted = text.rpartition("=")
    upstream, _, endpoint = name.partition("/")
    if not upstream or wanted not in STATES:
        raise ValueError(f"expected NAME=STATE, where STATE is one of {', '.join(STATES)}, got {text!r}")
    return Condition("upstream", wanted, upstream, endpoint)


def of_status(condition: Condition, status: StatusView) -> Judged:
    """Whether it is ready, or all its workers serve what it runs, or what was asked for."""
    if condition.subject == "ready":
        why = "; ".join(status.not_ready_because) or "it does not say why"
        return Judged(holds=status.ready, told="ready" if status.ready else f"not ready: {why}")
    lacking = [worker for worker in status.workers if worker.sync != "synced"]
    runs = f"revision {status.revision} (sequence {status.sequence})"
    if condition.subject == "revision" and not _is_meant(condition.wanted, status):
        return Judged(holds=False, told=f"{runs} runs")
    if lacking or not status.workers:
        told = ", ".join(f"worker {worker.index} {worker.sync.replace('_', ' ')}" for worker in lacking) or "no workers"
        return Judged(holds=False, told=f"{runs} runs, but not everywhere: {told}")
    return Judged(holds=True, told=f"{runs} is what all {len(status.workers)} workers serve")


def _is_meant(reference: str, status: StatusView) -> bool:
    if reference.isdecimal() and len(reference) < len(status.revision):
        return reference == str(status.sequence)
    return len(reference) >= _SHORTEST and status.revision.startswith(reference)


def of_upstream(condition: Condition, upstream: UpstreamView) -> Judged:
    """Whether the endpoint, or each of the upstream, is in that state."""
    chosen = [each for each in upstream.endpoints if condition.endpoint in ("", each.address)]
    if not chosen:
        what = f"endpoint {condition.endpoint}" if condition.endpoint else "endpoint"
        return Judged(holds=False, told=f"there is no {what} of {upstream.name}")
    others = [each for each in chosen if not _is(condition.wanted, each)]
    told = f"{len(chosen) - len(others)} of {len(chosen)} endpoints of {upstream.name} {condition.wanted}"
    return Judged(holds=not others, told=f"{told}: {_listed(condition.wanted, others)}" if others else told)


def _is(wanted: str, endpoint: EndpointView) -> bool:
    if wanted == IDLE:
        return not endpoint.in_flight and not endpoint.pending
    return endpoint.state == wanted


def _listed(wanted: str, endpoints: Sequence[EndpointView]) -> str:
    if wanted == IDLE:
        return ", ".join(f"{each.address} has {each.in_flight + each.pending} in flight" for each in endpoints)
    return ", ".join(f"{each.address} {each.state}{f' ({each.reason})' if each.reason else ''}" for each in endpoints)
