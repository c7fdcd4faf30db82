"""An access line in the Elastic Common Schema: nested objects, durations in nanoseconds, our own facts under `sightline`."""

from functools import lru_cache
from ipaddress import ip_address
from typing import Any, Final

import msgspec

from gateway.telemetry.access_line import escape_controls
from gateway.telemetry.formats.line import AccessLine, read_line

ECS_VERSION: Final = "8.11.0"
_MILLISECOND_NS: Final = 1_000_000
_ENDED_TYPES: Final = ["access"]
_OPEN_TYPES: Final = ["access", "info"]
_encode: Final = msgspec.json.Encoder().encode


def ecs_document(line: AccessLine, service_name: str) -> dict[str, Any]:
    """The fields; what a line does not have is left out."""
    document: dict[str, Any] = {
        "@timestamp": line.timestamp,
        "ecs": {"version": ECS_VERSION},
        "event": _event(line),
        "service": {"name": service_name},
        "http": {
            "request": {"id": line.request_id, "method": line.method, "bytes": line.bytes_in},
            "response": {"status_code": line.status, "bytes": line.bytes_out},
            "version": line.protocol,
        },
        "url": {"path": line.path, "domain": line.server_address},
        "client": {"address": line.client_address},
        "sightline": _own_facts(line),
    }
    if _is_ip(line.client_address):
        document["client"]["ip"] = line.client_address
    if line.query is not None:
        document["url"]["query"] = line.query
    if line.user_agent is not None:
        document["user_agent"] = {"original": line.user_agent}
    if line.trace_id:
        document["trace"] = {"id": line.trace_id}
        document["span"] = {"id": line.span_id}
    return document


def ecs_line(line: bytes, service_name: str) -> bytes:
    """A line of JSON with its end, from one of ours. Raises msgspec.DecodeError for what is none."""
    encoded = _encode(ecs_document(read_line(line), service_name)) + b"\n"
    return encoded if encoded.isascii() else escape_controls(encoded)


def _event(line: AccessLine) -> dict[str, Any]:
    event: dict[str, Any] = {
        "kind": "event",
        "category": ["web"],
        "dataset": "sightline.access",
        "duration": round((line.duration_ms or line.open_ms) * _MILLISECOND_NS),
    }
    if line.event:
        event |= {"type": _OPEN_TYPES, "action": line.event, "outcome": "unknown"}
    else:
        event |= {"type": _ENDED_TYPES, "outcome": "failure" if line.has_failed else "success"}
    if line.reason_detail:
        event["reason"] = line.reason_detail
    return event


def _own_facts(line: AccessLine) -> dict[str, Any]:
    facts: dict[str, Any] = {"route": line.route, "config_revision": line.config_revision}
    if line.event:
        facts["upgraded"] = line.upgraded
    else:
        facts |= {
            "source": line.source,
            "reason": line.reason,
            "overhead_ms": line.overhead_ms,
            "phases": line.phases,
            "in_flight": line.in_flight,
            "sample_rate": line.sample_rate,
        }
    if line.http_route:
        facts["http_route"] = line.http_route
    if line.upstream:
        facts["upstream"] = line.upstream
    if line.endpoint:
        facts["endpoint"] = line.endpoint
    if line.attempts:
        facts["attempts"] = line.attempts
    if line.trace_id:
        facts["sampled"] = line.sampled
    return facts


@lru_cache(1024)
def _is_ip(address: str) -> bool:
    try:
        ip_address(address)
    except ValueError:
        return False
    return True
