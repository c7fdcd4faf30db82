"""Why one exchange ended as it did, in a sentence: who said it, what was tried, and where the time went."""

from collections import Counter
from collections.abc import Callable
from difflib import get_close_matches
from typing import Final, NamedTuple

from console.render.amounts import milliseconds as duration
from gateway.wire.explain import ExplanationView, UpstreamChoiceView
from gateway.wire.filter.predicate import SLOW_MS
from gateway.wire.live import AccessLine

_NONE: Final = "none"
_TUNNEL: Final = 101
_SUPERSEDED: Final = "superseded"
"""Of an attempt that another one beside it was quicker than."""


class Known(NamedTuple):
    """What is known of an exchange. `explanation` is of the configuration that runs now; `usual_p99_ms` of its endpoint."""

    line: AccessLine
    explanation: ExplanationView | None = None
    usual_p99_ms: float | None = None

    @property
    def slow_ms(self) -> float:
        """From when it is slow: what its route promises, where that is known."""
        applied = self.explanation.applied if self.explanation is not None else None
        promised = applied.slo_latency_under_ms if applied is not None else None
        return SLOW_MS if promised is None else promised

    @property
    def tries(self) -> int | None:
        """How many its route allows; None where that is not known, or was not so when it came."""
        applied = self.explanation.applied if self.explanation is not None else None
        retries = applied.retries if applied is not None else None
        return None if retries is None or retries.attempts < len(self.line.attempts) else retries.attempts


def verdict(known: Known) -> str:
    """One sentence, without an end mark."""
    line = known.line
    sentence = _SENTENCES.get(line.reason)
    if sentence is not None:
        return sentence(known)
    if line.reason != _NONE:
        told = f": {line.detail}" if line.detail else ""
        return f"refused by the gateway, {line.reason.replace('_', ' ')}{told}"
    if line.status == _TUNNEL:
        return f"upgraded: a tunnel to {_where(line)} for {duration(line.duration_ms)}"
    if not line.attempts:
        return f"the gateway answered {line.status} itself, as route {line.route} says"
    verb = "upstream answered" if line.status >= 400 else "answered"
    return f"{verb} {line.status}: {_where(line)}, {_tries(line)}"


def time_told(known: Known) -> str:
    """`812ms: 755ms waiting for the first byte of 10.0.1.7:9001 (its p99 is 90ms); gateway itself 6ms; 1 retry cost 101ms`."""
    line = known.line
    parts = []
    name, length_ms = _longest(line)
    if length_ms and line.duration_ms and length_ms >= line.duration_ms / 4:
        usual = known.usual_p99_ms
        beside = f" (its p99 is {duration(usual)})" if usual is not None and "first byte" in name else ""
        parts.append(f"{duration(length_ms)} {name}{beside}")
    if line.fault_ms:
        parts.append(f"held back {duration(line.fault_ms)} by the route, on purpose")
    parts.append(f"gateway itself {duration(line.overhead_ms)}")
    if len(line.attempts) > 1:
        parts.append(_further(line))
    return f"{duration(line.duration_ms)}: {'; '.join(parts)}"


def _further(line: AccessLine) -> str:
    """What attempts beside the one that ended it cost: up to when that began."""
    others, last = line.attempts[:-1], line.attempts[-1]
    began_ms = min(attempt.at_ms for attempt in line.attempts)
    cost_ms = last.at_ms - began_ms if last.at_ms else sum(attempt.ms for attempt in others if not attempt.at_ms)
    if any(attempt.reason == _SUPERSEDED for attempt in others):
        return f"sent to a second endpoint as well, whose answer came {'first' if cost_ms else 'later'}"
    return f"{len(others)} {'retry' if len(others) == 1 else 'retries'} cost {duration(cost_ms)}"


def _longest(line: AccessLine) -> tuple[str, float]:
    phases, where = line.phases, _where(line)
    steps = (
        ("reading the request's head", phases.read_head_ms),
        (f"waiting for a place at {where}", phases.pool_wait_ms),
        (f"connecting to {where}", phases.connect_ms),
        (f"sending the request to {where}", phases.send_ms),
        (f"waiting for the first byte of {where}", phases.ttfb_ms),
        (f"taking the answer of {where}", phases.transfer_ms),
        ("waiting for the client to read", phases.write_ms),
    )
    return max(steps, key=lambda step: step[1])


def _where(line: AccessLine) -> str:
    return line.endpoint or line.upstream or "the upstream"


def _tries(line: AccessLine) -> str:
    """`at the first try`, `after 2 tries: connect_refused, then 200`."""
    if len(line.attempts) <= 1:
        return "at the first try"
    ends = [str(attempt.status or attempt.reason) for attempt in line.attempts]
    if _SUPERSEDED in ends:
        beside = [attempt.endpoint for attempt in line.attempts if attempt.reason == _SUPERSEDED]
        return f"which was quicker than {', '.join(beside)} beside it"
    return f"after {len(line.attempts)} tries: {', then '.join(ends)}"


def _after_tries(line: AccessLine) -> str:
    return f"; {_tries(line)}" if len(line.attempts) > 1 else ""


def _no_route(known: Known) -> str:
    line, explanation = known.line, known.explanation
    if explanation is None:
        return f"no route takes {line.method} {line.path} at {line.host}"
    if explanation.route is not None:
        return f"no route then; now {explanation.route} would take it"
    failed = [(each.route, each.failed) for each in explanation.considered if each.failed is not None]
    by_path = {told.expected: route for route, told in failed if told.key.startswith("match.path")}
    others = [told.key for _, told in failed if not told.key.startswith(("match.hosts", "match.path"))]
    more = sum(explanation.others.values())
    seen = f"{len(failed)} routes looked at" + (f" and {more} more" if more else "")
    nearest = get_close_matches(line.path, by_path, n=1, cutoff=0.5)
    hint = f"; nearest {nearest[0]} ({by_path[nearest[0]]})" if nearest else ""
    if others and not by_path:
        hint = f"; {others[0].removeprefix('match.')} shut the last one out"
    return f"no route: {seen}, {len(by_path)} of this host, path {line.path} matched none{hint}"


def _wrong_method(known: Known) -> str:
    told = f": {known.explanation.detail}" if known.explanation is not None and known.explanation.detail else ""
    return f"no route takes this path with {known.line.method}{told}"


def _refused(known: Known) -> str:
    line = known.line
    return f"{_where(line)} refused the connection{_after_tries(line)}; no answer to pass on"


def _failed(what: str) -> Callable[[Known], str]:
    def told(known: Known) -> str:
        line = known.line
        why = f" ({line.detail})" if line.detail else ""
        return f"{_where(line)} {what}{why}{_after_tries(line)}"

    return told


def _status(known: Known) -> str:
    line = known.line
    return f"upstream answered {line.status}: {_where(line)}, {_tries(line)}"


def _first_byte(known: Known) -> str:
    applied = known.explanation.applied if known.explanation is not None else None
    limit = applied.first_byte_timeout_ms if applied is not None else None
    within = f"within {duration(limit)}" if limit is not None else f"for {duration(known.line.phases.ttfb_ms)}"
    return f"{_where(known.line)} sent no first byte {within}{_after_tries(known.line)}"


def _total(known: Known) -> str:
    applied = known.explanation.applied if known.explanation is not None else None
    limit = applied.request_timeout_ms if applied is not None else None
    time = duration(limit if limit is not None else known.line.duration_ms)
    return f"the request's {time} were over while {_longest(known.line)[0]}{_after_tries(known.line)}"


_TOLD: Final = "no healthy endpoint: "


def _no_endpoint(known: Known) -> str:
    if known.line.detail.startswith(_TOLD):
        return known.line.detail  # How it was then; an explanation tells how it is now.
    choices = known.explanation.choices if known.explanation is not None else []
    choice = next((each for each in choices if each.upstream == known.line.upstream), choices[0] if choices else None)
    if choice is None or not choice.endpoints:
        return f"no healthy endpoint in {known.line.upstream or 'the upstream'}; nothing was tried"
    return f"no healthy endpoint: {_states(choice)}"


def _states(choice: UpstreamChoiceView) -> str:
    """`3 of 3 of orders: ejected until 14:02:40`."""
    shut = Counter(each.because for each in choice.endpoints if not each.eligible)
    total = len(choice.endpoints) + choice.endpoints_left_out
    if not shut:
        return f"now all {total} of {choice.upstream} are eligible again"
    told = ", ".join(f"{number} {because}" if len(shut) > 1 else because for because, number in shut.most_common(3))
    return f"{sum(shut.values())} of {total} of {choice.upstream}: {told}"


def _pool(known: Known) -> str:
    return f"no place free at {_where(known.line)} after {duration(known.line.phases.pool_wait_ms)}: all connections busy and the queue full"


def _aborted(known: Known) -> str:
    line = known.line
    return f"the route answered {line.status} on purpose: it injects faults{_after_tries(line)}"


def _left(known: Known) -> str:
    line = known.line
    return f"the client left after {duration(line.duration_ms)}, while {_longest(line)[0]}"


def _shut_out(otherwise: str) -> Callable[[Known], str]:
    """By the gate of the upstream, which says why."""
    return lambda known: _own(known.line.detail or otherwise)(known)


def _own(what: str) -> Callable[[Known], str]:
    return lambda known: (
        f"{what}; upstream not contacted" if not known.line.attempts else f"{what}{_after_tries(known.line)}"
    )


_SENTENCES: Final[dict[str, Callable[[Known], str]]] = {
    "no_route": _no_route,
    "method_not_allowed": _wrong_method,
    "upstream_status": _status,
    "connect_refused": _refused,
    "connect_timeout": _failed("took no connection in time"),
    "dns_error": _failed("could not be resolved"),
    "tls_error": _failed("failed the TLS handshake"),
    "upstream_timeout_first_byte": _first_byte,
    "upstream_timeout_total": _total,
    "upstream_idle_timeout": _failed("stopped sending in the middle of its answer"),
    "upstream_reset": _failed("broke the connection off"),
    "upstream_protocol_error": _failed("answered what is no valid HTTP"),
    "no_healthy_endpoint": _no_endpoint,
    "pool_exhausted": _pool,
    "circuit_open": _shut_out("circuit open: the upstream failed too often"),
    "concurrency_limited": _shut_out("the upstream has as many requests as it may have"),
    "retry_budget_exhausted": _own("no retry left in the budget"),
    "fault_injected": _aborted,
    "overloaded": _own("the gateway takes no more requests at once than it can serve"),
    "shutting_down": _own("node shutting down"),
    "rate_limited": _own("over the rate limit"),
    "auth_denied": _own("not authenticated"),
    "client_disconnect": _left,
}
"""What is not here is told by its word and the gateway's detail."""
