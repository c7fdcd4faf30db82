"""Finished spans out of a kept exchange: a server span and a client span per attempt, with the ids that were sent on.

Attribute names are the stable HTTP semantic conventions; what they have no name for is under `sightline.`. Spans are made as they
are sent, as OTLP's Span messages, and what many spans have in common is encoded once.
"""

from functools import lru_cache
from ipaddress import ip_address
from random import getrandbits
from typing import Final, TypeAlias

from gateway.model.outcome import Reason
from gateway.model.phase import Phase
from gateway.telemetry.labels import METHODS, OTHER_METHOD, is_fault
from gateway.telemetry.tracing.span_fields import (
    CLIENT,
    FAILED,
    RANDOM,
    SAMPLED,
    SERVER,
    Value,
    attribute,
    attributes,
    context,
    event,
    ids,
    link,
    milliseconds_attribute,
    name,
    text_attribute,
    times,
)
from gateway.wire.report import ExchangeRecord

Attributes: TypeAlias = dict[str, Value | None]

_REMEMBERED: Final = 2048
"""Kinds of spans whose common part is kept encoded: what the configuration names, and words of closed lists."""
_ANSWERED: Final = frozenset({Reason.NONE.value, Reason.UPSTREAM_STATUS.value})
_SCHEME: Final = "http"
_PORT_DIGITS: Final = 5

_path: Final = text_attribute("url.path")
_full_url: Final = text_attribute("url.full")
_query: Final = text_attribute("url.query")
_server: Final = text_attribute("server.address")
_client_address: Final = text_attribute("client.address")
_peer_address: Final = text_attribute("network.peer.address")
_user_agent: Final = text_attribute("user_agent.original")
_request_id: Final = text_attribute("sightline.request.id")
_reason_detail: Final = text_attribute("sightline.reason_detail")
_overhead: Final = milliseconds_attribute("sightline.overhead_ms")
_held_back: Final = milliseconds_attribute("sightline.fault_ms")
_phases: Final = {phase.value: milliseconds_attribute(f"sightline.phase.{phase.value}_ms") for phase in Phase}
_connected, _sent, _answered = event("connected"), event("request sent"), event("first byte")


def build_spans(record: ExchangeRecord) -> list[bytes]:
    """The server span first. All carry the sampled flag, whatever was sent on: they are kept, so they are exported."""
    return [_server_span(record), *[_client_span(record, index) for index in range(len(record.attempts))]]


def _server_span(record: ExchangeRecord) -> bytes:
    began_ns = record.started_at_ns
    fields = [
        ids(record.trace_id, record.span_id, record.parent_span_id),
        times(began_ns, began_ns + record.duration_ns),
        context(record.trace_state, _flags(record), is_parent_remote=bool(record.parent_span_id)),
        _server_kind(
            (record.method, record.protocol, record.status, record.source, record.reason, record.rule),
            (record.route, record.http_route, record.listener, record.revision),
        ),
        _path(record.path),
        _client_address(record.client_address),
        _peer_address(record.peer_address),
        _request_id(record.request_id),
        _overhead(record.overhead_ns),
    ]
    if record.query is not None:
        fields.append(_query(record.query))
    if record.user_agent is not None:
        fields.append(_user_agent(record.user_agent))
    if record.detail:
        fields.append(_reason_detail(record.detail))
    fields += [_phases[phase](spent_ns) for phase, spent_ns in record.phases.items()]
    fields += _server_address(record.host)
    if record.fault:
        fields += [attribute("sightline.fault", record.fault), _held_back(record.fault_ns)]
    if record.link is not None:
        trace_id, span_id, sampled, trace_state = record.link
        fields.append(link(trace_id, span_id, SAMPLED if sampled else 0, trace_state))
    return b"".join(fields)


def _client_span(record: ExchangeRecord, index: int) -> bytes:
    attempt = record.attempts[index]
    began_ns = record.started_at_ns
    fields = [
        ids(record.trace_id, attempt.span_id or getrandbits(64).to_bytes(8).hex(), record.span_id),
        times(began_ns + attempt.started_ns, began_ns + attempt.ended_ns),
        context(record.trace_state, _flags(record), is_parent_remote=False),
        _client_kind(
            (record.method, record.protocol, attempt.status, attempt.reason, attempt.reused, index),
            (attempt.upstream, attempt.endpoint),
        ),
    ]
    if record.forwarded_path is not None and "/" not in attempt.endpoint:
        query = f"?{record.query}" if record.query else ""
        fields.append(_full_url(f"{_SCHEME}://{attempt.endpoint}{record.forwarded_path}{query}"))
    fields += [
        happened(began_ns + at_ns)
        for happened, at_ns in (
            (_connected, attempt.connected_ns),
            (_sent, attempt.sent_ns),
            (_answered, attempt.first_byte_ns),
        )
        if at_ns >= 0
    ]
    return b"".join(fields)


def _flags(record: ExchangeRecord) -> int:
    return SAMPLED | (RANDOM if record.trace_random else 0)


def _server_address(host: str) -> list[bytes]:
    """Of the Host field."""
    host, port = _host_and_port(host)
    fields = [_server(host)] if host else []
    return fields if port is None else [*fields, attribute("server.port", port)]


@lru_cache(maxsize=_REMEMBERED)
def _server_kind(what: tuple[str, str, int, str, str, str], where: tuple[str, str, str, str]) -> bytes:
    """What the server spans of many exchanges have in common."""
    method, protocol, status, source, reason, rule = what
    route, http_route, listener, revision = where
    said = {
        **_request(method, protocol),
        "http.route": http_route or None,
        "http.response.status_code": status or None,
        "error.type": _error_type(status, reason, least_status=500),
        "url.scheme": _SCHEME,
        "sightline.sampling.rule": rule,
        "sightline.reason": reason,
        "sightline.source": source,
        "sightline.route": route,
        "sightline.listener": listener,
        "sightline.config.revision": revision,
    }
    named = name(f"{_method(method)} {http_route}" if http_route else _method(method))
    return SERVER + named + attributes(said) + (FAILED if is_fault(status, Reason(reason)) else b"")


@lru_cache(maxsize=_REMEMBERED)
def _client_kind(what: tuple[str, str, int, str, bool, int], where: tuple[str, str]) -> bytes:
    """What the client spans of many attempts have in common."""
    method, protocol, status, reason, reused, index = what
    upstream, endpoint = where
    host, port = _host_and_port(endpoint)
    is_address = _is_address(host)
    error = _error_type(status, reason, least_status=400)
    said = {
        **_request(method, protocol),
        "http.response.status_code": status or None,
        "http.request.resend_count": index or None,
        "error.type": error,
        "server.address": host,
        "server.port": port,
        "network.peer.address": host if is_address else None,
        "network.peer.port": port if is_address else None,
        "sightline.upstream": upstream,
        "sightline.endpoint": endpoint,
        "sightline.reason": reason,
        "sightline.connection.reused": reused,
    }
    return CLIENT + name(_method(method)) + attributes(said) + (FAILED if error else b"")


def _request(method: str, protocol: str) -> Attributes:
    is_known = method in METHODS
    return {
        "http.request.method": method if is_known else OTHER_METHOD,
        "http.request.method_original": None if is_known or not method else method,
        "network.protocol.name": "http",
        "network.protocol.version": protocol,
    }


def _method(method: str) -> str:
    return method if method in METHODS else "HTTP"


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
    if not colon or not port.isdecimal() or len(port) > _PORT_DIGITS or (":" in host and not host.endswith("]")):
        return authority.strip("[]"), None
    return host.strip("[]"), int(port)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
