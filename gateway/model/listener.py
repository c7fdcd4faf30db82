"""What an operator declares about a listening socket: where it listens, what it refuses, whom it trusts."""

from dataclasses import dataclass
from enum import StrEnum

from gateway.model.clock import SECOND_NS
from gateway.model.tracing import TrustIncoming


class SlashRule(StrEnum):
    """What to do with an encoded slash (`%2F`) in a path."""

    REJECT = "reject"
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class ListenerTimeouts:
    """Nanoseconds; NEVER_NS where the configuration says `none`."""

    header_ns: int = 10 * SECOND_NS
    """From the first byte of a request to the end of its head."""
    body_idle_ns: int = 30 * SECOND_NS
    """Between two pieces of a request body."""
    idle_ns: int = 75 * SECOND_NS
    """A kept-alive connection without a request."""
    write_stall_ns: int = 30 * SECOND_NS
    """A client that reads nothing of the answer."""


@dataclass(frozen=True, slots=True)
class ListenerLimits:
    """Bytes and counts; None where the configuration says `none`."""

    line: int = 16 * 1024
    header_bytes: int = 64 * 1024
    headers: int = 100
    trailer_bytes: int = 8 * 1024
    chunk_line: int = 4 * 1024
    body: int | None = None
    connections: int = 20_000
    requests_per_connection: int | None = None
    min_body_rate: int | None = None
    """Bytes of a request body a second, on average since it began, once it has been coming for some seconds."""


@dataclass(frozen=True, slots=True)
class PathRules:
    encoded_slash: SlashRule = SlashRule.REJECT
    merge_slashes: bool = True
    """True merges `//` into `/`; False (`reject` in the configuration) refuses such a path with 400."""


@dataclass(frozen=True, slots=True)
class Listener:
    """One address on which requests arrive. `host` is an IP address; `port` 0 lets the kernel choose (tests only)."""

    name: str
    host: str
    port: int
    timeouts: ListenerTimeouts = ListenerTimeouts()
    limits: ListenerLimits = ListenerLimits()
    paths: PathRules = PathRules()
    trusted_proxies: tuple[str, ...] = ()
    """CIDRs of peers whose forwarding fields are believed."""
    forwarded: bool = False
    """Also emit the `Forwarded` field of RFC 7239."""
    explain_to: tuple[str, ...] = ()
    """CIDRs of callers whose answers say what the gateway did: Proxy-Status and Server-Timing."""
    return_request_id: bool = False
    """Whether answers of upstreams, and those a route has configured, carry X-Request-Id as our own do."""
    trust_incoming: TrustIncoming = TrustIncoming.ACCEPT
    """What becomes of the trace context of requests that arrive here, unless their route says otherwise."""

    @property
    def address(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"
