"""What a configuration does with a request that is not sent: read, normalised and routed as the engine would.

The request is put into bytes and read by the engine's own parser, so that what is refused for its form is refused here.
"""

from ipaddress import ip_address
from typing import Final

from msgspec.structs import replace

from gateway.http1.refusal import RequestRefused
from gateway.http1.request_head import RequestHead, RequestHeadReader
from gateway.http1.target import Target, parse_authority, parse_target
from gateway.model.listener import Listener
from gateway.model.outcome import STATUS_OF, Reason
from gateway.model.route import PathKind, Route
from gateway.model.snapshot import Snapshot
from gateway.routing.explain import Considered, Verdict, explain
from gateway.routing.redirect import redirect_location
from gateway.routing.rewrite import compile_rewrite
from gateway.routing.table import RouteTable
from gateway.routing.templates import template_params
from gateway.wire.views import ConsideredView, ExplainRequest, ExplanationView, PlaceView, ShareView

_SCHEMES: Final = ("http://", "https://")
_DEFAULT_HOST: Final = "localhost"


def explain_request(snapshot: Snapshot, table: RouteTable[Route], wanted: ExplainRequest) -> ExplanationView:
    """Explain one request. Raises ValueError, one sentence, if the listener, client or URL cannot exist."""
    listener = _listener(snapshot, wanted.listener)
    client = _client(wanted.client)
    written = _head_bytes(wanted)
    view = ExplanationView(
        revision=snapshot.revision, method=wanted.method, host="", path="", route=None, status=None, reason="none"
    )
    try:
        head = _read(written, listener)
        target = parse_target(head.method, head.target, listener.paths)
        host, port = parse_authority(head.host or b"")
        view = replace(view, host=host, path=target.path)
        if target.is_asterisk:
            return replace(view, status=200, detail="the gateway answers OPTIONS * by itself")
        return _routed(view, table, head, target, (listener.name, port, client))
    except RequestRefused as refused:
        return replace(view, status=refused.status, reason=refused.reason.value, detail=refused.detail)


def _listener(snapshot: Snapshot, name: str | None) -> Listener:
    if name is None:
        return snapshot.listeners[0]
    for listener in snapshot.listeners:
        if listener.name == name:
            return listener
    raise ValueError(f"no listener is called {name!r}")


def _client(address: str) -> str:
    try:
        return str(ip_address(address))
    except ValueError:
        raise ValueError(f"{address!r} is not the IP address of a client") from None


def _head_bytes(wanted: ExplainRequest) -> bytes:
    """The request as a client would send it. The URL's authority goes to Host, unless the fields name another."""
    rest = next((wanted.url[len(scheme) :] for scheme in _SCHEMES if wanted.url.lower().startswith(scheme)), None)
    if rest is None:
        authority, target = _DEFAULT_HOST, wanted.url
    else:
        at = min((rest.index(mark) for mark in "/?#" if mark in rest), default=len(rest))
        authority, target = rest[:at], rest[at:] if rest[at : at + 1] == "/" else f"/{rest[at:]}"
    has_host = any(name.lower() == "host" for name, _ in wanted.headers)
    fields = [*([] if has_host else [("Host", authority)]), *wanted.headers]
    lines = [f"{wanted.method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields)]
    if any("\r" in line or "\n" in line for line in lines):
        raise ValueError("the request holds a line break")
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode()


def _read(written: bytes, listener: Listener) -> RequestHead:
    reader = RequestHeadReader(listener.limits)
    reader.feed(written)
    return reader.head


def _routed(
    view: ExplanationView,
    table: RouteTable[Route],
    head: RequestHead,
    target: Target,
    origin: tuple[str, int | None, str],
) -> ExplanationView:
    """origin: the listener's name, the port the client named, and the client's address."""
    listener, port, client = origin
    asked = (listener, view.host, head.method, target.path, target.query, head.fields, client)
    found = explain(table, *asked)
    view = replace(view, detail=found.because, considered=[_considered(each) for each in found.considered])
    route = table.match(*asked)
    if route is not None:
        return _taken(view, route, target, port)
    if not found.allowed_methods:
        return replace(view, status=STATUS_OF[Reason.NO_ROUTE], reason=Reason.NO_ROUTE.value)
    detail = f"routes take this path with {', '.join(found.allowed_methods)}"
    reason = Reason.METHOD_NOT_ALLOWED
    return replace(view, status=STATUS_OF[reason], reason=reason.value, detail=detail)


def _taken(view: ExplanationView, route: Route, target: Target, port: int | None) -> ExplanationView:
    match = route.match
    parameters = template_params(match.path, target.path) if match.path_kind is PathKind.TEMPLATE else {}
    view = replace(view, route=route.name, parameters=parameters)
    if route.redirect is not None:
        location = redirect_location(route.redirect, route, "http", view.host, port, target.path, target.query)
        return replace(view, action="redirect", status=route.redirect.status, location=location.decode("ascii"))
    if route.respond is not None:
        return replace(view, action="respond", status=route.respond.status)
    rewrite = compile_rewrite(route)
    path, host = target.path, view.host if port is None else f"{view.host}:{port}"
    if rewrite is not None:
        path = rewrite.rewrite_path(path)
        host = host if rewrite.host is None else rewrite.host.decode("ascii")
    shares = [ShareView(upstream=share.upstream, weight=share.weight) for share in route.upstreams]
    return replace(view, action="forward", upstreams=shares, forwarded_path=path, forwarded_host=host)


def _considered(found: Considered) -> ConsideredView:
    return ConsideredView(
        route=found.route,
        place=PlaceView(file=found.place.file, line=found.place.line),
        matched=found.verdict is not Verdict.REFUSED,
        because=found.because,
    )
