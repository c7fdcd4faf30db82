"""What a program and the one that takes its place say to each other. They are of different versions: a field is only
ever added, with a default, and what cannot be read of the past is left out rather than refused.

The old one begins with the Inheritance; the new one answers Serving once all its workers do, or
Refused; with Yours the old one withdraws.
"""

from collections.abc import Callable
from typing import Final, TypeAlias

import msgspec

VERSION: Final = 1
"""Grows when a message changes its meaning: programs of different ones do not follow each other."""


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """Immutable. Each class repeats kw_only, which msgspec does not hand down: every field is named when it is built."""


class KeptDecision(Message, frozen=True, kw_only=True):
    """See gateway.runtime.overrides.Decision."""

    actor: str
    reason: str
    at_s: float


class KeptOverride(Message, frozen=True, kw_only=True):
    """What an operator has decided about one endpoint."""

    upstream: str
    endpoint: str
    drained: KeptDecision | None = None
    weight: int | None = None
    weighed: KeptDecision | None = None


class KeptVerdict(Message, frozen=True, kw_only=True):
    """What active checks of one endpoint have found. result, evidence, at_s: the last of it; see
    gateway.runtime.health.checking.Finding."""

    upstream: str
    endpoint: str
    is_up: bool
    result: str
    evidence: str
    at_s: float


class KeptEjection(Message, frozen=True, kw_only=True):
    """What is known of an endpoint that has been ejected; see gateway.runtime.health.ejections. Times are monotonic, of the
    machine. until_s: None where it is not out now; reason, brief, evidence: why it is."""

    upstream: str
    endpoint: str
    count: int
    doublings: int
    returned_s: float
    last_for_s: float
    until_s: float | None = None
    reason: str = ""
    brief: str = ""
    evidence: str = ""


class KeptWorkerCircuit(Message, frozen=True, kw_only=True):
    """See gateway.runtime.vitals.circuits.WorkerCircuit."""

    worker: int
    state: str
    opened_s: float
    cause: str
    requests: int
    failures: int


class KeptCircuit(Message, frozen=True, kw_only=True):
    """One that is not closed in these workers; the rest is that of the whole gateway."""

    upstream: str
    since_s: float | None
    reason: str
    evidence: str
    workers: list[KeptWorkerCircuit]


class KeptRevision(Message, frozen=True, kw_only=True):
    """A configuration that ran, with what is needed to go back to it. packed: see gateway.config.diff.archive."""

    sequence: int
    revision: str
    applied_at_s: float
    trigger: str
    actor: str
    source: str
    reason: str
    packed: tuple[bytes, bytes, bytes]
    text_size: int
    files: tuple[str, ...]
    variables: frozenset[str]
    objects: dict[str, int]


class KeptText(Message, frozen=True, kw_only=True):
    """A configuration that runs and did not come from the file."""

    text: str
    actor: str
    reason: str
    files: tuple[str, ...]
    variables: frozenset[str]


class KeptGroup(Message, frozen=True, kw_only=True):
    """The listening sockets of one address, by their tickets. key: see gateway.runtime.listening."""

    key: str
    tickets: tuple[int, ...]


class Inheritance(Message, frozen=True, kw_only=True, tag="inheritance"):
    """All that is passed on. The sockets have been sent before this message, by ticket."""

    version: int
    pid: int
    program: str
    """The version of the program that is replaced."""
    actor: str
    """Who wants it."""
    listeners: list[KeptGroup]
    admin_address: str
    admin: tuple[int, ...]
    sequence: int
    text: KeptText | None = None
    overrides: list[KeptOverride] = []
    verdicts: list[KeptVerdict] = []
    ejections: list[KeptEjection] = []
    circuits: list[KeptCircuit] = []
    incidents: list[msgspec.Raw] = []
    last_incident: int = 0
    revisions: list[msgspec.Raw] = []
    """Encoded one by one, oldest first: one that the new program cannot read costs no other."""
    revisions_dropped: int = 0


class Standing(Message, frozen=True, kw_only=True, tag="standing"):
    """What operators have decided has changed since the inheritance; all that stands."""

    overrides: list[KeptOverride]


class Yours(Message, frozen=True, kw_only=True, tag="yours"):
    """The listening sockets are the new program's: the old one wants no more connections from them."""


class Left(Message, frozen=True, kw_only=True, tag="left"):
    """The old program has nothing in flight any more, and is about to end; `cut` exchanges were still running at the
    deadline."""

    cut: int


class Serving(Message, frozen=True, kw_only=True, tag="serving"):
    """All workers of the new program serve. taken: how many sockets of each group they serve, from its first, by key."""

    program: str
    taken: dict[str, int]


class Refused(Message, frozen=True, kw_only=True, tag="refused"):
    """The new program cannot serve; it ends."""

    why: str


Down: TypeAlias = Inheritance | Standing | Yours | Left
Up: TypeAlias = Serving | Refused

Bytes: TypeAlias = bytes | memoryview

encode: Callable[[object], bytes] = msgspec.msgpack.Encoder().encode
"""Any message."""

decode_down: Callable[[Bytes], Down] = msgspec.msgpack.Decoder(Down).decode
"""What the old program says; raises msgspec.DecodeError for anything else."""

decode_up: Callable[[Bytes], Up] = msgspec.msgpack.Decoder(Up).decode
"""What the new program says; raises msgspec.DecodeError for anything else."""

decode_revision: Callable[[Bytes], KeptRevision] = msgspec.msgpack.Decoder(KeptRevision).decode
