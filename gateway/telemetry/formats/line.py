"""One access line as it was encoded (`telemetry.access_line`), read back into typed fields."""

from datetime import datetime
from functools import lru_cache
from typing import Final

import msgspec

from gateway.model.clock import MILLISECOND_NS, SECOND_NS


class AttemptLine(msgspec.Struct, gc=False, omit_defaults=True):
    """One attempt of an exchange; times in milliseconds."""

    endpoint: str
    status: int
    reason: str
    ttfb_ms: float
    ms: float
    connect_ms: float = 0.0


class AccessLine(msgspec.Struct, gc=False):
    """The fields of a line; empty where a line has none. Durations are milliseconds, `phases` by their key in the line.

    `event` is empty for the line of an exchange that has ended; `start` and `still_open` are of one that goes on.
    """

    timestamp: str = msgspec.field(name="@timestamp")
    request_id: str = ""
    config_revision: str = ""
    client_address: str = msgspec.field(default="", name="client.address")
    server_address: str = msgspec.field(default="", name="server.address")
    path: str = msgspec.field(default="", name="url.path")
    query: str | None = msgspec.field(default=None, name="url.query")
    protocol: str = msgspec.field(default="", name="network.protocol.version")
    user_agent: str | None = msgspec.field(default=None, name="user_agent.original")
    method: str = msgspec.field(default="", name="http.request.method")
    status: int = msgspec.field(default=0, name="http.response.status_code")
    http_route: str = msgspec.field(default="", name="http.route")
    route: str = ""
    upstream: str = ""
    endpoint: str = ""
    source: str = ""
    reason: str = ""
    reason_detail: str = ""
    fault: str = ""
    fault_ms: float = 0.0
    duration_ms: float = 0.0
    overhead_ms: float = 0.0
    phases: dict[str, float] = {}
    attempts: list[AttemptLine] = []
    bytes_in: int = 0
    bytes_out: int = 0
    in_flight: int = 0
    trace_id: str = ""
    span_id: str = ""
    sampled: bool = False
    sample_rate: float = 1.0
    event: str = ""
    open_ms: float = 0.0
    upgraded: bool = False

    @property
    def started_ns(self) -> int:
        """The line's time stamp in nanoseconds since the epoch, to the millisecond."""
        return _second_ns(self.timestamp[:19]) + int(self.timestamp[20:23]) * MILLISECOND_NS

    @property
    def written_ns(self) -> int:
        """When what the line tells was so: the end of the exchange, or the moment it was found open."""
        return self.started_ns + round(self.duration_ms * MILLISECOND_NS)

    @property
    def has_failed(self) -> bool:
        """Whether the exchange ended badly for whoever asked."""
        return self.status >= 400 or self.reason != "none"


_decoder: Final = msgspec.json.Decoder(AccessLine)


def read_line(line: bytes) -> AccessLine:
    """Raises msgspec.DecodeError (ValidationError) for what is no access line."""
    return _decoder.decode(line)


@lru_cache(16)
def _second_ns(text: str) -> int:
    return int(datetime.fromisoformat(text + "+00:00").timestamp()) * SECOND_NS
