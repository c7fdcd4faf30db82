"""The request as it goes to the upstream: hop-by-hop fields gone, ours added (RFC 9110 section 7.6)."""

from collections.abc import Iterable
from ipaddress import ip_address, ip_network
from typing import Final

from gateway.http1 import field_kinds as kinds
from gateway.http1.request_head import RequestHead
from gateway.http1.writer import field_lines
from gateway.model.clock import MILLISECOND_NS, NEVER_NS, monotonic_ns
from gateway.model.exchange import Attempt, Exchange
from gateway.model.headers import Fields, field_values
from gateway.model.listener import Listener
from gateway.model.tracing import TraceFormat
from gateway.proxy.plan import RoutePlan
from gateway.telemetry.propagation.baggage import limit_baggage
from gateway.telemetry.propagation.propagator import Propagator

_B3_KINDS: Final = range(kinds.B3_TRACE_ID, kinds.B3_FLAGS + 1)
_FORMAT_OF: Final = {kinds.B3: TraceFormat.B3, kinds.JAEGER: TraceFormat.JAEGER} | dict.fromkeys(
    _B3_KINDS, TraceFormat.B3_MULTI
)
"""The form that a field is part of; fields of no form are baggage."""
_MOST_DIGITS: Final = 10
_COUNTING_HOPS: Final = frozenset({"OPTIONS", "TRACE"})


class Peer:
    """What is known of a connection's other end, worked out once per connection.

    is_trusted: it is a proxy whose forwarding fields are believed. is_told: its answers say what the gateway did.
    gets_id: its answers carry the request id, whoever made them.
    """

    __slots__ = ("address", "forwarding_lines", "gets_id", "is_plain", "is_told", "is_trusted", "wants_forwarded")

    def __init__(self, address: str, listener: Listener) -> None:
        self.address = address
        self.is_trusted = _is_in(address, listener.trusted_proxies)
        self.is_told = _is_in(address, listener.explain_to)
        self.gets_id = listener.return_request_id
        self.wants_forwarded = listener.forwarded
        self.is_plain = not self.is_trusted and not listener.forwarded
        """Whether `forwarding_lines` and the host are all that has to be said of it."""
        self.forwarding_lines = b"X-Forwarded-For: %b\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: " % (
            address.encode("ascii")
        )


def _is_in(address: str, networks: Iterable[str]) -> bool:
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return any(parsed in ip_network(network, strict=False) for network in networks)


def client_address(peer: Peer, head: RequestHead, trusted_proxies: Iterable[str]) -> str:
    """The nearest address in X-Forwarded-For that is no trusted proxy; the peer's own where it is not one itself."""
    if not peer.is_trusted:
        return peer.address
    claimed = b",".join((head.extras or {}).get(kinds.X_FORWARDED_FOR, ())).decode("latin-1").split(",")
    nearest = peer.address
    for entry in reversed([entry.strip() for entry in claimed]):
        try:
            nearest = str(ip_address(entry))
        except ValueError:
            return nearest
        if not _is_in(nearest, trusted_proxies):
            return nearest
    return nearest


def encode_request(
    exchange: Exchange, attempt: Attempt, head: RequestHead, plan: RoutePlan, propagator: Propagator | None, peer: Peer
) -> bytes:
    """The head of the request for one attempt, framed anew; raises RequestRefused when a rewrite makes a bad path."""
    path, host, passed_lines = exchange.path, head.host or _host_of(attempt.endpoint), head.passed_lines
    if plan.rewrite is not None:
        path = exchange.forwarded_path = plan.rewrite.rewrite_path(path)
        host = plan.rewrite.host or host
        passed_lines = field_lines(plan.rewrite.edit_request(head.passed))
    if plan.deadline_header is not None:
        passed = head.passed if plan.rewrite is None else plan.rewrite.edit_request(head.passed)
        passed_lines = _with_deadline(passed, plan.deadline_header, exchange.deadline_ns)
    target = path if exchange.query is None else f"{path}?{exchange.query}"
    return b"%b %b HTTP/1.1\r\nHost: %b\r\n%b%b\r\nVia: 1.%d sightline\r\nX-Request-Id: %b\r\n%b%b\r\n" % (
        head.method.encode(),
        target.encode(),
        host,
        passed_lines,
        peer.forwarding_lines + head.host if peer.is_plain and head.host else _forwarding_lines(head, peer, host),
        head.minor_version,
        exchange.request_id.encode(),
        b"" if propagator is None else propagator.lines(exchange, attempt),
        _unusual_lines(head, plan, propagator) if not head.is_plain else b"",
    )


def deadline_of(exchange: Exchange, head: RequestHead, plan: RoutePlan, peer: Peer) -> int:
    """Until when an exchange may take: what its route allows, or what a trusted proxy before us has left, if that is less."""
    deadline_ns = exchange.started_ns + plan.request_ns
    if plan.deadline_header is not None and peer.is_trusted:
        for value in field_values(head.fields, plan.deadline_header):
            if value.isdigit() and len(value) <= _MOST_DIGITS:
                deadline_ns = min(deadline_ns, exchange.started_ns + int(value) * MILLISECOND_NS)
    return deadline_ns


def _with_deadline(passed: Fields, name: bytes, deadline_ns: int) -> bytes:
    """The lines of these fields, with the milliseconds that are left in a field of ours; none where there is no deadline."""
    lines = field_lines([field for field in passed if field[0].lower() != name])
    if deadline_ns >= NEVER_NS:
        return lines
    return lines + b"%b: %d\r\n" % (name, max(0, deadline_ns - monotonic_ns()) // MILLISECOND_NS)


def _host_of(endpoint: str) -> bytes:
    """The authority for a request that has none; a socket's path would not be one."""
    return b"localhost" if endpoint.startswith("unix:") else endpoint.encode()


def _passed_context(head: RequestHead, extras: dict[int, list[bytes]], propagator: Propagator | None) -> bytes:
    """Context that goes on as it came: all of it where tracing is none of our business; where the request is believed,
    baggage within its limits and the forms that we do not send ourselves; else nothing."""
    if propagator is None:
        kind_of = kinds.REQUEST_KINDS.kind_of
        ours = {kinds.TRACEPARENT, kinds.TRACESTATE, *range(kinds.FIRST_CONTEXT, kinds.BAGGAGE + 1)}
        return field_lines([field for field in head.fields if kind_of(field[0]) in ours])
    if not propagator.accepts:
        return b""
    passed = {kind for kind in extras if kinds.FIRST_CONTEXT <= kind < kinds.BAGGAGE}
    passed = {kind for kind in passed if _FORMAT_OF.get(kind) not in propagator.formats}
    lines = field_lines([field for field in head.fields if kinds.REQUEST_KINDS.kind_of(field[0]) in passed])
    baggage = limit_baggage(extras.get(kinds.BAGGAGE, []))
    return lines + b"baggage: %b\r\n" % baggage if baggage else lines


def _unusual_lines(head: RequestHead, plan: RoutePlan, propagator: Propagator | None) -> bytes:
    """How the body is framed, what is hop-by-hop by nature and asked for anew, and context that is passed on."""
    lines = []
    extras = head.extras
    if extras is not None and (propagator is None or max(extras) >= kinds.FIRST_CONTEXT):
        lines.append(_passed_context(head, extras, propagator))
    if head.is_chunked:
        lines.append(b"Transfer-Encoding: chunked\r\n")
    elif head.content_length is not None:
        lines.append(b"Content-Length: %d\r\n" % head.content_length)
    if head.upgrade is not None:
        lines.append(b"Connection: Upgrade\r\nUpgrade: %b\r\n" % head.upgrade)
    elif plan.forward_trailers and head.connection_options is not None and b"te" in head.connection_options:
        lines.append(b"Connection: TE\r\nTE: trailers\r\n")
    if extras is not None and kinds.MAX_FORWARDS in extras:
        lines += _max_forwards_lines(head, extras[kinds.MAX_FORWARDS])
    return b"".join(lines)


def _max_forwards_lines(head: RequestHead, values: list[bytes]) -> list[bytes]:
    """One hop less for the methods that count hops (RFC 9110 section 7.6.2); match has refused what is no number."""
    if head.method not in _COUNTING_HOPS:
        return [b"Max-Forwards: %b\r\n" % value for value in values]
    return [b"Max-Forwards: %d\r\n" % (int(value) - 1) for value in values]


def _forwarding_lines(head: RequestHead, peer: Peer, host: bytes) -> bytes:
    """X-Forwarded-*, without the last line end: anew from an untrusted peer, continued from a trusted one."""
    host = head.host or host
    lines = _continued_lines(head, peer, host) if peer.is_trusted else peer.forwarding_lines + host
    if peer.wants_forwarded:
        lines += b"\r\nForwarded: " + _forwarded_element(head, peer, host)
    return lines


def _continued_lines(head: RequestHead, peer: Peer, host: bytes) -> bytes:
    extras = head.extras or {}
    addresses = [*extras.get(kinds.X_FORWARDED_FOR, ()), peer.address.encode("ascii")]
    protocol = extras.get(kinds.X_FORWARDED_PROTO, [b"http"])[0]
    original_host = extras.get(kinds.X_FORWARDED_HOST, [host])[0]
    claims: Fields = [field for field in head.fields if kinds.REQUEST_KINDS.kind_of(field[0]) == kinds.FORWARDING]
    return b"%bX-Forwarded-For: %b\r\nX-Forwarded-Proto: %b\r\nX-Forwarded-Host: %b" % (
        field_lines(claims),
        b", ".join(addresses),
        protocol,
        original_host,
    )


def _forwarded_element(head: RequestHead, peer: Peer, host: bytes) -> bytes:
    """RFC 7239: what a trusted peer said, and our element behind it. IPv6 addresses are quoted and bracketed."""
    node = f'"[{peer.address}]"' if ":" in peer.address else peer.address
    ours = b'for=%b;host="%b";proto=http' % (node.encode("ascii"), host)
    before = (head.extras or {}).get(kinds.FORWARDED, []) if peer.is_trusted else []
    return b", ".join([*before, ours])
