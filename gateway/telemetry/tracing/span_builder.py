"""Finished spans out of a kept exchange: a server span and a client span per attempt, with the ids that were sent on.

Attribute names are the stable HTTP semantic conventions; what they have no name for is under `sightline.`.
"""

from collections.abc import Sequence
from ipaddress import ip_address
from random import getrandbits
from typing import Any, Final, TypeAlias

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, TraceFlags, TraceState
from opentelemetry.trace.status import Status, StatusCode

from gateway import __version__
from gateway.model.outcome import Reason
from gateway.telemetry.labels import METHODS, OTHER_METHOD, is_fault
from gateway.wire.report import AttemptRecord, ExchangeRecord

Attributes: TypeAlias = dict[str, Any]

_SCOPE: Final = InstrumentationScope("sightline", __version__)
_SAMPLED: Final = TraceFlags.SAMPLED
_RANDOM: Final = 0x02
_UNSET: Final = Status(StatusCode.UNSET)
_ERROR: Final = Status(StatusCode.ERROR)
_ANSWERED: Final = frozenset({Reason.NONE.value, Reason.UPSTREAM_STATUS.value})
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_SCHEME: Final = "http"


def build_spans(record: ExchangeRecord, resource: Resource) -> list[ReadableSpan]:
    """The server span first. All carry the sampled flag, whatever was sent on: they are kept, so they are exported."""
    context = _context(record, record.span_id)
    parent = None
    if record.parent_span_id:
        parent = _context(record, record.parent_span_id, is_remote=True)
    server = ReadableSpan(
        name=_server_name(record),
        context=context,
        parent=parent,
        resource=resource,
        attributes=_server_attributes(record),
        links=_links(record),
        kind=SpanKind.SERVER,
        status=_ERROR if is_fault(record.status, Reason(record.reason)) else _UNSET,
        start_time=record.started_at_ns,
        end_time=record.started_at_ns + record.duration_ns,
        instrumentation_scope=_SCOPE,
    )
    clients = [_client_span(record, index, context, resource) for index in range(len(record.attempts))]
    return [server, *clients]


def _client_span(record: ExchangeRecord, index: int, parent: SpanContext, resource: Resource) -> ReadableSpan:
    attempt = record.attempts[index]
    error = _error_type(attempt.status, attempt.reason, least_status=400)
    return ReadableSpan(
        name=_method(record.method),
        context=_context(record, attempt.span_id or getrandbits(64).to_bytes(8).hex()),
        parent=parent,
        resource=resource,
        attributes=_client_attributes(record, attempt, index, error),
        events=_client_events(record, attempt),
        kind=SpanKind.CLIENT,
        status=_ERROR if error else _UNSET,
        start_time=record.started_at_ns + attempt.started_ns,
        end_time=record.started_at_ns + attempt.ended_ns,
        instrumentation_scope=_SCOPE,
    )


def _links(record: ExchangeRecord) -> Sequence[Link]:
    """To the caller whose trace was not continued."""
    if record.link is None:
        return ()
    trace_id, span_id, sampled, trace_state = record.link
    state = TraceState.from_header([trace_state]) if trace_state else None
    flags = TraceFlags(_SAMPLED if sampled else 0)
    return (
        Link(SpanContext(int(trace_id, 16), int(span_id, 16), is_remote=True, trace_flags=flags, trace_state=state)),
    )


def _context(record: ExchangeRecord, span_id: str, *, is_remote: bool = False) -> SpanContext:
    flags = _SAMPLED | (_RANDOM if record.trace_random else 0)
    state = TraceState.from_header([record.trace_state]) if record.trace_state else None
    return SpanContext(int(record.trace_id, 16), int(span_id, 16), is_remote, TraceFlags(flags), state)


def _server_name(record: ExchangeRecord) -> str:
    method = _method(record.method)
    return f"{method} {record.http_route}" if record.http_route else method


def _method(method: str) -> str:
    return method if method in METHODS else "HTTP"


def _server_attributes(record: ExchangeRecord) -> Attributes:
    attributes = _request_attributes(record)
    attributes |= {
        "url.path": record.path,
        "url.scheme": _SCHEME,
        "client.address": record.client_address,
        "network.peer.address": record.peer_address,
        "sightline.sampling.rule": record.rule,
        "sightline.reason": record.reason,
        "sightline.source": record.source,
        "sightline.route": record.route,
        "sightline.listener": record.listener,
        "sightline.request.id": record.request_id,
        "sightline.config.revision": record.revision,
        "sightline.overhead_ms": record.overhead_ns / 1e6,
    }
    host, port = _host_and_port(record.host)
    optional: Attributes = {
        "url.query": record.query,
        "http.route": record.http_route or None,
        "http.response.status_code": record.status or None,
        "user_agent.original": record.user_agent,
        "server.address": host or None,
        "server.port": port,
        "error.type": _error_type(record.status, record.reason, least_status=500),
        "sightline.reason_detail": record.detail or None,
        "sightline.fault": record.fault or None,
        "sightline.fault_ms": record.fault_ns / 1e6 if record.fault else None,
    }
    attributes |= {name: value for name, value in optional.items() if value is not None}
    attributes |= {f"sightline.phase.{phase}_ms": spent / 1e6 for phase, spent in record.phases.items()}
    return attributes


def _client_attributes(record: ExchangeRecord, attempt: AttemptRecord, index: int, error: str | None) -> Attributes:
    attributes = _request_attributes(record)
    host, port = _host_and_port(attempt.endpoint)
    attributes |= {
        "server.address": host,
        "server.port": port,
        "sightline.upstream": attempt.upstream,
        "sightline.endpoint": attempt.endpoint,
        "sightline.reason": attempt.reason,
        "sightline.connection.reused": attempt.reused,
    }
    if record.forwarded_path is not None and "/" not in attempt.endpoint:
        query = f"?{record.query}" if record.query else ""
        attributes["url.full"] = f"{_SCHEME}://{attempt.endpoint}{record.forwarded_path}{query}"
    if _is_address(host):
        attributes |= {"network.peer.address": host, "network.peer.port": port}
    if index:
        attributes["http.request.resend_count"] = index
    if attempt.status:
        attributes["http.response.status_code"] = attempt.status
    if error:
        attributes["error.type"] = error
    return {name: value for name, value in attributes.items() if value is not None}


def _request_attributes(record: ExchangeRecord) -> Attributes:
    attributes: Attributes = {
        "http.request.method": record.method if record.method in METHODS else OTHER_METHOD,
        "network.protocol.name": "http",
        "network.protocol.version": record.protocol,
    }
    if record.method and record.method not in METHODS:
        attributes["http.request.method_original"] = record.method
    return attributes


def _client_events(record: ExchangeRecord, attempt: AttemptRecord) -> Sequence[Event]:
    stamps = (
        ("connected", attempt.connected_ns),
        ("request sent", attempt.sent_ns),
        ("first byte", attempt.first_byte_ns),
    )
    return [Event(name, timestamp=record.started_at_ns + at_ns) for name, at_ns in stamps if at_ns >= 0]


def _error_type(status: int, reason: str, *, least_status: int) -> str | None:
    """The reason where it says more than the status, else the status; None if nothing went wrong on this side.

    A client that left makes an error type, but no error of the server span's status.
    """
    is_own_failure = reason not in _ANSWERED and (status >= least_status or is_fault(status, Reason(reason)))
    if is_own_failure or reason == Reason.CLIENT_DISCONNECT.value:
        return reason
    return str(status) if status >= least_status else None


def _host_and_port(authority: str) -> tuple[str, int | None]:
    """Of a Host field or an endpoint's address; a UNIX socket's path stays whole."""
    host, colon, port = authority.rpartition(":")
    if not colon or not port.isdecimal() or (":" in host and not host.endswith("]")):
        return authority.strip("[]"), None
    return host.strip("[]"), int(port)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
