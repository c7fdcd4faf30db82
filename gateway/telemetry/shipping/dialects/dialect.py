"""What a protocol must say about a batch: how it is written, and what an answer to it means."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

from gateway.telemetry.formats.line import AccessLine

WAIT_STATUSES: Final = frozenset({301, 302, 303, 307, 308, 401, 403, 404, 408, 425, 429})
"""Answers about the sink and not about the batch, beside all of 5xx: it is offered again, later."""
TOO_LARGE: Final = 413


class Entry(NamedTuple):
    """One line of a batch. `number` is its own for as long as the gateway runs, and the same when it is sent again."""

    number: int
    raw: bytes
    """Without its end."""
    line: AccessLine


class Answer(NamedTuple):
    """What came back. `headers` are by lower-case name."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Judgement:
    """What became of a batch: what arrived, what was refused for good, and what is to be sent again."""

    delivered: int = 0
    rejected: int = 0
    again: tuple[Entry, ...] = ()
    problem: str = ""
    """What the sink said, for the operator; empty if all arrived."""


class Dialect(Protocol):
    """One protocol, for one sink."""

    @property
    def path(self) -> str:
        """Appended to the sink's URL."""

    @property
    def content_type(self) -> str: ...

    def encode(self, entries: Sequence[Entry]) -> bytes:
        """The body of a request."""

    def judge(self, entries: Sequence[Entry], answer: Answer) -> Judgement:
        """Of an answer in the 2xx or 4xx that `judge_status` leaves open."""


def judge_status(entries: Sequence[Entry], answer: Answer) -> Judgement | None:
    """What the status alone decides: those that mean later. None for all others."""
    if answer.status >= 500 or answer.status in WAIT_STATUSES:
        return Judgement(again=tuple(entries), problem=f"status {answer.status}")
    return None


def all_or_nothing(entries: Sequence[Entry], answer: Answer) -> Judgement:
    """For protocols that take a batch whole or not at all."""
    if answer.status < 300:
        return Judgement(delivered=len(entries))
    return Judgement(rejected=len(entries), problem=f"status {answer.status}")
