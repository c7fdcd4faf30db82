"""What supervisor and worker say to each other over their control socket: MessagePack, one tagged object a message.

A snapshot travels as Begin, Slices and the worker's Prepared, then Commit and Applied: no worker swaps before all have
compiled it. Routes and upstreams stay encoded inside a Slice, so that a worker decodes one at a time between requests.
"""

from collections.abc import Callable
from typing import Final, TypeAlias

import msgspec

from gateway.model.breaker import CircuitCause, CircuitState
from gateway.model.route import Route
from gateway.model.snapshot import Snapshot
from gateway.model.upstream import Upstream
from gateway.wire.report import Report

VERSION: Final = 1
"""Grows when a message changes its meaning. A worker that says another one is not used: its code is not ours."""


class Begin(msgspec.Struct, tag="begin", frozen=True):
    """A snapshot follows. `snapshot` is without upstreams and routes, whose numbers are announced.

    sockets: the ticket of the listening socket of each listener. Those the worker does not hold yet have been sent on
    the handover socket before this message.
    """

    snapshot: Snapshot
    upstreams: int
    routes: int
    sockets: dict[str, int]


class Slice(msgspec.Struct, tag="slice", frozen=True):
    """A part of the snapshot begun last: encoded upstreams, all of them before the first encoded route."""

    upstreams: list[msgspec.Raw] = []
    routes: list[msgspec.Raw] = []


class Commit(msgspec.Struct, tag="commit", frozen=True):
    """Serve the prepared snapshot from now on."""

    sequence: int


class Abort(msgspec.Struct, tag="abort", frozen=True):
    """Forget the prepared snapshot, or the one in preparation."""

    sequence: int


class Addresses(msgspec.Struct, tag="addresses", frozen=True):
    """IP addresses by endpoint address as configured. An endpoint that is missing keeps what it has."""

    resolved: dict[str, tuple[str, ...]]


class EndpointOverride(msgspec.Struct, frozen=True, array_like=True):
    """What an operator has decided about one endpoint, beside the configuration. weight: None for the configured one."""

    upstream: str
    endpoint: str
    is_drained: bool = False
    weight: int | None = None


class Overrides(msgspec.Struct, tag="overrides", frozen=True):
    """All that stand; an endpoint that is missing is as the configuration has it."""

    standing: list[EndpointOverride]


class EndpointStanding(msgspec.Struct, frozen=True, array_like=True):
    """What the supervisor knows of one endpoint that is not simply healthy, operators' decisions left out.

    state: unhealthy or ejected, and then why in two words; otherwise it may be chosen, and starts slowly: for `ramp_ns` in
    all, of which `ramped_ns` are over.
    """

    endpoint: str
    state: str
    why: str = ""
    ramp_ns: int = 0
    ramped_ns: int = 0


class Standings(msgspec.Struct, tag="standings", frozen=True):
    """By upstream, in place of what was said of its endpoints before: those that are missing are healthy. Of upstreams that
    are not named nothing has changed."""

    upstreams: dict[str, list[EndpointStanding]]


class OpenCircuit(msgspec.Struct, frozen=True, array_like=True):
    """A circuit that was opened `open_ns` ago, and what was counted that made it so."""

    upstream: str
    cause: CircuitCause
    requests: int
    failures: int
    open_ns: int


class Circuits(msgspec.Struct, tag="circuits", frozen=True):
    """Those that were not closed in the worker whose place this one takes, before its first snapshot: they go on here."""

    opened: list[OpenCircuit]


class Share(msgspec.Struct, tag="share", frozen=True):
    """Whether another program of this gateway serves the listening sockets too, from now on: what is done to their queues
    would be done to that program's."""

    is_shared: bool


class Attend(msgspec.Struct, tag="attend", frozen=True):
    """Somebody looks, for the next ten seconds: say it again while they do.

    tap: share of plain exchanges to write a line of although the access log does not want them. in_flight: tell of all
    running exchanges, not only of old ones.
    """

    tap: float = 0.0
    in_flight: bool = False


class MemoryUse(msgspec.Struct, tag="memory_use", frozen=True):
    """What all processes of the gateway take together, bytes, when that comes near the limit."""

    total: int


class Drain(msgspec.Struct, tag="drain", frozen=True):
    """End: serve through the delay with `Connection: close`, then only what is in flight until the deadline."""

    delay_ns: int
    deadline_ns: int


class Hello(msgspec.Struct, tag="hello", frozen=True):
    """The first message of a worker."""

    version: int
    worker: int
    pid: int


class Prepared(msgspec.Struct, tag="prepared", frozen=True):
    """The snapshot is compiled. `longest_step_ns` is the longest time it kept the worker's loop from its requests."""

    sequence: int
    duration_ns: int
    longest_step_ns: int


class Applied(msgspec.Struct, tag="applied", frozen=True):
    """The snapshot is served, on all its listeners, and listeners it does not have are closed."""

    sequence: int
    revision: str
    swap_ns: int


class Failed(msgspec.Struct, tag="failed", frozen=True):
    """The snapshot could not be prepared or applied; the worker serves what it served before."""

    sequence: int
    error: str


class Measured(msgspec.Struct, tag="measured", frozen=True):
    """A report of telemetry, still encoded (gateway.wire.report); see `ReportEncoder`."""

    report: msgspec.Raw


class _Measuring(msgspec.Struct, tag="measured", frozen=True):
    """The same as it is sent."""

    report: Report


class Drained(msgspec.Struct, tag="drained", frozen=True):
    """The worker is about to exit; `cut` exchanges were still running at the deadline."""

    cut: int


class CircuitChanged(msgspec.Struct, tag="circuit", frozen=True):
    """The circuit of an upstream is in another state in this worker. requests, failures: what was counted that made it so."""

    upstream: str
    to: CircuitState
    cause: CircuitCause
    requests: int
    failures: int


class ResourcePressure(msgspec.Struct, frozen=True, array_like=True):
    """How short a worker is of something. resource: memory (bytes of all processes), loop_delay (seconds) or
    file_descriptors. threshold: of the value, above which the worker turns away; 0: it never does.
    level: fine, shed or refuse."""

    resource: str
    value: float
    threshold: float
    level: str


class Pressed(msgspec.Struct, tag="pressed", frozen=True):
    """How short a worker is of each thing it watches: when a level changes, and once a second."""

    resources: list[ResourcePressure]


class LoopBlocked(msgspec.Struct, tag="loop_blocked", frozen=True):
    """The worker's loop stood still. frames: `file:line function`, the innermost first. cpu_ns: processor time it took."""

    duration_ns: int
    cpu_ns: int
    frames: list[str]


class Suspect(msgspec.Struct, tag="suspect", frozen=True):
    """An endpoint has failed so many times in a row in this worker, the last time for `reason`."""

    upstream: str
    endpoint: str
    failures: int
    reason: str


class Notice(msgspec.Struct, tag="notice", frozen=True):
    """Something for the operational log. `level` is a method of the logger: info, warning, error."""

    level: str
    event: str
    fields: dict[str, str | int] = {}


Down: TypeAlias = (
    Begin | Slice | Commit | Abort | Addresses | Overrides | Standings | Circuits | Share | Attend | MemoryUse | Drain
)
Up: TypeAlias = (
    Hello | Prepared | Applied | Failed | Measured | Drained | CircuitChanged | Pressed | LoopBlocked | Suspect | Notice
)

Message: TypeAlias = bytes | memoryview

_encoder = msgspec.msgpack.Encoder()

encode: Callable[[object], bytes] = _encoder.encode
"""Any message, route or upstream to bytes."""

decode_down: Callable[[Message], Down] = msgspec.msgpack.Decoder(Down).decode
"""A supervisor's message; raises msgspec.DecodeError for anything else."""

decode_up: Callable[[Message], Up] = msgspec.msgpack.Decoder(Up).decode
"""A worker's message; raises msgspec.DecodeError for anything else. A report in it refers to the message's memory."""

decode_route: Callable[[msgspec.Raw], Route] = msgspec.msgpack.Decoder(Route).decode
decode_upstream: Callable[[msgspec.Raw], Upstream] = msgspec.msgpack.Decoder(Upstream).decode


class ReportEncoder:
    """Encodes a worker's reports, in memory that is kept: they are large, and there are five a second for ever."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def encode(self, report: Report) -> bytes:
        """The message that carries it."""
        if not report.counted:
            # Lines alone: one copy of them less is more than the memory is worth, which is soon used again.
            return _encoder.encode(_Measuring(report=report))
        _encoder.encode_into(_Measuring(report=report), self._buffer)
        return bytes(self._buffer)
