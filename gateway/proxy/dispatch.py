"""Choosing where an attempt goes."""

from urllib.parse import parse_qsl

from gateway.http1.request_head import RequestHead
from gateway.model.exchange import Exchange
from gateway.model.headers import field_values
from gateway.model.upstream import Labels
from gateway.upstreams.balancing.sessions import cookie_value
from gateway.upstreams.endpoint import LiveEndpoint
from gateway.upstreams.live_upstream import LiveUpstream, has_labels


def pick_endpoint(
    upstream: LiveUpstream, exchange: Exchange, head: RequestHead, subset: Labels = ()
) -> LiveEndpoint | None:
    """The endpoint for the next attempt; None when none can be chosen. subset: labels that it must have."""
    balancer = upstream.balancers[subset] if subset else upstream.balancer
    if upstream.is_plain:
        return balancer.pick(b"", None)
    if upstream.sessions is not None:
        address = upstream.sessions.address_of(head.fields)
        endpoint = None if address is None else upstream.find(address)
        if endpoint is not None and endpoint.is_available and has_labels(endpoint.endpoint.labels, subset):
            return endpoint
    return balancer.pick(hash_key(upstream.hash_on, exchange, head) if upstream.is_hashed else b"", None)


def session_cookie(upstream: LiveUpstream, endpoint: LiveEndpoint, head: RequestHead) -> bytes | None:
    """The value of the Set-Cookie field that leads the client back; None where its request brought it, or none is used."""
    sessions = upstream.sessions
    if sessions is None or sessions.address_of(head.fields) == endpoint.address:
        return None
    return sessions.set_cookie(endpoint.address)


def pick_other_endpoint(
    upstream: LiveUpstream, exchange: Exchange, head: RequestHead, subset: Labels = ()
) -> LiveEndpoint | None:
    """The endpoint for a further attempt: one that has not been tried if there is any, of the first group that has one, else
    not the last one; None when none can be chosen. A session does not bind it: its endpoint has been tried."""
    balancer = upstream.balancers[subset] if subset else upstream.balancer
    tried = {attempt.endpoint for attempt in exchange.attempts}
    key = hash_key(upstream.hash_on, exchange, head) if upstream.is_hashed else b""
    picked = balancer.pick(key, upstream.find(exchange.attempts[-1].endpoint))
    if picked is None or picked.address not in tried:
        return picked
    untried = [
        endpoint
        for endpoint in upstream.endpoints
        if endpoint.is_available
        and endpoint.weight
        and endpoint.address not in tried
        and has_labels(endpoint.endpoint.labels, subset)
    ]
    return min(untried, key=lambda each: (each.endpoint.priority, each.in_flight / each.weight), default=picked)


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
        value = cookie_value(head.fields, name.encode())
    return value or exchange.client_address.encode()
