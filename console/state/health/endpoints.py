"""How an endpoint is doing, in a word and a reason: by its checks where there are any, and by what comes of its traffic."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec

from console.state.endpoint_counts import FEWEST, Recently
from console.state.health.evidence import ended_at_s, failures_by_endpoint, lines_of
from console.state.health.steps import Beginning, failing_since, last_failing, p99s, rise
from console.state.health.words import EndpointWord, Failures, Health
from console.state.model import Model
from console.state.reading import AnyReading, Reading, exchanges, history
from gateway.wire.history import HistoryView
from gateway.wire.live import AccessLine
from gateway.wire.upstream_views import EndpointView, UpstreamView

FAILED_LATELY: Final = exchanges("err", limit=100, every_s=1.0)
"""From which the reasons of endpoints are taken."""

FAILING: Final = 0.25
ERRORS: Final = 0.01
_FEWEST_FAILURES: Final = 2
_FEWEST_ANSWERS: Final = 5
"""That tell whether an endpoint is slow."""
_TELLING: Final = ((200, "p99_ms"), (40, "p95_ms"), (_FEWEST_ANSWERS, "p50_ms"))
"""How many answers it takes, and the percentile that two of them are above then."""
_SLOWER: Final = 3.0
_SLOWER_MS: Final = 50.0
_PROOF_S: Final = 60.0
_MOST_REASONS: Final = 3
_MOST_COURSES: Final = 5
_RISEN: Final = 2.0

SEVERITIES: Final[dict[EndpointWord, Health]] = {
    "down": "crit", "ejected": "crit", "failing": "crit", "errors": "warn", "slow": "warn", "draining": "draining",
    "unknown": "unknown", "up": "ok",
}  # fmt: skip
_BY_FIGURES: Final[frozenset[EndpointWord]] = frozenset({"failing", "errors", "slow"})
"""Words the gateway has not decided: its `since` is of another state, such as the recovery before."""
_RANKS: Final = tuple(SEVERITIES)


class EndpointHealth(msgspec.Struct, frozen=True, kw_only=True):
    """One endpoint. `error_ratio` is of the last seconds where those are known, or else of the window."""

    upstream: str
    address: str
    word: EndpointWord
    failures: tuple[Failures, ...] = ()
    """Of the last minute, the most frequent first."""
    error_ratio: float | None = None
    p99_ms: float | None = None
    others_p99_ms: float | None = None
    """The best of its peers, where it is slower."""
    rate: float = 0.0
    is_alone: bool = False
    since_s: float | None = None
    """As the gateway says where the word is its own decision; of what only figures tell, as its course says."""
    is_earlier: bool = False
    """It has been so for longer than is known: `since_s` is when knowledge begins."""
    until_s: float | None = None
    """When it failed last, where that is over: of a word that only the window's figures still say."""
    evidence: str = ""
    """Why the gateway does not use it, in its words: `connect_error, refused in 1 ms`."""
    was: str = ""
    """What the last minute knows and the last seconds do not: `failing` where it has just recovered."""

    @property
    def severity(self) -> Health:
        return SEVERITIES[self.word]

    @property
    def is_troubled(self) -> bool:
        return self.severity in ("warn", "crit")

    @property
    def rank(self) -> tuple[int, float]:
        """The worst first."""
        return _RANKS.index(self.word), -(self.error_ratio or 0.0) * (self.rate or 1.0)


def health_of_endpoints(model: Model, upstreams: "list[UpstreamView]") -> list[EndpointHealth]:
    """All of them, in the order of the configuration. upstreams: with figures of a window, of which the last seconds are told
    apart; since when is known of those whose course is (course_of_endpoint)."""
    kept = lines_of(model.evidence(FAILED_LATELY))
    proof = failures_by_endpoint(line for line in kept if ended_at_s(line) >= model.now_s - _PROOF_S)
    counts = model.endpoint_counts if model.at_s is None else None
    found = [
        assess(upstream, endpoint, proof, counts.recently(upstream.name, endpoint.address) if counts else None)
        for upstream in upstreams
        for endpoint in upstream.endpoints
    ]
    told = [_with_course(model, each) if each.is_troubled and each.since_s is None else each for each in found]
    return [_that_is_over(model, each, kept) if each.word in ("failing", "errors") else each for each in told]


def _that_is_over(model: Model, health: EndpointHealth, kept: Sequence[AccessLine]) -> EndpointHealth:
    """What is remembered of failures that ended a minute ago or more; as it is where they go on, or where nothing is."""
    if health.failures or health.since_s is not None or model.at_s is not None:
        return health
    course = model.evidence(course_of_endpoint(health.upstream, health.address))
    span = last_failing(course) if course is not None else None
    if span is None or model.now_s - span.until_s < _PROOF_S:
        return health
    then = failures_by_endpoint(line for line in kept if span.began_s <= ended_at_s(line) < span.until_s)
    reasons = then.get((health.upstream, health.address), Counter())
    return msgspec.structs.replace(
        health,
        since_s=span.began_s,
        until_s=span.until_s,
        failures=tuple(Failures(*each) for each in reasons.most_common(_MOST_REASONS)),
    )


def course_of_endpoint(upstream: str, address: str) -> Reading[HistoryView]:
    """From which it is told since when an endpoint is as it is."""
    return history("endpoint", f"{upstream}/{address}", window="15m", step="10s", every_s=10.0)


def seconds_of_endpoint(upstream: str, address: str) -> Reading[HistoryView]:
    """The same by the second: what has just begun has not risen yet in steps of ten."""
    return history("endpoint", f"{upstream}/{address}", window="5m", step="1s", every_s=10.0)


def courses_of_endpoints(found: Iterable[EndpointHealth]) -> list[AnyReading]:
    """Of the worst that are in trouble, in steps and by the second."""
    troubled = sorted((each for each in found if each.is_troubled), key=lambda each: each.rank)[:_MOST_COURSES]
    courses = (course_of_endpoint, seconds_of_endpoint)
    return [course(each.upstream, each.address) for course in courses for each in troubled]


def _with_course(model: Model, health: EndpointHealth) -> EndpointHealth:
    """By the coarse course, or else by the seconds: those reach back five minutes, and know of calm that was too short for it."""
    earlier: Beginning | None = None
    for wanted in (course_of_endpoint, seconds_of_endpoint):
        course = model.evidence(wanted(health.upstream, health.address))
        if course is None:
            continue
        if health.word == "slow":
            risen = rise(p99s(course.points), _RISEN)
            began_s = risen.since_s if risen is not None else None
        else:
            found = failing_since(course, model.now_s)
            # Where its first step fails already, the seconds may know of the calm in it.
            began_s = found.at_s if found is not None and not found.is_earlier else None
            earlier = earlier or found
        if began_s is not None:
            return msgspec.structs.replace(health, since_s=began_s)
    return health if earlier is None else msgspec.structs.replace(health, since_s=earlier.at_s, is_earlier=True)


def assess(
    upstream: UpstreamView,
    endpoint: EndpointView,
    proof: Mapping[tuple[str, str], Counter[str]],
    recently: Recently | None,
) -> EndpointHealth:
    """proof: reasons of failures by upstream and address. recently: what its counters say of the last seconds."""
    recent = endpoint.recent
    ratio, attempts = recent.error_ratio, recent.rate * recent.seconds
    if recently is not None and recently.requests >= FEWEST:
        ratio, attempts = recently.failures / recently.requests, recently.requests
    word = _word(upstream, endpoint, ratio, attempts)
    reasons = proof.get((upstream.name, endpoint.address), Counter()).most_common(_MOST_REASONS)
    was_failing = (recent.error_ratio or 0.0) >= ERRORS
    return EndpointHealth(
        upstream=upstream.name,
        address=endpoint.address,
        word=word,
        since_s=_decided_s(endpoint) if word not in _BY_FIGURES else None,
        evidence=", ".join(filter(None, (endpoint.reason, endpoint.note))) if word in ("down", "ejected") else "",
        failures=tuple(Failures(reason, count) for reason, count in reasons),
        error_ratio=ratio,
        p99_ms=recent.p99_ms,
        others_p99_ms=_best_of_the_others(upstream, endpoint, "p99_ms") if word == "slow" else None,
        rate=recent.rate,
        is_alone=len(upstream.endpoints) == 1,
        was="failing" if word == "up" and was_failing else "",
    )


def _decided_s(endpoint: EndpointView) -> float | None:
    return datetime.fromisoformat(endpoint.since).timestamp() if endpoint.since else None


def _word(upstream: UpstreamView, endpoint: EndpointView, ratio: float | None, attempts: float) -> EndpointWord:
    if endpoint.state == "unhealthy":
        return "down"
    if endpoint.state in ("ejected", "draining"):
        return endpoint.state
    if not attempts:
        return "up" if is_proven(endpoint) else "unknown"
    # What is nearly two is two: the window's rate is rounded.
    if ratio is not None and ratio >= ERRORS and ratio * attempts > _FEWEST_FAILURES - 0.5:
        return "failing" if ratio >= FAILING else "errors"
    return "slow" if _is_slower(upstream, endpoint) else "up"


def _is_slower(upstream: UpstreamView, endpoint: EndpointView) -> bool:
    """By the highest percentile that more than one answer stands behind: of fifty answers, p99 is the slowest alone."""
    answers = _answers(endpoint)
    figure = next((name for fewest, name in _TELLING if answers >= fewest), None)
    if figure is None:
        return False
    own_ms: float | None = getattr(endpoint.recent, figure)
    others_ms = _best_of_the_others(upstream, endpoint, figure)
    if own_ms is None or others_ms is None:
        return False
    return own_ms > max(others_ms * _SLOWER, others_ms + _SLOWER_MS)


def _answers(endpoint: EndpointView) -> float:
    return endpoint.recent.requests or endpoint.recent.rate * endpoint.recent.seconds


def is_proven(endpoint: EndpointView) -> bool:
    """Whether checks say that it is well, so that no traffic has to."""
    return endpoint.state == "healthy" and "active" in endpoint.checks


def _best_of_the_others(upstream: UpstreamView, endpoint: EndpointView, figure: str) -> float | None:
    known: list[float | None] = [
        getattr(other.recent, figure)
        for other in upstream.endpoints
        if other is not endpoint and _answers(other) >= _FEWEST_ANSWERS
    ]
    return min((value for value in known if value is not None), default=None)
