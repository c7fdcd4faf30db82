"""What is wrong and why, in words."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final

from console.render.amounts import age, count, milliseconds, percent, rate
from console.state.health.endpoints import EndpointHealth
from console.state.health.words import Attention, AttentionKind, Cause, Change

_DAY_S: Final = 86_400

_OF_ENDPOINT: Final = {
    "connect_refused": "refuses connections",
    "connect_timeout": "does not accept in time",
    "tls_error": "fails in TLS",
    "dns_error": "has no address",
    "upstream_timeout_first_byte": "does not answer in time",
    "upstream_timeout_total": "takes too long",
    "upstream_idle_timeout": "stops in mid-answer",
    "upstream_reset": "breaks off",
    "upstream_protocol_error": "does not speak HTTP",
    "pool_exhausted": "has no place left in its pool",
    "no_healthy_endpoint": "has no healthy endpoint",
    "circuit_open": "has an open circuit",
    "concurrency_limited": "has as many requests as it may have",
}
"""Verbs of what an endpoint does where this is the reason."""

_BRIEFLY: Final = {
    "connect_refused": "refuses", "connect_timeout": "no accept", "tls_error": "no TLS", "dns_error": "no address",
    "upstream_timeout_first_byte": "too late", "upstream_timeout_total": "too slow", "upstream_idle_timeout": "stalls",
    "upstream_reset": "breaks off", "upstream_protocol_error": "no HTTP", "pool_exhausted": "pool full",
}  # fmt: skip
"""The same where there is little room."""

PHASES: Final = {
    "read_head": "reading the request",
    "pool_wait": "waiting for a connection",
    "connect": "connecting",
    "send": "sending the request",
    "ttfb": "upstream first byte",
    "transfer": "upstream body",
    "write": "client taking the answer",
    "retries": "tries that were given up",
}
"""Where the time goes."""


def when(at_s: float | None, now_s: float) -> str:
    """A time of day, with the date where it is a day ago."""
    if at_s is None:
        return "-"
    local = datetime.fromtimestamp(at_s, UTC).astimezone()
    return f"{local:%H:%M:%S}" if now_s - at_s < _DAY_S else f"{local:%d %b %H:%M}"


def since(attention: Attention | EndpointHealth, now_s: float) -> str:
    """`14:02:10`; `<14:02:10` where it began before that and nobody knows when."""
    return f"{'<' if attention.is_earlier else ''}{when(attention.since_s, now_s)}"


def subject(attention: Attention) -> str:
    """`orders`, `orders +3`."""
    return f"{attention.subject} +{len(attention.also)}" if attention.also else attention.subject


def what(attention: Attention) -> str:
    """What is wrong, as a figure: `5xx 3.1%  burn 14.9x`."""
    return _WHAT[attention.kind](attention)


def why(attention: Attention, room: int | None = None) -> str:
    """The cause in one line, in as many words as there is room for; empty where nothing is known of it."""
    variants = _WHY[attention.kind](attention)
    if attention.until_s is not None:
        ended = f"until {when(attention.until_s, attention.until_s)}"
        variants = [f"{variants[0]} {ended}, it is over", *(f"{each} {ended}" for each in variants), *variants]
    if attention.after is not None and attention.since_s is not None:
        told = after(attention.after, attention.since_s)
        brief = f"after rev {attention.after.sequence}" if attention.after.sequence else told
        variants = [f"{variants[0]}, {told}", *(f"{each}, {brief}" for each in variants), *variants]
    return fitting(variants, room)


def fitting(variants: Sequence[str], room: int | None) -> str:
    """The longest that fits, or the shortest; they say the same, the longest first."""
    return next((text for text in variants if room is None or len(text) <= room), variants[-1])


def failure(cause: Cause) -> list[str]:
    """`endpoint 10.0.1.7:9001 refuses connections x12`, `upstream orders answers 503 x3`, `no healthy endpoint x3`."""
    times = f" x{count(cause.count)}" if cause.count else ""
    if cause.endpoint:
        who, does = endpoint(cause), verb(cause.reason)
        brief = f"{cause.endpoint} {_BRIEFLY.get(cause.reason, does)}"
        return [f"{who} {does}{times}", f"{cause.endpoint} {does}{times}", f"{brief}{times}"]
    who = f"upstream {cause.upstream}" if cause.upstream else "upstream"
    if cause.reason.isdecimal() or cause.reason in _OF_ENDPOINT:
        does = verb(cause.reason)
        return [f"{who} {does}{times}", f"{does}{times}", f"{_BRIEFLY.get(cause.reason, does)}{times}"]
    return [f"{cause.reason.replace('_', ' ')}{times}" if cause.reason else ""]


def verb(reason: str) -> str:
    """What an endpoint does."""
    if reason.isdecimal():
        return f"answers {reason}"
    return _OF_ENDPOINT.get(reason, f"fails: {reason.replace('_', ' ')}" if reason else "fails")


def endpoint(cause: Cause) -> str:
    """`endpoint 10.0.1.7:9001 only`, where its peers are well."""
    if cause.scope == "all":
        return f"every endpoint of {cause.upstream}"
    return f"endpoint {cause.endpoint}{' only' if cause.scope == 'only' else ''}"


def phase_share(cause: Cause) -> str:
    """`93% upstream first byte`; empty where it is not known."""
    return f"{round(cause.share * 100)}% {PHASES.get(cause.phase, cause.phase)}" if cause.phase else ""


def slowness(cause: Cause) -> list[str]:
    """`93% upstream first byte, endpoint 10.0.1.7:9001 only, the best 4ms`."""
    share = phase_share(cause)
    if not cause.endpoint:
        return [share]
    best = f"the best {milliseconds(cause.others_ms)}" if cause.others_ms is not None else ""
    address = f"{cause.endpoint}{' only' if cause.scope == 'only' else ''}"
    return [_listed(share, endpoint(cause), best), _listed(share, address), address]


def _listed(*parts: str) -> str:
    return ", ".join(part for part in parts if part)


def slower(cause: Cause) -> list[str]:
    """Of an endpoint beside its peers."""
    best = milliseconds(cause.others_ms)
    return [f"slow; the best of {cause.upstream} has a p99 of {best}", f"slow; the best {best}"]


def after(change: Change, since_s: float) -> str:
    """`40s after rev 412 by ana`."""
    late_s = max(0.0, since_s - change.at_s)
    what_done = f"rev {change.sequence}" if change.sequence else change.text
    who = f" by {change.actor}" if change.actor else ""
    return f"{age(late_s) if late_s >= 1 else 'right'} after {what_done}{who}"


def well(
    routes: int, calm_s: float | None, revision: str, changed_s: float | None, *, objectives: int, is_spotless: bool
) -> str:
    """`All 42 routes within SLO for 3h12m; last change rev 412 2m ago`.

    objectives: how many have one of their own. calm_s: since the last error; None where none is known of. is_spotless: the gateway
    remembers none.
    """
    within = "within SLO" if objectives else "without trouble"
    lasting = "; no error is remembered" if is_spotless else ""
    if calm_s is not None:
        lasting = f"; last error {age(calm_s)} ago"
    changed = f"; last change {revision} {age(changed_s)} ago" if changed_s is not None else ""
    all_routes = f"All {count(routes)} routes" if routes != 1 else "The one route"
    return f"{all_routes} {within}{lasting}{changed}"


def _of_endpoint(attention: Attention) -> str:
    if attention.cause.text:  # The gateway does not use it.
        return attention.cause.reason
    if attention.cause.others_ms is not None:
        return f"p99 {milliseconds(attention.p99_ms)}"
    return f"{percent(attention.error_ratio)} of tries fail"


def _burning(attention: Attention) -> list[str]:
    cause = attention.cause
    if attention.kind == "endpoint" and cause.text:
        return [cause.text]
    return slower(cause) if attention.kind == "endpoint" and cause.others_ms is not None else failure(cause)


def _of_worker(attention: Attention) -> list[str]:
    state, text = attention.cause.reason.replace("_", " "), attention.cause.text
    return [f"{state}: {text}" if text else state]


def _of_retries(attention: Attention) -> list[str]:
    brief = "its budget of retries is used up"
    return [
        f"{brief} ({percent(attention.cause.share)} of first tries and 3/s): what fails now is not tried again",
        brief,
    ]


def _unmatched(attention: Attention) -> list[str]:
    cause = attention.cause
    counted = f"{cause.reason.replace('_', ' ')} x{count(cause.count)}"
    return [f"{counted}, last {cause.text}" if cause.text else counted, counted]


_WHAT: Final[dict[AttentionKind, Callable[[Attention], str]]] = {
    "failing": lambda each: f"5xx {percent(each.error_ratio)}  burn {_times(each.burn)}",
    "slow": lambda each: f"p99 {milliseconds(each.p99_ms)} (slo {_short_ms(each.limit_ms)})",
    "burning": lambda each: f"burn {_times(each.burn)}",
    "endpoint": _of_endpoint,
    "no_endpoint": lambda _: "no healthy endpoint",
    "panic": lambda _: "panic",
    "circuit": lambda each: f"circuit {each.cause.phase.replace('_', '-')}",
    "retries": lambda each: f"{count(each.cause.count)} retries in 10s",
    "unmatched": lambda each: f"{rate(each.rate)}/s unmatched",
    "rejected": lambda _: "new file rejected",
    "differs": lambda _: "file differs",
    "not_ready": lambda _: "NOT READY",
    "worker": lambda _: "does not serve",
    "overload": lambda each: f"short of {each.cause.reason.replace('_', ' ')}",
    "blocked": lambda _: "was held up",
    "sink": lambda _: "loses data",
}
_WHY: Final[dict[AttentionKind, Callable[[Attention], list[str]]]] = {
    "failing": _burning,
    "slow": lambda each: slowness(each.cause),
    "burning": _burning,
    "endpoint": _burning,
    "no_endpoint": lambda each: [f"of {count(each.cause.count)}: {each.cause.text}", each.cause.text],
    "panic": lambda each: [each.cause.text, "too few endpoints usable: all are used"],
    "circuit": lambda each: [each.cause.text],
    "retries": _of_retries,
    "unmatched": _unmatched,
    "rejected": lambda each: [each.cause.text],
    "differs": lambda _: ["a start from the file would give another revision", "it is not what runs"],
    "not_ready": lambda each: [each.cause.text],
    "worker": _of_worker,
    "overload": lambda each: [each.cause.text],
    "blocked": lambda each: [each.cause.text],
    "sink": lambda each: [each.cause.text],
}


def _times(burn: float) -> str:
    return f"{burn:.1f}x" if burn < 99.95 else f"{count(burn)}x"


def _short_ms(value_ms: float | None) -> str:
    return milliseconds(value_ms).replace(".0s", "s").replace(".0ms", "ms")
