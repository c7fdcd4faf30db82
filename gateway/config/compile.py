"""Forms, all of them valid, to the immutable values that workers run."""

from collections.abc import Iterable, Mapping

from gateway.config.forms.addresses import parse_endpoint, parse_host, parse_listen_address, parse_network
from gateway.config.forms.faults import FaultsForm
from gateway.config.forms.listener import ListenerForm
from gateway.config.forms.paths import CONFIGURED_PATHS
from gateway.config.forms.predicates import PredicateForm
from gateway.config.forms.retries import RetriesForm
from gateway.config.forms.route import (
    HeaderEditForm,
    MatchForm,
    RedirectForm,
    RespondForm,
    RewriteForm,
    RouteForm,
    RouteTracesForm,
    SloForm,
)
from gateway.config.forms.upstream import EndpointForm, StickyForm, UpstreamForm
from gateway.http1.target import normalise_path
from gateway.model.listener import Listener, ListenerLimits, ListenerTimeouts, PathRules
from gateway.model.retry import Backoff, Retries
from gateway.model.route import (
    FaultAbort,
    FaultDelay,
    Faults,
    HeaderEdit,
    LatencyObjective,
    Match,
    PathKind,
    Place,
    Redirect,
    Respond,
    Rewrite,
    Route,
    RouteTimeouts,
    RouteTraces,
    Slo,
    ValueKind,
    ValueMatch,
    WeightedUpstream,
)
from gateway.model.upstream import ConnectionLimits, Endpoint, Labels, Sticky, Upstream
from gateway.routing.templates import normalise_template

_ANY_HOST = "*"


def compile_listener(form: ListenerForm) -> Listener:
    host, port = parse_listen_address(form.address)
    return Listener(
        name=form.name,
        host=host,
        port=port,
        timeouts=ListenerTimeouts(
            header_ns=form.timeouts.header,
            body_idle_ns=form.timeouts.body_idle,
            idle_ns=form.timeouts.idle,
            write_stall_ns=form.timeouts.write_stall,
        ),
        limits=ListenerLimits(**dict(form.limits)),
        paths=PathRules(**dict(form.paths)),
        trusted_proxies=tuple(parse_network(network) for network in form.trusted_proxies),
        forwarded=form.forwarded,
        explain_to=tuple(parse_network(network) for network in form.explain_to),
        return_request_id=form.return_request_id,
        trust_incoming=form.trust_incoming,
    )


def compile_upstream(name: str, form: UpstreamForm, routes: Iterable[Route] = ()) -> Upstream:
    """routes: those that lead to it and ask for some of its endpoints only."""
    return Upstream(
        name=name,
        endpoints=tuple(_endpoint(endpoint) for endpoint in form.endpoints),
        balance=form.balance,
        hash_on=form.hash_on,
        connections=ConnectionLimits(
            max=form.connections.max,
            max_pending=form.connections.max_pending,
            connect_timeout_ns=form.connections.connect_timeout,
            idle_timeout_ns=form.connections.idle_timeout,
        ),
        hash_max_load=form.hash_max_load,
        prefer_zone=form.prefer_zone,
        failover_below=form.failover_below,
        sticky=None if form.sticky is None else _sticky(form.sticky),
        subsets=tuple(sorted({route.subset for route in routes})),
        limits=form.limits.compiled(),
        breaker=None if form.breaker is None else form.breaker.compiled(),
        concurrency=None if form.concurrency is None else form.concurrency.compiled(),
        health=form.compiled_health(),
    )


def _sticky(form: StickyForm) -> Sticky:
    return Sticky(form.cookie, form.secret, form.lifetime, form.secure)


def _endpoint(form: EndpointForm) -> Endpoint:
    host, port, unix_path = parse_endpoint(form.address)
    return Endpoint(
        form.address, host, port, unix_path, form.weight, form.zone or "", form.priority, _labels(form.labels)
    )


def _labels(labels: Mapping[str, str]) -> Labels:
    return tuple(sorted(labels.items()))


def compile_route(form: RouteForm, index: int, place: Place) -> Route:
    timeouts = form.timeouts
    return Route(
        name=form.name,
        index=index,
        match=_match(form.match),
        place=place,
        priority=form.priority,
        upstreams=_upstreams(form),
        redirect=None if form.redirect is None else _redirect(form.redirect),
        respond=None if form.respond is None else _respond(form.respond),
        rewrite=None if form.rewrite is None else _rewrite(form.rewrite),
        timeouts=RouteTimeouts(timeouts.request, timeouts.first_byte, timeouts.upstream_idle, timeouts.deadline_header),
        retries=None if form.retries is None else _retries(form.retries),
        slo=None if form.slo is None else _slo(form.slo),
        faults=None if form.faults is None else _faults(form.faults),
        subset=_labels(form.subset or {}),
        log_sample=_log_sample(form),
        forward_trailers=form.trailers == "forward",
        traces=RouteTraces() if form.traces is None else _traces(form.traces),
        trust_incoming=form.trust_incoming,
        criticality=form.criticality,
    )


def _faults(form: FaultsForm) -> Faults:
    delay, abort = form.delay, form.abort
    return Faults(
        None if delay is None else FaultDelay(delay.share, delay.duration, _header_predicates(delay.headers)),
        None if abort is None else FaultAbort(abort.share, abort.status, _header_predicates(abort.headers)),
    )


def _header_predicates(headers: Mapping[str, PredicateForm]) -> tuple[ValueMatch, ...]:
    return tuple(_predicate(name.lower(), predicate) for name, predicate in headers.items())


def _log_sample(form: RouteForm) -> float | None:
    sample = None if form.access_log is None else form.access_log.sample
    return None if sample is None else sample.success


def _upstreams(form: RouteForm) -> tuple[WeightedUpstream, ...]:
    if form.upstream is not None:
        return (WeightedUpstream(form.upstream),)
    return tuple(WeightedUpstream(share.upstream, share.weight) for share in form.split or ())


def _match(form: MatchForm) -> Match:
    kind, path = _path(form)
    hosts = tuple(dict.fromkeys(parse_host(host) for host in form.hosts))
    return Match(
        hosts=() if hosts == (_ANY_HOST,) else hosts,
        path_kind=kind,
        path=path,
        methods=tuple(dict.fromkeys(form.methods)),
        headers=_header_predicates(form.headers),
        query=tuple(_predicate(name, predicate) for name, predicate in form.query.items()),
        clients=tuple(parse_network(network) for network in form.clients),
        listeners=form.listeners,
    )


def _path(form: MatchForm) -> tuple[PathKind, str]:
    if form.path is not None:
        kind = PathKind.TEMPLATE if "{" in form.path else PathKind.EXACT
        return kind, normalise_template(form.path, CONFIGURED_PATHS)
    if form.path_prefix is not None:
        return PathKind.PREFIX, normalise_path(form.path_prefix, CONFIGURED_PATHS)
    if form.path_regex is not None:
        return PathKind.REGEX, form.path_regex
    return PathKind.ANY, ""


def _predicate(name: str, form: PredicateForm) -> ValueMatch:
    if form.exact is not None:
        return ValueMatch(name, ValueKind.EXACT, form.exact)
    if form.regex is not None:
        return ValueMatch(name, ValueKind.REGEX, form.regex)
    return ValueMatch(name, ValueKind.PRESENT)


def _rewrite(form: RewriteForm) -> Rewrite:
    return Rewrite(
        path=form.path,
        path_prefix=form.path_prefix,
        host=form.host,
        headers=None if form.headers is None else _edit(form.headers),
        response_headers=None if form.response_headers is None else _edit(form.response_headers),
    )


def _edit(form: HeaderEditForm) -> HeaderEdit:
    return HeaderEdit(tuple(form.set.items()), tuple(form.add.items()), form.remove)


def _redirect(form: RedirectForm) -> Redirect:
    return Redirect(**dict(form))


def _respond(form: RespondForm) -> Respond:
    return Respond(form.status, tuple(form.headers.items()), form.body)


def _traces(form: RouteTracesForm) -> RouteTraces:
    formats = form.formats
    return RouteTraces(form.sample, None if formats is None else tuple(dict.fromkeys(formats)))


def _retries(form: RetriesForm) -> Retries:
    return Retries(
        attempts=form.attempts,
        on=tuple(dict.fromkeys(form.on)),
        methods=form.methods,
        per_try_timeout_ns=form.per_try_timeout,
        backoff=Backoff(form.backoff.first, form.backoff.max),
        budget_ratio=form.budget,
        body_buffer=form.body_buffer,
        hedge_after_ns=form.hedge_after,
    )


def _slo(form: SloForm) -> Slo:
    latency = form.latency
    return Slo(form.availability, None if latency is None else LatencyObjective(latency.target, latency.under))
