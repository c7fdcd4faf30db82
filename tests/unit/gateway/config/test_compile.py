"""Forms to the values that workers run."""

from collections.abc import Callable

import pytest

from gateway.config import ConfigInvalid, Configuration
from gateway.model.breaker import NO_LIMITS, BreakerSettings, ConcurrencySettings, UpstreamLimits
from gateway.model.clock import MILLISECOND_NS, NEVER_NS, SECOND_NS
from gateway.model.listener import SlashRule
from gateway.model.retry import Backoff, Retries, RetryMethods, RetryOn
from gateway.model.route import (
    Criticality,
    HeaderEdit,
    LatencyObjective,
    Match,
    PathKind,
    Place,
    Redirect,
    Respond,
    Rewrite,
    Route,
    RouteTraces,
    Slo,
    ValueKind,
    ValueMatch,
    WeightedUpstream,
)
from gateway.model.tracing import TraceFormat, TrustIncoming
from gateway.model.upstream import Balance, Endpoint, Sticky

Load = Callable[..., Configuration]


def route(load: Load, text: str) -> Route:
    return load(f"routes:\n- name: r\n  {text}\n").snapshot.routes[0]


def match(load: Load, text: str) -> Match:
    return route(load, f"match: {{{text}}}\n  upstream: orders").match


def test_a_listener_is_what_was_configured(load: Load) -> None:
    text = """
listeners:
  - name: edge
    address: "[::1]:8443"
    timeouts: {header: none, idle: 1m30s}
    limits: {line: 1KiB, body: 10MiB, requests_per_connection: 5}
    paths: {encoded_slash: keep, merge_slashes: reject}
    trusted_proxies: [10.0.0.0/8, "::1"]
    forwarded: true
    explain_to: [192.0.2.0/24]
    return_request_id: true
    trust_incoming: link
"""
    listener = load(text, bare=True).snapshot.listeners[0]
    assert (listener.host, listener.port, listener.address) == ("::1", 8443, "[::1]:8443")
    assert (listener.timeouts.header_ns, listener.timeouts.idle_ns) == (NEVER_NS, 90 * SECOND_NS)
    assert (listener.limits.line, listener.limits.body) == (1024, 10 << 20)
    assert listener.limits.requests_per_connection == 5
    assert (listener.paths.encoded_slash, listener.paths.merge_slashes) == (SlashRule.KEEP, False)
    assert listener.trusted_proxies == ("10.0.0.0/8", "::1/128")
    assert listener.forwarded
    assert listener.explain_to == ("192.0.2.0/24",)
    assert listener.return_request_id
    assert listener.trust_incoming is TrustIncoming.LINK


def test_a_route_may_deal_with_traces_in_its_own_way(load: Load) -> None:
    plain = route(load, "upstream: orders")
    assert (plain.traces, plain.trust_incoming) == (RouteTraces(), None)
    own = route(load, "upstream: orders\n  trust_incoming: ignore\n  traces: {sample: 5%, formats: [b3, jaeger, b3]}")
    assert own.traces == RouteTraces(0.05, (TraceFormat.B3, TraceFormat.JAEGER))
    assert own.trust_incoming is TrustIncoming.IGNORE
    assert route(load, "upstream: orders\n  traces: {formats: []}").traces == RouteTraces(None, ())


@pytest.mark.parametrize("text", ["trust_incoming: maybe", "traces: {sample: 101%}", "traces: {formats: [zipkin]}"])
def test_a_wrong_word_about_traces_is_refused_with_its_place(load: Load, text: str) -> None:
    with pytest.raises(ConfigInvalid) as invalid:
        route(load, f"upstream: orders\n  {text}")
    assert text.split(":", maxsplit=1)[0] in str(invalid.value)


def test_an_upstream_is_what_was_configured(load: Load) -> None:
    text = """
listeners: [{name: a, address: 127.0.0.1:1}]
upstreams:
  mixed:
    endpoints: [127.0.0.1:1, {address: "[::1]:2", weight: 3}, Orders.internal:80, unix:/run/app.sock]
    balance: consistent_hash
    hash_on: header:X-User
    connections: {max: 1, max_pending: 0, connect_timeout: 250ms, idle_timeout: none}
"""
    upstream = load(text, bare=True).snapshot.upstreams[0]
    assert upstream.endpoints == (
        Endpoint("127.0.0.1:1", "127.0.0.1", 1),
        Endpoint("[::1]:2", "::1", 2, weight=3),
        Endpoint("Orders.internal:80", "orders.internal", 80),
        Endpoint("unix:/run/app.sock", unix_path="/run/app.sock"),
    )
    assert (upstream.balance, upstream.hash_on) == (Balance.CONSISTENT_HASH, "header:X-User")
    assert (upstream.connections.max, upstream.connections.max_pending) == (1, 0)
    assert upstream.connections.connect_timeout_ns == 250 * MILLISECOND_NS
    assert upstream.connections.idle_timeout_ns == NEVER_NS


def test_groups_zones_labels_and_sessions_are_what_was_configured(load: Load) -> None:
    text = """
listeners: [{name: a, address: 127.0.0.1:1}]
zone: eu-1a
upstreams:
  grouped:
    endpoints: [{address: "127.0.0.1:1", zone: eu-1a, priority: 1, labels: {version: v2, arch: arm}}]
    balance: consistent_hash
    hash_max_load: 150%
    prefer_zone: true
    failover_below: 50%
    sticky: {cookie: sid, secret: a-secret-for-these-tests, lifetime: 1h, secure: true}
"""
    snapshot = load(text, bare=True).snapshot
    (upstream,) = snapshot.upstreams
    labels = (("arch", "arm"), ("version", "v2"))
    assert upstream.endpoints == (Endpoint("127.0.0.1:1", "127.0.0.1", 1, zone="eu-1a", priority=1, labels=labels),)
    assert (upstream.hash_max_load, upstream.prefer_zone, upstream.failover_below) == (1.5, True, 0.5)
    assert upstream.sticky == Sticky("sid", "a-secret-for-these-tests", 3600 * SECOND_NS, is_secure=True)
    assert snapshot.zone == "eu-1a"


@pytest.mark.parametrize("text", ["hash_max_load: 99%", "sticky: {cookie: 'a b', secret: 0123456789abcdef}"])
def test_a_bound_below_a_fair_share_and_a_name_no_cookie_can_have_are_refused(load: Load, text: str) -> None:
    with pytest.raises(ConfigInvalid, match=r"expected (a ratio of at least 100%|the name of a cookie)"):
        load(
            f"listeners: [{{name: a, address: 127.0.0.1:1}}]\nupstreams: {{a: {{endpoints: [], {text}}}}}\n", bare=True
        )


def test_the_secret_of_a_session_cookie_is_never_shown(load: Load) -> None:
    secret = "a-secret-for-these-tests"
    text = f"listeners: [{{name: a, address: 127.0.0.1:1}}]\nupstreams: {{a: {{endpoints: [], sticky: {{cookie: sid, secret: {secret}}}}}}}\n"
    configuration = load(text, bare=True)
    assert secret.encode() not in configuration.canonical
    assert b'"secret":"REDACTED"' in configuration.canonical


@pytest.mark.parametrize(
    ("text", "kind", "path"),
    [
        ("path: /a/b", PathKind.EXACT, "/a/b"),
        ("path: /a%7eb//c%c3%a9", PathKind.EXACT, "/a~b/c%C3%A9"),
        ("path: /a%2Fb", PathKind.EXACT, "/a%2Fb"),
        ('path: "/a/{b}/{c*}"', PathKind.TEMPLATE, "/a/{b}/{c*}"),
        ("path_prefix: /a/", PathKind.PREFIX, "/a/"),
        ('path_regex: "/a/[0-9]+"', PathKind.REGEX, "/a/[0-9]+"),
        ("methods: [GET]", PathKind.ANY, ""),
    ],
)
def test_paths_are_normalised_as_those_of_requests_are(load: Load, text: str, kind: PathKind, path: str) -> None:
    compiled = match(load, text)
    assert (compiled.path_kind, compiled.path) == (kind, path)


def test_predicates_have_one_spelling(load: Load) -> None:
    compiled = match(
        load,
        'hosts: [API.example.com, api.example.com., "*.Example.org"], methods: [PUT, GET, PUT], listeners: [public], '
        'headers: {X-A: one, X-B: {regex: "a+"}, X-C: {present: true}, X-D: {exact: ""}}, '
        'query: {Page: "1"}, clients: [10.0.0.1, "fd00::/8"]',
    )
    assert compiled.hosts == ("api.example.com", "*.example.org")
    assert compiled.methods == ("PUT", "GET")
    assert compiled.listeners == ("public",)
    assert compiled.headers == (
        ValueMatch("x-a", ValueKind.EXACT, "one"),
        ValueMatch("x-b", ValueKind.REGEX, "a+"),
        ValueMatch("x-c", ValueKind.PRESENT),
        ValueMatch("x-d", ValueKind.EXACT, ""),
    )
    assert compiled.query == (ValueMatch("Page", ValueKind.EXACT, "1"),)
    assert compiled.clients == ("10.0.0.1/32", "fd00::/8")


def test_a_star_alone_is_any_host(load: Load) -> None:
    assert match(load, 'hosts: ["*"]').hosts == ()
    assert match(load, 'hosts: ["*", a.example.com]').hosts == ("*", "a.example.com")


def test_a_route_knows_its_place(load: Load) -> None:
    routes = load("routes:\n- {name: a, match: {path: /a}, upstream: orders}\n\n- {name: b, upstream: orders}\n")
    assert [each.place for each in routes.snapshot.routes] == [Place("gateway.yaml", 4), Place("gateway.yaml", 6)]
    assert [each.index for each in routes.snapshot.routes] == [0, 1]


def test_requests_may_be_split(load: Load) -> None:
    text = "split: [{upstream: orders, weight: 95}, {upstream: orders, weight: 0}, {upstream: orders}]"
    assert route(load, text).upstreams == (
        WeightedUpstream("orders", 95),
        WeightedUpstream("orders", 0),
        WeightedUpstream("orders", 1),
    )


def test_a_rewrite_is_what_was_configured(load: Load) -> None:
    text = """match: {path: "/a/{id}"}
  upstream: orders
  rewrite:
    path: /b/{id}
    host: orders.internal:8080
    headers: {set: {X-One: "1"}, add: {X-Two: "2"}, remove: [X-Three]}
    response_headers: {remove: [Server]}"""
    assert route(load, text).rewrite == Rewrite(
        path="/b/{id}",
        host="orders.internal:8080",
        headers=HeaderEdit((("X-One", "1"),), (("X-Two", "2"),), ("X-Three",)),
        response_headers=HeaderEdit(remove=("Server",)),
    )


def test_a_redirect_is_what_was_configured(load: Load) -> None:
    text = "redirect: {status: 308, scheme: https, host: example.com, port: 8443, path: /new, keep_query: false}"
    assert route(load, text).redirect == Redirect(308, "https", "example.com", 8443, "/new", None, keep_query=False)


def test_a_fixed_answer_is_what_was_configured(load: Load) -> None:
    text = 'respond: {status: 503, headers: {Retry-After: "5"}, body: "Später."}'
    assert route(load, text).respond == Respond(503, (("Retry-After", "5"),), "Später.")


def test_objectives_timeouts_trailers_and_priority_are_what_was_configured(load: Load) -> None:
    text = """upstream: orders
  timeouts: {request: 5s, first_byte: none, upstream_idle: 1h}
  slo: {availability: 99.9%, latency: {target: 99%, under: 300ms}}
  trailers: forward
  priority: -5"""
    compiled = route(load, text)
    assert (compiled.timeouts.request_ns, compiled.timeouts.first_byte_ns) == (5 * SECOND_NS, NEVER_NS)
    assert compiled.timeouts.upstream_idle_ns == 3600 * SECOND_NS
    assert compiled.slo == Slo(0.999, LatencyObjective(0.99, 300 * MILLISECOND_NS))
    assert (compiled.forward_trailers, compiled.priority) == (True, -5)


def test_retries_are_what_was_configured(load: Load) -> None:
    text = """upstream: orders
  retries:
    attempts: 4
    on: [timeout, 500, timeout]
    methods: any
    per_try_timeout: 1s
    backoff: {first: 5ms, max: 1s}
    budget: 10%
    body_buffer: 1KiB
    hedge_after: 50ms"""
    assert route(load, text).retries == Retries(
        attempts=4,
        on=(RetryOn.TIMEOUT, 500),
        methods=RetryMethods.ANY,
        per_try_timeout_ns=SECOND_NS,
        backoff=Backoff(5 * MILLISECOND_NS, SECOND_NS),
        budget_ratio=0.1,
        body_buffer=1024,
        hedge_after_ns=50 * MILLISECOND_NS,
    )
    assert route(load, "upstream: orders\n  retries: {}").retries == Retries()
    assert route(load, "upstream: orders").retries is None


def test_what_protects_an_upstream_is_off_unless_it_is_there_and_has_its_defaults_then(load: Load) -> None:
    upstreams = """
upstreams:
  plain: {endpoints: ["127.0.0.1:1"]}
  guarded: {endpoints: ["127.0.0.1:1"], breaker: {}, concurrency: {}, limits: {}}
  tuned:
    endpoints: ["127.0.0.1:1"]
    breaker: {failure_ratio: 10%, min_requests: 5, window: 1s, open_for: 2s, half_open_requests: 1}
    concurrency: {min: 1, max: 9}
    limits: {connections: 4, pending: 3, requests: 2, retries: 1}
routes: []
"""
    text = "listeners: [{name: public, address: '127.0.0.1:9080'}]" + upstreams
    plain, guarded, tuned = load(text, bare=True).snapshot.upstreams
    assert (plain.breaker, plain.concurrency, plain.limits) == (None, None, NO_LIMITS)
    assert (guarded.breaker, guarded.concurrency) == (BreakerSettings(), ConcurrencySettings())
    assert tuned.breaker == BreakerSettings(0.1, 5, SECOND_NS, 2 * SECOND_NS, 1)
    assert (tuned.concurrency, tuned.limits) == (ConcurrencySettings(1, 9), UpstreamLimits(4, 3, 2, 1))


def test_criticality_and_the_field_of_the_deadline_are_what_was_configured(load: Load) -> None:
    plain = route(load, "upstream: orders")
    assert (plain.criticality, plain.timeouts.deadline_header) == (Criticality.NORMAL, None)
    told = route(load, "upstream: orders\n  criticality: sheddable\n  timeouts: {deadline_header: X-Deadline-Ms}")
    assert (told.criticality, told.timeouts.deadline_header) == (Criticality.SHEDDABLE, "x-deadline-ms")
    assert route(load, "upstream: orders\n  timeouts: {deadline_header: none}").timeouts.deadline_header is None


@pytest.mark.parametrize("name", ["Content-Length", "'a b'", "''", "7"])
def test_a_deadline_needs_a_field_of_its_own(load: Load, name: str) -> None:
    with pytest.raises(ConfigInvalid) as invalid:
        route(load, f"upstream: orders\n  timeouts: {{deadline_header: {name}}}")
    assert [error.key for error in invalid.value.errors] == ["routes[0].timeouts.deadline_header"]
