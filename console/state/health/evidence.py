"""What kept exchanges prove: where failures come from, and in which phase the slow ones spent their time."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, NamedTuple

import msgspec

from console.state.times import checked
from gateway.wire.live import AccessLine, LineAttempt, decode_line, is_fault
from gateway.wire.views import ExchangeListView

PHASES: Final = ("read_head", "pool_wait", "connect", "send", "ttfb", "transfer", "write")
"""In the order in which they happen."""

_UPSTREAM_STATUS: Final = "upstream_status"
_NO_REASON: Final = "none"
_NOT_ITS_DOING: Final = frozenset({_NO_REASON, "pool_exhausted", "superseded", "client_disconnect", "client_timeout"})
"""How an attempt may end without a fault of the endpoint: it was not asked, or nobody waited for what it would say."""
_SERVER_ERROR: Final = 500
_MOST_DECODED: Final = 8
_DECODED: Final[dict[int, tuple[ExchangeListView, Sequence[AccessLine]]]] = {}
"""The last answers and the lines in them, by identity; the answer is kept so that no other can be taken for it."""


class Shares(NamedTuple):
    """Where the time of some exchanges went. `parts`: milliseconds an exchange by phase; `retries`: attempts given up before the
    last; `total` is the whole of it."""

    parts: dict[str, float]
    retries: float
    total: float
    number: int

    @property
    def largest(self) -> tuple[str, float]:
        """The phase most of the time went to, and its share."""
        told = {**self.parts, "retries": self.retries}
        phase = max(told, key=lambda name: told[name])
        return phase, told[phase] / self.total if self.total else 0.0


def lines_of(view: ExchangeListView | None, since_s: float = 0.0) -> list[AccessLine]:
    """Those that ended since then, newest first; what cannot be read is passed over."""
    lines = _decoded(view) if view is not None else ()
    return [line for line in lines if not since_s or ended_at_s(line) >= since_s]


def _decoded(view: ExchangeListView) -> Sequence[AccessLine]:
    """Once for each answer: a page asks several times in each paint, and paints more often than it is answered."""
    known = _DECODED.get(id(view))
    if known is not None and known[0] is view:
        return known[1]
    lines = []
    for raw in view.exchanges:
        try:
            lines.append(checked(decode_line(bytes(raw))))
        except msgspec.DecodeError:
            continue
    _DECODED[id(view)] = view, lines
    while len(_DECODED) > _MOST_DECODED:
        _DECODED.pop(next(iter(_DECODED)))
    return lines


def ended_at_s(line: AccessLine) -> float:
    """In Unix seconds; 0 where the line does not say."""
    return datetime.fromisoformat(line.at).timestamp() if line.at else 0.0


def reason_of(attempt: LineAttempt) -> str:
    """Why an attempt failed: a reason, or the status the upstream gave; empty where it did not fail."""
    if attempt.reason == _UPSTREAM_STATUS or (attempt.reason == _NO_REASON and attempt.status >= _SERVER_ERROR):
        return str(attempt.status)
    return "" if attempt.reason in _NOT_ITS_DOING else attempt.reason


def failures_by_endpoint(lines: Iterable[AccessLine]) -> dict[tuple[str, str], Counter[str]]:
    """By upstream and address."""
    found: dict[tuple[str, str], Counter[str]] = {}
    for line in lines:
        for attempt in line.attempts:
            reason = reason_of(attempt)
            if reason:
                found.setdefault((line.upstream, attempt.endpoint), Counter())[reason] += 1
    return found


def faults(lines: Iterable[AccessLine]) -> list[AccessLine]:
    """Those that somebody other than the client is to blame for."""
    return [line for line in lines if is_fault(line)]


def reasons(lines: Iterable[AccessLine]) -> Counter[str]:
    """Why exchanges ended as they did: an upstream's own status, or the reason of the gateway's."""
    return Counter(str(line.status) if line.reason in (_UPSTREAM_STATUS, _NO_REASON) else line.reason for line in lines)


def shares(lines: Sequence[AccessLine]) -> Shares | None:
    """Of the slowest half of them, which is what a high percentile is made of; None where there is nothing to take it of."""
    slowest = sorted(lines, key=lambda line: -line.duration_ms)[: max(1, (len(lines) + 1) // 2)]
    total = sum(line.duration_ms for line in slowest)
    if not slowest or total <= 0:
        return None
    count = len(slowest)
    parts = {phase: sum(getattr(line.phases, f"{phase}_ms") for line in slowest) / count for phase in PHASES}
    known, whole = sum(parts.values()), total / count
    given_up = sum(attempt.ms for line in slowest for attempt in line.attempts[:-1]) / count
    # Phases of earlier attempts may be among the phases already: only what these leave open can be theirs.
    return Shares(parts, min(given_up, max(0.0, whole - known)), max(whole, known), count)


def by_endpoint(lines: Iterable[AccessLine]) -> Counter[str]:
    """How many ended at which address."""
    return Counter(line.endpoint for line in lines if line.endpoint)
