"""The form of a listener: `listeners[]` of the file."""

from typing import Annotated, ClassVar

from pydantic import Field

from gateway.config.forms.fields import (
    Count,
    CountOrNone,
    Flag,
    Items,
    ListenAddress,
    Name,
    Network,
    Size,
    SizeOrNone,
    Timeout,
    TrueOrReject,
    Trust,
)
from gateway.config.forms.form import Form
from gateway.model.listener import ListenerLimits, ListenerTimeouts, SlashRule
from gateway.model.tracing import TrustIncoming

_TIMEOUTS = ListenerTimeouts()
_LIMITS = ListenerLimits()


class ListenerTimeoutsForm(Form):
    header: Timeout = Field(
        default=_TIMEOUTS.header_ns, description="From the first byte of a request to the end of its head."
    )
    body_idle: Timeout = Field(default=_TIMEOUTS.body_idle_ns, description="Between two pieces of a request body.")
    idle: Timeout = Field(default=_TIMEOUTS.idle_ns, description="A kept-alive connection without a request.")
    write_stall: Timeout = Field(
        default=_TIMEOUTS.write_stall_ns, description="A client that reads nothing of the answer."
    )


class ListenerLimitsForm(Form):
    line: Size = Field(default=_LIMITS.line, description="Longest request line; beyond it 414.")
    header_bytes: Size = Field(default=_LIMITS.header_bytes, description="All header fields together; beyond it 431.")
    headers: Count = Field(default=_LIMITS.headers, description="Number of header fields; beyond it 431.")
    trailer_bytes: Size = Field(default=_LIMITS.trailer_bytes, description="All trailer fields together.")
    chunk_line: Size = Field(default=_LIMITS.chunk_line, description="Longest chunk-size line, extensions included.")
    body: SizeOrNone = Field(default=_LIMITS.body, description="Longest request body; beyond it 413.")
    connections: Count = Field(default=_LIMITS.connections, description="Open connections of each worker.")
    requests_per_connection: CountOrNone = Field(
        default=_LIMITS.requests_per_connection, description="Requests after which a connection is closed, or none."
    )
    min_body_rate: SizeOrNone = Field(
        default=_LIMITS.min_body_rate,
        description="The least of a request body that must come a second, on average and after a grace of 5s; else 408.",
    )


class PathRulesForm(Form):
    encoded_slash: Annotated[SlashRule, Field(strict=False)] = Field(
        default=SlashRule.REJECT, description="Refuse a path that holds %2F with 400, or keep it as it is."
    )
    merge_slashes: TrueOrReject = Field(default=True, description="Read // as /, or refuse such a path with 400.")


class ListenerForm(Form):
    """One address on which requests arrive."""

    later: ClassVar = frozenset({"tls", "protocol", "protocols", "http2"})

    name: Name = Field(description="Its name in routes, metrics and logs.")
    address: ListenAddress = Field(description="IP address and port.")
    timeouts: ListenerTimeoutsForm = Field(default=ListenerTimeoutsForm(), description="How long a client may take.")
    limits: ListenerLimitsForm = Field(default=ListenerLimitsForm(), description="How much a client may send.")
    paths: PathRulesForm = Field(
        default=PathRulesForm(), description="How paths are normalised before they are routed."
    )
    trusted_proxies: Items[Network] = Field(
        default=(), description="Networks of peers whose X-Forwarded-For and related fields are believed."
    )
    forwarded: Flag = Field(default=False, description="Also send the Forwarded field of RFC 7239.")
    explain_to: Items[Network] = Field(
        default=(),
        description="Networks of callers whose answers say what the gateway did, in Proxy-Status and Server-Timing.",
    )
    return_request_id: Flag = Field(
        default=False, description="Put the request id on every answer, in place of an X-Request-Id of the upstream's."
    )
    trust_incoming: Trust = Field(
        default=TrustIncoming.ACCEPT,
        description="Continue the trace a request brings, begin one with a link to it, or ignore it and its baggage.",
    )
