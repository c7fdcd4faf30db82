"""One time line of rare events: what happened to configuration, workers, endpoints, sinks and listeners, and who did it."""

import logging
import time
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from heapq import merge
from itertools import islice
from typing import Final, Literal, TypeAlias

import structlog

from gateway.wire.changes import IncidentKind, IncidentListView, IncidentView

CAPACITY: Final = 2000
_TEXT: Final = 1000
_VALUE: Final = 200
_DETAILS: Final = 16
_HOUR_MINUTES: Final = 60

Facts: TypeAlias = dict[str, str | int | float]

EndpointChange: TypeAlias = Literal["up", "down", "ejected", "draining"]
_OF_ENDPOINT: Final[dict[EndpointChange, IncidentKind]] = {
    "up": "endpoint_up",
    "down": "endpoint_down",
    "ejected": "endpoint_ejected",
    "draining": "endpoint_draining",
}

_log = structlog.get_logger("sightline.incidents")


class Incidents:
    """The newest `capacity` incidents. To be called on the supervisor's loop only; no call waits.

    When there are too many, the oldest of the kind with the most goes: an endpoint that flaps does not push out who
    changed the configuration. `revision` says which one runs now. clock: monotonic seconds.
    """

    def __init__(
        self,
        revision: Callable[[], str] = lambda: "",
        capacity: int = CAPACITY,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.last_id = 0
        self._revision = revision
        self._capacity = capacity
        self._clock = clock
        self._kept: dict[str, deque[IncidentView]] = {}
        self._count = 0
        self._dropped: Counter[str] = Counter()
        self._minutes: deque[tuple[int, Counter[str]]] = deque()

    def add(
        self,
        kind: IncidentKind,
        subject: str,
        text: str,
        actor: str = "",
        revision: str = "",
        detail: Mapping[str, str | int | float] | None = None,
    ) -> IncidentView:
        """Write one down, cut to its bounds. Nothing secret may be in it.

        revision: that it is about; the running one where none is given.
        """
        self.last_id += 1
        incident = IncidentView(
            id=self.last_id,
            at=datetime.now(UTC).isoformat(),
            kind=kind,
            subject=_cut(subject, _VALUE),
            text=_cut(text, _TEXT),
            actor=actor,
            revision=revision or self._revision(),
            detail={name: _bounded(value) for name, value in islice((detail or {}).items(), _DETAILS)},
        )
        self._kept.setdefault(kind, deque()).append(incident)
        self._count += 1
        if self._count > self._capacity:
            self._drop_one()
        self._tally(kind)
        return incident

    def restore(self, kept: Iterable[IncidentView], last_id: int) -> None:
        """What happened in the program before this one, oldest first; ids go on from there."""
        for incident in kept:
            self._kept.setdefault(incident.kind, deque()).append(incident)
            self._count += 1
            if self._count > self._capacity:
                self._drop_one()
        self.last_id = max(last_id, self.last_id)

    def endpoint_changed(
        self, upstream: str, endpoint: str, to: EndpointChange, reason: str, evidence: str = "", actor: str = ""
    ) -> None:
        """An endpoint came to be in another state. reason: of the closed list of transitions; evidence: the last of it,
        or what who did it said."""
        because, mark = f"by {actor}" if actor else reason, ":"
        if to == "up" and not actor:
            because, mark = f"was {reason}", ";"  # It is what the endpoint overcame.
        why = f"{because}{mark} {evidence}" if evidence else because
        self.add(
            _OF_ENDPOINT[to],
            f"{upstream} {endpoint}",
            f"endpoint {endpoint} of {upstream} is {to} ({why})",
            actor,
            detail={"upstream": upstream, "endpoint": endpoint, "reason": reason, "evidence": evidence},
        )
        _log.log(
            logging.INFO if to == "up" else logging.WARNING,
            "endpoint_changed", upstream=upstream, endpoint=endpoint, to=to, reason=reason, evidence=evidence,
            actor=actor,
        )  # fmt: skip

    def panic_changed(self, upstream: str, usable: int, wanted: int, *, is_panic: bool) -> None:
        """Too few endpoints of an upstream are usable, so that all are used; or enough are again."""
        told = "all are used, whatever their health" if is_panic else "only those are used again"
        self.add(
            "panic_began" if is_panic else "panic_ended",
            upstream,
            f"{usable} of {wanted} endpoints of {upstream} are usable: {told}",
            detail={"upstream": upstream, "usable": usable, "wanted": wanted},
        )
        level = logging.WARNING if is_panic else logging.INFO
        _log.log(level, "panic_changed", upstream=upstream, is_panic=is_panic, usable=usable, wanted=wanted)

    def endpoint_weighed(self, upstream: str, endpoint: str, weight: int, actor: str, reason: str) -> None:
        """Somebody has set or reset the weight of an endpoint. weight: what it is now; reason: in their words."""
        said = f": {reason}" if reason else ""
        self.add(
            "endpoint_weight",
            f"{upstream} {endpoint}",
            f"endpoint {endpoint} of {upstream} has the weight {weight} (by {actor}{said})",
            actor,
            detail={"upstream": upstream, "endpoint": endpoint, "weight": weight, "evidence": reason},
        )

    def since(self, after: int, kinds: Collection[str] = (), limit: int = CAPACITY) -> list[IncidentView]:
        """The oldest `limit` with an id above `after`, oldest first, of these kinds or families; of all where none is
        named."""
        return list(islice((each for each in self._oldest_first(kinds) if each.id > after), limit))

    def newest(self, kinds: Collection[str] = (), limit: int = CAPACITY) -> list[IncidentView]:
        """The newest `limit`, oldest first."""
        return list(deque(self._oldest_first(kinds), limit))

    def view(self, after: int | None, kinds: Collection[str], limit: int) -> IncidentListView:
        """What the admin API answers; without `after` the newest."""
        found = self.newest(kinds, limit) if after is None else self.since(after, kinds, limit)
        return IncidentListView(incidents=found, last_id=self.last_id, dropped=dict(self._dropped))

    def last_hour(self) -> dict[str, int]:
        """How many of each kind there were, to the minute; those that are not remembered any more included."""
        self._forget_minutes()
        return dict(sum((counts for _, counts in self._minutes), Counter[str]()))

    def _oldest_first(self, kinds: Collection[str]) -> Iterator[IncidentView]:
        wanted = [kept for kind, kept in self._kept.items() if not kinds or _is_among(kind, kinds)]
        return merge(*wanted, key=lambda incident: incident.id)

    def _drop_one(self) -> None:
        kind = max(self._kept, key=lambda each: len(self._kept[each]))
        self._kept[kind].popleft()
        self._count -= 1
        self._dropped[kind] += 1

    def _tally(self, kind: str) -> None:
        minute = int(self._clock() // 60)
        if not self._minutes or self._minutes[-1][0] != minute:
            self._forget_minutes()
            self._minutes.append((minute, Counter()))
        self._minutes[-1][1][kind] += 1

    def _forget_minutes(self) -> None:
        oldest = int(self._clock() // 60) - _HOUR_MINUTES
        while self._minutes and self._minutes[0][0] < oldest:
            self._minutes.popleft()


def _is_among(kind: str, wanted: Collection[str]) -> bool:
    return kind in wanted or kind.partition("_")[0] in wanted


def _bounded(value: str | float) -> str | int | float:
    return _cut(value, _VALUE) if isinstance(value, str) else value


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"
