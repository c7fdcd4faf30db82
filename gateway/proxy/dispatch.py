"""Choosing where an attempt goes."""

from urllib.parse import parse_qsl

from gateway.http1.request_head import RequestHead
from gateway.model.exchange import Exchange
from gateway.model.headers import field_values
from gateway.upstreams.endpoint import LiveEndpoint
from gateway.upstreams.live_upstream import LiveUpstream


def pick_endpoint(upstream: LiveUpstream, exchange: Exchange, head: RequestHead) -> LiveEndpoint | None:
    """The endpoint for the next attempt; None when none can be chosen."""
    if upstream.is_hashed:
        return upstream.balancer.pick(hash_key(upstream.hash_on, exchange, head), None)
    return upstream.balancer.pick(b"", None)


def hash_key(hash_on: str, exchange: Exchange, head: RequestHead) -> bytes:
    """What consistent hashing hashes; the client's address where the named thing is missing."""
    kind, _, name = hash_on.partition(":")
    if kind == "path":
        return exchange.path.encode()
    if kind == "host":
        return exchange.host.encode()
    value = b""
    if kind == "header":
        value = b",".join(field_values(head.fields, name.lower().encode()))
    elif kind == "query":
        value = dict(parse_qsl(exchange.query or "")).get(name, "").encode()
    elif kind == "cookie":
        value = _cookie(head, name.encode())
    return value or exchange.client_address.encode()


def _cookie(head: RequestHead, name: bytes) -> bytes:
    for field in field_values(head.fields, b"cookie"):
        for pair in field.split(b";"):
            key, _, value = pair.strip().partition(b"=")
            if key == name:
                return value
    return b""
