"""What a stream can carry besides exchanges. A topic is a function that is asked now and then for what is new.

stream.register(Topic("incidents", 0.25, lambda after, _: events_after(after), resumes=True))
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import inf
from typing import Final, TypeAlias

import msgspec

from gateway.runtime.incidents import Incidents
from gateway.telemetry.history.history import History
from gateway.telemetry.log_ring import LogRing
from gateway.wire.filter import Expression

_STATUS_FRESH_S: Final = 0.5
_INCIDENTS_AT_ONCE: Final = 100
_LOGS_AT_ONCE: Final = 100


@dataclass(frozen=True, slots=True)
class Told:
    """One event: JSON on one line, and its place, from which to go on. Without data only the place is taken note of.

    lost: how many before it are not there any more.
    """

    data: bytes
    place: str = ""
    lost: int = 0


Ask: TypeAlias = Callable[[str, Expression], Iterable[Told]]
"""Given the place of the last event (empty at first) and the filter, what has come since. Called on the supervisor's loop."""


@dataclass(frozen=True, slots=True)
class Topic:
    """every_s: how often followers of it are told. resumes: whether a place is still good in a later connection."""

    name: str
    every_s: float
    ask: Ask
    resumes: bool = False


def incidents_topic(incidents: Incidents) -> Topic:
    """Incidents as they happen; a later connection goes on behind the last it was told."""

    def ask(after: str, _wanted: Expression) -> Iterable[Told]:
        if not after.isdecimal():
            return [Told(b"", str(incidents.last_id))]
        listed = incidents.view(int(after), (), _INCIDENTS_AT_ONCE).incidents
        before = [int(after), *(incident.id for incident in listed)]
        return [
            Told(msgspec.json.encode(incident), str(incident.id), lost=incident.id - previous - 1)
            for incident, previous in zip(listed, before, strict=False)
        ]

    return Topic("incidents", 0.25, ask, resumes=True)


def logs_topic(logs: LogRing) -> Topic:
    """Records of the operational log as they are written; a later connection goes on behind the last it was told."""

    def ask(after: str, _wanted: Expression) -> Iterable[Told]:
        if not after.isdecimal():
            return [Told(b"", str(logs.last_id))]
        records = logs.since(int(after), _LOGS_AT_ONCE)
        before = [int(after), *(record.id for record in records)]
        return [
            Told(msgspec.json.encode(record), str(record.id), lost=record.id - previous - 1)
            for record, previous in zip(records, before, strict=False)
        ]

    return Topic("logs", 0.25, ask, resumes=True)


def status_topic(status: Callable[[], bytes], clock: Callable[[], float] = time.monotonic) -> Topic:
    """How the gateway is, as JSON; made once for all who are told at about the same time. clock: monotonic seconds."""
    made: tuple[float, bytes] = (-inf, b"")

    def ask(_after: str, _wanted: Expression) -> Iterable[Told]:
        nonlocal made
        now_s = clock()
        if now_s - made[0] >= _STATUS_FRESH_S:
            made = (now_s, status())
        return [Told(made[1])]

    return Topic("status", 1.0, ask)


def history_topic(history: History) -> Topic:
    """Each second that is over, as it is: the gateway, and its busiest routes and upstreams. Made once for all followers."""
    made: tuple[int, bytes] = (0, b"")

    def ask(after: str, _wanted: Expression) -> Iterable[Told]:
        nonlocal made
        second = history.now_s - 1
        told = int(after) if after.isdecimal() else second - 1
        if second <= told:
            return []
        if made[0] != second:
            made = (second, msgspec.json.encode(history.latest()))
        return [Told(made[1], str(second), lost=second - told - 1)]

    return Topic("history", 0.5, ask)
