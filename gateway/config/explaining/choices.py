"""Which endpoints a request may go to: what the balancer chooses among, which could answer, and why the others could not."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final, TypeAlias

from gateway.config.configuration import Configuration
from gateway.config.errors import Verdict
from gateway.config.explaining.refusing import OUT, EndpointFacts, refusal_of_all
from gateway.http1.request_head import RequestHead
from gateway.model.exchange import Exchange
from gateway.model.route import Route
from gateway.model.upstream import Balance, Endpoint, Labels, Upstream
from gateway.proxy.dispatch import hash_key
from gateway.upstreams.balancing.balancer import FEW_ENDPOINTS
from gateway.upstreams.balancing.hash_ring import HashRing
from gateway.upstreams.live_upstream import has_labels
from gateway.wire.explain import EndpointChoiceView, UpstreamChoiceView
from gateway.wire.views import PlaceView

MAX_ENDPOINTS: Final = 200
"""Endpoints told of one upstream; the rest are counted."""
Facts: TypeAlias = Callable[[str, str], EndpointFacts | None]
"""By upstream and endpoint address; None where nothing is known, as when a file is asked."""


def choices_of(
    route: Route, configuration: Configuration, facts: Facts, exchange: Exchange, head: RequestHead
) -> list[UpstreamChoiceView]:
    """For each upstream of a route; exchange and head are what a hash may be made of."""
    upstreams = {upstream.name: upstream for upstream in configuration.snapshot.upstreams}
    places = {each.name: each for each in configuration.verdicts if each.kind == "upstream"}
    total = sum(share.weight for share in route.upstreams)
    return [
        _choice(
            upstreams[share.upstream],
            share.weight / total if total else 0.0,
            places.get(share.upstream),
            facts,
            lambda hash_on: hash_key(hash_on, exchange, head),
            route.subset,
        )
        for share in route.upstreams
    ]


def _choice(
    upstream: Upstream,
    share: float,
    place: Verdict | None,
    facts: Facts,
    key: Callable[[str], bytes],
    subset: Labels,
) -> UpstreamChoiceView:
    known = {each.address: facts(upstream.name, each.address) for each in upstream.endpoints}
    endpoints = [_as_weighed(each, known[each.address]) for each in upstream.endpoints]
    weighted = [each for each in endpoints if each.weight > 0 and has_labels(each.labels, subset)]
    chosen = None
    if len(weighted) == 1:
        chosen = weighted[0].address
    elif weighted and _is_certain(upstream):
        chosen = HashRing(weighted).owner(key(upstream.hash_on)).address
    refusal = refusal_of_all([(each, known[each.address]) for each in endpoints if has_labels(each.labels, subset)])
    return UpstreamChoiceView(
        upstream=upstream.name,
        share=round(share, 6),
        place=None if place is None else PlaceView(file=place.file, line=place.line),
        balance=upstream.balance.value,
        rule="; ".join([_rule(upstream, len(weighted)), *_before(upstream, subset)]),
        chosen=chosen,
        endpoints=[_endpoint(each, known[each.address], subset) for each in endpoints[:MAX_ENDPOINTS]],
        endpoints_left_out=max(0, len(endpoints) - MAX_ENDPOINTS),
        reason="none" if refusal is None else refusal.reason.value,
        refusal="" if refusal is None else refusal.words,
    )


def _is_certain(upstream: Upstream) -> bool:
    """Whether the hash alone leads to an endpoint."""
    has_groups = upstream.prefer_zone or len({endpoint.priority for endpoint in upstream.endpoints}) > 1
    is_hashed = upstream.balance is Balance.CONSISTENT_HASH and upstream.hash_max_load is None
    return is_hashed and not has_groups and upstream.sticky is None


def _as_weighed(endpoint: Endpoint, facts: EndpointFacts | None) -> Endpoint:
    """With the weight in force: what is drained has none, and takes no part in the choice."""
    is_as_configured = facts is None or facts.weight is None or facts.weight == endpoint.weight
    return endpoint if is_as_configured or facts is None else replace(endpoint, weight=facts.weight or 0)


def _rule(upstream: Upstream, weighted: int) -> str:
    """As `upstreams.balancing` chooses, among those with a weight."""
    if weighted <= 1:
        return "there is only one endpoint to choose" if weighted else "no endpoint has a weight, so there is none"
    two = f"{weighted}" if weighted <= FEW_ENDPOINTS else f"two of {weighted}"
    owner = f"the one of {weighted} endpoints that owns the hash of {upstream.hash_on}"
    if upstream.hash_max_load is not None:
        owner += f", or a next one: each takes at most {upstream.hash_max_load:.0%} of its share of what is in flight"
    least = f"of {weighted} endpoints the one with the fewest requests in flight for its weight, in each worker"
    if weighted > FEW_ENDPOINTS:
        least = f"of two of {weighted} endpoints, drawn by weight, the one with fewer requests in flight"
    rules = {
        Balance.ROUND_ROBIN: f"each of {weighted} endpoints in its turn, by weight",
        Balance.LEAST_REQUEST: least,
        Balance.PEAK_EWMA: f"of {two} endpoints the one whose latency times its requests in flight is least, by weight",
        Balance.RANDOM: f"one of {weighted} endpoints, drawn by weight",
        Balance.CONSISTENT_HASH: owner,
    }
    return rules[upstream.balance]


def _before(upstream: Upstream, subset: Labels) -> Iterable[str]:
    """What comes before the balancer's own rule."""
    if subset:
        yield f"only those with {', '.join(f'{name}: {value}' for name, value in subset)}"
    if upstream.sticky is not None:
        yield f"a client with the cookie {upstream.sticky.cookie} goes to the endpoint that answered it before"
    if len({endpoint.priority for endpoint in upstream.endpoints}) > 1:
        yield f"groups of lower priority numbers serve alone while {upstream.failover_below:.0%} of them can"
    if upstream.prefer_zone:
        yield "endpoints in the gateway's own zone come first"


def _endpoint(endpoint: Endpoint, facts: EndpointFacts | None, subset: Labels) -> EndpointChoiceView:
    because = "; ".join(_obstacles(endpoint, facts, subset))
    why = facts.probed if facts is not None and facts.probed else _why(facts)
    view = EndpointChoiceView(
        address=endpoint.address, weight=endpoint.weight, eligible=not because, because=because or why
    )
    if facts is None:
        return view
    return EndpointChoiceView(
        address=endpoint.address,
        weight=endpoint.weight,
        eligible=view.eligible,
        because=view.because,
        in_flight=facts.in_flight,
        connections=facts.connections,
        pending=facts.pending,
    )


def _obstacles(endpoint: Endpoint, facts: EndpointFacts | None, subset: Labels) -> Iterable[str]:
    if not has_labels(endpoint.labels, subset):
        yield "it has not the labels that the route asks for"
    if facts is None:
        return
    if facts.refused is not None:
        yield f"would be refused: {facts.refused.words}: {facts.refused.reason}"
    if facts.state == "draining":
        yield f"it is {next(iter(facts.decided), 'drained')}, so it is never chosen"
        return
    if endpoint.unix_path is None and not facts.addresses:
        yield f"the name {endpoint.host} has no address; an attempt ends with dns_error"
    elif facts.state in OUT and not facts.in_panic:
        yield _out(facts)
    if facts.workers and facts.queue_full == facts.workers:
        yield "every worker has all its connections in use and its queue full; an attempt ends with pool_exhausted"


def _out(facts: EndpointFacts) -> str:
    return f"it is {facts.state}{f' ({facts.why})' if facts.why else ''}"


def _why(facts: EndpointFacts | None) -> str:
    if facts is None:
        return "nothing in the configuration speaks against it"
    if facts.state in OUT:
        return f"{_out(facts)}, and chosen all the same: too few endpoints are usable (panic)"
    if facts.decided:
        return f"nothing speaks against it; {', '.join(facts.decided)}"
    if facts.recent_error_ratio:
        return f"of its attempts in the last minute {facts.recent_error_ratio:.1%} failed; it is chosen all the same"
    if facts.full:
        return f"{facts.full} of {facts.workers} workers have all its connections in use: requests wait there"
    return "nothing speaks against it"
