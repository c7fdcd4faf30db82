"""What a configuration does with a request that is not sent: read, normalised and routed as the engine would.

The request is put into bytes and read by the engine's own parser, so that what is refused for its form is refused here.
"""

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

from msgspec.structs import replace

from gateway.config.configuration import Configuration
from gateway.config.explaining.applied import applied_by
from gateway.config.explaining.choices import Facts, choices_of
from gateway.config.explaining.key_lines import line_of
from gateway.config.explaining.record import Record
from gateway.config.explaining.refusing import EndpointFacts, verdict_of
from gateway.http1.refusal import RequestRefused
from gateway.http1.request_head import RequestHead, RequestHeadReader
from gateway.http1.target import Target, parse_authority, parse_target
from gateway.model.exchange import Exchange
from gateway.model.listener import Listener
from gateway.model.outcome import STATUS_OF, Reason
from gateway.model.route import PathKind, Place, Route
from gateway.model.snapshot import Snapshot
from gateway.routing.explain import Considered, Explanation, Verdict, explain
from gateway.routing.redirect import redirect_location
from gateway.routing.rewrite import compile_rewrite
from gateway.routing.templates import template_params
from gateway.wire.explain import ConsideredView, ExplainRequest, ExplanationView, FailedPredicateView
from gateway.wire.live import AccessLine
from gateway.wire.views import PlaceView, ShareView

_SCHEMES: Final = ("http://", "https://")
_DEFAULT_HOST: Final = "localhost"


def _nothing_known(_upstream: str, _endpoint: str) -> EndpointFacts | None:
    return None


def explain_request(
    configuration: Configuration,
    wanted: ExplainRequest,
    facts: Facts = _nothing_known,
    line: AccessLine | None = None,
) -> ExplanationView:
    """Explain one request. Raises ValueError, one sentence, if the listener, client or URL cannot exist.

    facts: what a running gateway knows of its endpoints. line: the record of the exchange that is asked for.
    """
    snapshot = configuration.snapshot
    record = None if line is None else Record(line, snapshot.revision, wanted)
    asked = wanted if record is None else record.request
    if not asked.url:
        raise ValueError("no url; expected a URL or a path, or the id of a recent exchange")
    listener = _listener(snapshot, asked.listener)
    client = _client(asked.client)
    written = _head_bytes(asked)
    view = ExplanationView(
        revision=snapshot.revision,
        method=asked.method,
        host="",
        path="",
        route=None,
        status=None,
        reason="none",
        listener=listener.name,
        recorded=None if record is None else record.view,
    )
    try:
        head = _read(written, listener)
        target = parse_target(head.method, head.target, listener.paths)
        host, port = parse_authority(head.host or b"")
        view = replace(view, host=host, path=target.path)
        if target.is_asterisk:
            return replace(view, status=200, detail="the gateway answers OPTIONS * by itself")
        return _Routing(configuration, listener, client, head, target, port, facts, record).explain(view)
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


@dataclass(frozen=True, slots=True)
class _Routing:
    """A request that was read, and all that decides what becomes of it. port: the one the client named."""

    configuration: Configuration
    listener: Listener
    client: str
    head: RequestHead
    target: Target
    port: int | None
    facts: Facts
    record: Record | None

    def explain(self, view: ExplanationView) -> ExplanationView:
        table, head, target = self.configuration.table, self.head, self.target
        asked = (self.listener.name, view.host, head.method, target.path, target.query, head.fields, self.client)
        found = explain(table, *asked)
        view = replace(
            view,
            detail=found.because,
            considered=[self._considered(each) for each in found.considered],
            others=found.others,
        )
        route = table.match(*asked)
        if self.record is not None:
            route, view = self._as_recorded(route, view)
        return self._answered(view, found) if route is None else self._taken(view, route)

    def _as_recorded(self, route: Route | None, view: ExplanationView) -> tuple[Route | None, ExplanationView]:
        """Where the record does not hold what decides, the route it names is believed: it took the request."""
        assert self.record is not None
        took = self.record.view.route
        if not self.record.view.same_revision or took == (route.name if route is not None else None):
            return route, view
        recorded = next((each for each in self.configuration.snapshot.routes if each.name == took), None)
        if recorded is None:
            return route, view
        detail = f"{took} took it, as the record says; what decided is not in the record"
        considered = [
            replace(each, matched=each.route == took, failed=None if each.route == took else each.failed)
            for each in view.considered
        ]
        return recorded, replace(view, detail=detail, considered=considered)

    def _answered(self, view: ExplanationView, found: Explanation) -> ExplanationView:
        if not found.allowed_methods:
            return replace(view, status=STATUS_OF[Reason.NO_ROUTE], reason=Reason.NO_ROUTE.value)
        detail = f"routes take this path with {', '.join(found.allowed_methods)}"
        reason = Reason.METHOD_NOT_ALLOWED
        return replace(view, status=STATUS_OF[reason], reason=reason.value, detail=detail)

    def _taken(self, view: ExplanationView, route: Route) -> ExplanationView:
        match, target, port = route.match, self.target, self.port
        view = replace(
            view,
            route=route.name,
            place=_place_view(route.place),
            parameters=template_params(match.path, target.path) if match.path_kind is PathKind.TEMPLATE else {},
            applied=applied_by(route, self.listener, self.configuration.snapshot.telemetry, view.method),
        )
        if route.redirect is not None:
            location = redirect_location(route.redirect, route, "http", view.host, port, target.path, target.query)
            return replace(view, action="redirect", status=route.redirect.status, location=location.decode("ascii"))
        if route.respond is not None:
            return replace(view, action="respond", status=route.respond.status)
        return self._forwarded(view, route)

    def _forwarded(self, view: ExplanationView, route: Route) -> ExplanationView:
        rewrite = compile_rewrite(route)
        path, host = self.target.path, view.host if self.port is None else f"{view.host}:{self.port}"
        if rewrite is not None:
            path = rewrite.rewrite_path(path)
            host = host if rewrite.host is None else rewrite.host.decode("ascii")
        choices = choices_of(route, self.configuration, self.facts, self._exchange(view), self.head)
        reason, verdict = verdict_of(choices)
        return replace(
            view,
            action="forward",
            status=STATUS_OF.get(reason),
            reason=reason.value,
            verdict=verdict,
            upstreams=[ShareView(upstream=share.upstream, weight=share.weight) for share in route.upstreams],
            forwarded_path=path,
            forwarded_host=host,
            choices=choices,
        )

    def _exchange(self, view: ExplanationView) -> Exchange:
        """As far as a hash may be made of it."""
        exchange = Exchange(self.listener.name, view.revision, self.client, 0, 0)
        exchange.path, exchange.query, exchange.host = self.target.path, self.target.query, view.host
        return exchange

    def _considered(self, found: Considered) -> ConsideredView:
        return ConsideredView(
            route=found.route,
            place=_place_view(found.place),
            matched=found.verdict is not Verdict.REFUSED,
            because=found.because,
            failed=self._failed(found),
        )

    def _failed(self, found: Considered) -> FailedPredicateView | None:
        failure = found.failure
        if failure is None:
            return None
        lines = self.configuration.match_lines[found.index] if found.index < len(self.configuration.match_lines) else ()
        is_known = self.record is None or self.record.knows(failure.key)
        return FailedPredicateView(
            key=f"match.{failure.key}",
            place=PlaceView(file=found.place.file, line=line_of(lines, failure.key) or found.place.line),
            expected=failure.expected,
            actual=failure.actual if is_known else "not recorded",
            known=is_known,
        )


def _place_view(place: Place) -> PlaceView:
    return PlaceView(file=place.file, line=place.line)
