"""From a request head to the record of its exchange and the plan of the route that takes it.

The path is normalised here, once; every later stage uses the same string.
"""

import re
from typing import Final

from gateway.http1 import field_kinds as kinds
from gateway.http1.refusal import RequestRefused
from gateway.http1.request_head import RequestHead
from gateway.http1.target import Target, parse_authority, parse_target
from gateway.model.exchange import Exchange
from gateway.model.listener import Listener
from gateway.model.outcome import Reason
from gateway.model.route import Route
from gateway.proxy.plan import ActiveConfig, RoutePlan
from gateway.proxy.reply import Reply, reply_for
from gateway.routing.redirect import redirect_location
from gateway.telemetry.propagation.propagator import OtherFields, Propagator, new_request_id

_REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._-]{1,128}")
_QUERY: Final = re.compile(r"[?#]")
_USERINFO: Final = re.compile(r"(?<=//)[^/]*@|^[^/]*@")
_ALL_METHODS: Final = b"GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS"
_NO_VALUES: Final[list[bytes]] = []


def describe_request(exchange: Exchange, head: RequestHead) -> None:
    """Stamp what the head says, before anything can refuse the request: it is recorded all the same."""
    exchange.method = head.method
    if head.minor_version == 0:
        exchange.protocol = "1.0"
    if head.user_agent is not None:
        exchange.user_agent = head.user_agent
    extras = head.extras
    if extras is not None:
        ids = extras.get(kinds.X_REQUEST_ID, _NO_VALUES)
        if len(ids) == 1 and _REQUEST_ID.fullmatch(ids[0]):
            exchange.request_id = ids[0].decode("ascii")


def begin_trace(exchange: Exchange, extras: dict[int, list[bytes]] | None, propagator: Propagator | None) -> None:
    """Fix the ids of the exchange: they are sent on, logged and answered with."""
    if propagator is not None:
        if extras is None:
            propagator.start(exchange)
        elif kinds.TRACEPARENT in extras:
            propagator.begin(exchange, extras[kinds.TRACEPARENT], extras.get(kinds.TRACESTATE, _NO_VALUES))
        elif max(extras) >= kinds.FIRST_CONTEXT:
            propagator.begin_other(exchange, _other_fields(extras))
        else:
            propagator.start(exchange)
    if not exchange.request_id:
        exchange.request_id = new_request_id(exchange)


def describe_refused(exchange: Exchange, head: RequestHead | None, config: ActiveConfig, listener: Listener) -> None:
    """All this for a request that is refused before it is matched; head is None if it did not get that far."""
    if head is not None:
        describe_request(exchange, head)
        exchange.path = refused_path(head.target)
    begin_trace(exchange, head.extras if head else None, config.propagator_for(listener))


def _other_fields(extras: dict[int, list[bytes]]) -> OtherFields:
    return OtherFields(
        b3=extras.get(kinds.B3, _NO_VALUES),
        b3_trace_ids=extras.get(kinds.B3_TRACE_ID, _NO_VALUES),
        b3_span_ids=extras.get(kinds.B3_SPAN_ID, _NO_VALUES),
        b3_sampled=extras.get(kinds.B3_SAMPLED, _NO_VALUES),
        b3_flags=extras.get(kinds.B3_FLAGS, _NO_VALUES),
        jaeger=extras.get(kinds.JAEGER, _NO_VALUES),
    )


def match_request(exchange: Exchange, head: RequestHead, config: ActiveConfig, listener: Listener) -> RoutePlan | Reply:
    """The plan of the route that takes the request, or the gateway's own answer; raises RequestRefused.

    The trace begins where a route is found; where there is none, it is the caller's to begin it.
    """
    method = head.method
    try:
        target = parse_target(method, head.target, listener.paths)
        host, port = _authority(head, target)
    except RequestRefused:
        exchange.path = refused_path(head.target)
        raise
    path = exchange.path = target.path
    query = exchange.query = target.query
    exchange.host = host
    if method in _ANSWERED_BY_US and (answer := _ANSWERED_BY_US[method](head, target)) is not None:
        return answer
    plan = config.table.match(exchange.listener, host, method, path, query, head.fields, exchange.client_address)
    if plan is None:
        return _no_route(exchange, head, config)
    if method == "TRACE" and method not in plan.route.match.methods:
        return reply_for(Reason.METHOD_NOT_ALLOWED, fields=[(b"Allow", _ALL_METHODS)])
    exchange.route = plan.route
    begin_trace(exchange, head.extras, plan.propagator_for(listener) if plan.depends_on_listener else plan.propagator)
    return plan if plan.upstreams else _local_answer(plan.route, exchange, port)


def refused_path(target: bytes) -> str:
    """What may be written down of a target that nobody could read: neither its query nor a password before its host."""
    text = _QUERY.split(target.decode("latin-1"), 1)[0]
    return text if text.startswith("/") else _USERINFO.sub("", text)


def _authority(head: RequestHead, target: Target) -> tuple[str, int | None]:
    if head.host is None:
        if target.authority is None:
            return "", None
        head.host = target.authority
        return parse_authority(target.authority)
    authority = parse_authority(head.host)
    if target.authority is not None and parse_authority(target.authority) != authority:
        raise RequestRefused(Reason.BAD_REQUEST, "The authority of the target is not the one in Host.")
    return authority


def _no_route(exchange: Exchange, head: RequestHead, config: ActiveConfig) -> Reply:
    allowed = config.table.allowed_methods(
        exchange.listener,
        exchange.host,
        head.method,
        exchange.path,
        exchange.query,
        head.fields,
        exchange.client_address,
    )
    if not allowed:
        return reply_for(Reason.NO_ROUTE)
    return reply_for(Reason.METHOD_NOT_ALLOWED, fields=[(b"Allow", ", ".join(allowed).encode())])


def _local_answer(route: Route, exchange: Exchange, port: int | None) -> Reply:
    if route.redirect is not None:
        location = redirect_location(route.redirect, route, "http", exchange.host, port, exchange.path, exchange.query)
        return Reply(route.redirect.status, fields=[(b"Location", location)], body=b"")
    assert route.respond is not None, "a route has upstreams, a redirect or an answer"
    fields = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in route.respond.headers]
    return Reply(route.respond.status, fields=fields, body=route.respond.body.encode())


def _answer_options(head: RequestHead, target: Target) -> Reply | None:
    """`OPTIONS *` asks about us; with Max-Forwards 0 (RFC 9110 section 7.6.2) so does any other."""
    if target.is_asterisk or _is_last_hop(head):
        return Reply(200, fields=[(b"Allow", _ALL_METHODS)], body=b"")
    return None


def _answer_trace(head: RequestHead, _target: Target) -> Reply | None:
    """TRACE would echo credentials; with hops left it goes through only where a route names it."""
    if _is_last_hop(head):
        return reply_for(Reason.METHOD_NOT_ALLOWED, fields=[(b"Allow", _ALL_METHODS)])
    return None


def _is_last_hop(head: RequestHead) -> bool:
    values = _NO_VALUES if head.extras is None else head.extras.get(kinds.MAX_FORWARDS, _NO_VALUES)
    if len(values) > 1 or any(len(value) > 10 or not value.isdigit() for value in values):
        raise RequestRefused(Reason.BAD_REQUEST, "Max-Forwards is not a number.")
    return any(int(value) == 0 for value in values)


_ANSWERED_BY_US: Final = {"OPTIONS": _answer_options, "TRACE": _answer_trace}
