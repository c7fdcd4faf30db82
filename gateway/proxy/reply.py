"""Answers the gateway makes itself: the single place where a reason becomes a response."""

import re
from dataclasses import dataclass, field
from typing import Final

import orjson

from gateway.http1.refusal import RequestRefused
from gateway.http1.writer import STATUS_LINES, field_line
from gateway.model.headers import Fields
from gateway.model.outcome import STATUS_OF, Reason

_RETRY_AFTER: Final = {
    Reason.OVERLOADED,
    Reason.SHUTTING_DOWN,
    Reason.POOL_EXHAUSTED,
    Reason.NO_HEALTHY_ENDPOINT,
    Reason.RETRY_BUDGET_EXHAUSTED,
    Reason.CIRCUIT_OPEN,
    Reason.CONCURRENCY_LIMITED,
}
_QUALITY: Final = re.compile(rb";\s*q\s*=\s*([01](?:\.\d{0,3})?)", re.IGNORECASE)

DETAIL_OF: Final[dict[Reason, str]] = {
    Reason.NO_ROUTE: "No route takes this request.",
    Reason.METHOD_NOT_ALLOWED: "The path is known, but not with this method.",
    Reason.CLIENT_TIMEOUT: "The request did not arrive in time.",
    Reason.BODY_TOO_LARGE: "The request body is larger than is accepted.",
    Reason.NO_HEALTHY_ENDPOINT: "No endpoint of the upstream can be chosen.",
    Reason.POOL_EXHAUSTED: "All connections to the upstream are taken, and so are all places in the queue for one.",
    Reason.RETRY_BUDGET_EXHAUSTED: "The upstream failed, and too many requests are being tried again already.",
    Reason.CIRCUIT_OPEN: "The upstream has failed too often, and is given time.",
    Reason.CONCURRENCY_LIMITED: "The upstream has as many requests as it may have.",
    Reason.OVERLOADED: "There is too much to do at the moment.",
    Reason.SHUTTING_DOWN: "The gateway is shutting down.",
    Reason.DNS_ERROR: "The name of the upstream has no address.",
    Reason.CONNECT_REFUSED: "The upstream did not accept a connection.",
    Reason.CONNECT_TIMEOUT: "The upstream did not accept a connection in time.",
    Reason.UPSTREAM_TIMEOUT_FIRST_BYTE: "The upstream did not begin to answer in time.",
    Reason.UPSTREAM_TIMEOUT_TOTAL: "The exchange took longer than the route allows.",
    Reason.UPSTREAM_IDLE_TIMEOUT: "The upstream stopped in the middle.",
    Reason.UPSTREAM_RESET: "The upstream closed the connection before it answered.",
    Reason.UPSTREAM_PROTOCOL_ERROR: "The upstream's answer is not acceptable HTTP/1.1.",
    Reason.FAULT_INJECTED: "The route is configured to fail this request: a fault is being injected.",
    Reason.INTERNAL_ERROR: "The gateway failed; its log says more.",
}


@dataclass(slots=True)
class Reply:
    """An answer of our own. body None: the problem in words, JSON or text as the client prefers.

    closes: the connection must not carry another request.
    """

    status: int
    reason: Reason = Reason.NONE
    detail: str = ""
    fields: Fields = field(default_factory=list)
    body: bytes | None = None
    closes: bool = False


def reply_for(reason: Reason, detail: str = "", fields: Fields | None = None, *, retry_after_s: int = 1) -> Reply:
    """The answer for a reason; `detail` goes to the record, the client gets the fixed sentence.

    retry_after_s: of the reasons that may be over soon.
    """
    fields = list(fields or ())
    if reason in _RETRY_AFTER:
        fields.append((b"Retry-After", b"%d" % retry_after_s))
    return Reply(STATUS_OF[reason], reason, detail or DETAIL_OF.get(reason, ""), fields)


def refusal_reply(refused: RequestRefused) -> Reply:
    return Reply(refused.status, refused.reason, refused.detail, closes=True)


def encode_reply(
    reply: Reply,
    request_id: str,
    accept: list[bytes],
    date: bytes,
    *,
    keep_alive: bool,
    minor_version: int,
    to_head: bool,
) -> bytes:
    """The whole response as bytes."""
    lines = [STATUS_LINES[reply.status], b"Date: ", date, b"\r\nServer: sightline\r\n"]
    body = reply.body
    if body is None:
        media_type, body = _problem(reply, request_id, accept)
        lines += [b"Content-Type: ", media_type, b"\r\nX-Request-Id: ", request_id.encode("latin-1"), b"\r\n"]
    lines += [field_line(name, value) for name, value in reply.fields]
    if reply.status not in {204, 304}:
        lines.append(b"Content-Length: %d\r\n" % len(body))
    if not keep_alive:
        lines.append(b"Connection: close\r\n")
    elif minor_version == 0:
        lines.append(b"Connection: keep-alive\r\n")
    lines.append(b"\r\n")
    if not to_head and reply.status not in {204, 304}:
        lines.append(body)
    return b"".join(lines)


def _problem(reply: Reply, request_id: str, accept: list[bytes]) -> tuple[bytes, bytes]:
    detail = DETAIL_OF.get(reply.reason, reply.detail)
    if _prefers_text(accept):
        text = f"{reply.status} {reply.reason}\n{detail}\nrequest id: {request_id}\n"
        return b"text/plain; charset=utf-8", text.encode()
    problem = {"status": reply.status, "reason": reply.reason, "detail": detail, "request_id": request_id}
    return b"application/json", orjson.dumps(problem) + b"\n"


def _prefers_text(accept: list[bytes]) -> bool:
    """Whether text is wanted more than JSON (RFC 9110 section 12.5.1); JSON when nothing is said."""
    best = {"text": 0.0, "json": 0.0}
    for media_range in b",".join(accept).lower().split(b","):
        name = media_range.split(b";", 1)[0].strip()
        found = _QUALITY.search(media_range)
        quality = float(found[1]) if found else 1.0
        if name in {b"text/plain", b"text/*", b"text/html"}:
            best["text"] = max(best["text"], quality)
        elif name in {b"application/json", b"application/*", b"application/problem+json", b"*/*"}:
            best["json"] = max(best["json"], quality if name != b"*/*" else quality * 0.999)
    return best["text"] > best["json"]
