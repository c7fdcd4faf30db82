"""What a configuration does with a request that is not sent."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from gateway.config import Configuration, explain_request
from gateway.config.explaining.refusing import EndpointFacts
from gateway.model.upstream import Endpoint
from gateway.upstreams.balancing.balancer import build_balancer
from gateway.wire.explain import ExplainRequest, ExplanationView
from gateway.wire.live import AccessLine
from gateway.wire.views import ShareView

Load = Callable[..., Configuration]

TEXT = """
listeners:
  - {name: public, address: 127.0.0.1:9080, limits: {line: 1KiB}}
  - {name: internal, address: 127.0.0.1:9081, paths: {encoded_slash: keep}}
upstreams:
  orders: {endpoints: [127.0.0.1:9001]}
  canary: {endpoints: [127.0.0.1:9002]}
routes:
  - name: order
    match: {hosts: [api.example.com], path: "/v1/orders/{id}", methods: [GET]}
    split: [{upstream: orders, weight: 95}, {upstream: canary, weight: 5}]
    rewrite: {path: "/orders/{id}", host: orders.internal}
  - {name: old, match: {path_prefix: /old}, redirect: {scheme: https, path_prefix: /new, status: 301}}
  - {name: health, match: {path: /health, clients: [10.0.0.0/8]}, respond: {status: 200, body: ok}}
  - {name: blue, match: {path: /t, headers: {x-tenant: blue}}, upstream: orders}
  - {name: inside, match: {listeners: [internal], path_prefix: /files}, upstream: orders}
"""


@pytest.fixture
def explain(load: Load) -> Callable[..., ExplanationView]:
    configuration = load(TEXT, bare=True)

    def explain_it(url: str, **request: Any) -> ExplanationView:
        return explain_request(configuration, ExplainRequest(url=url, **request))

    return explain_it


Explain = Callable[..., ExplanationView]


def test_a_forwarded_request_tells_where_it_goes_and_as_what(explain: Explain) -> None:
    view = explain("http://API.example.com:8080/v1/orders/7?page=1")
    assert (view.route, view.action, view.status, view.reason) == ("order", "forward", None, "none")
    assert (view.host, view.path) == ("api.example.com", "/v1/orders/7")
    assert view.parameters == {"id": "7"}
    assert view.upstreams == [ShareView(upstream="orders", weight=95), ShareView(upstream="canary", weight=5)]
    assert (view.forwarded_path, view.forwarded_host) == ("/orders/7", "orders.internal")
    assert view.considered[0].route == "order"
    assert view.considered[0].matched


def test_without_a_rewrite_the_host_is_forwarded_with_its_port(explain: Explain) -> None:
    view = explain("http://example.com:8080/t", headers=[("X-Tenant", "blue")])
    assert (view.forwarded_path, view.forwarded_host) == ("/t", "example.com:8080")


def test_a_redirect_tells_its_location(explain: Explain) -> None:
    view = explain("http://example.com/old/a?b=c")
    assert (view.route, view.action, view.status) == ("old", "redirect", 301)
    assert view.location == "https://example.com/new/a?b=c"


def test_an_answer_of_the_gateway_tells_its_status(explain: Explain) -> None:
    view = explain("/health", client="10.1.2.3")
    assert (view.route, view.action, view.status, view.host) == ("health", "respond", 200, "localhost")


@pytest.mark.parametrize(
    ("url", "request_of", "status", "reason", "detail"),
    [
        ("/nothing", {}, 404, "no_route", "no route takes the request"),
        ("/health", {}, 404, "no_route", "no route takes the request"),
        (
            "http://api.example.com/v1/orders/7",
            {"method": "PUT"},
            405,
            "method_not_allowed",
            "routes take this path with GET",
        ),
        ("/a%2Fb", {}, 400, "bad_request", "The path holds an encoded slash, backslash or NUL."),
        ("/" + "x" * 2000, {}, 414, "uri_too_long", ""),
        ("http://a b/", {}, 400, "bad_request", ""),
        ("/", {"method": "BREW"}, 501, "not_implemented", ""),
        ("/", {"headers": [("Host", "a"), ("Host", "b")]}, 400, "bad_request", ""),
        ("/", {"headers": [("Content-Length", "x")]}, 400, "bad_request", ""),
    ],
)
def test_what_is_refused_is_refused_with_the_engines_reason(
    explain: Explain, url: str, request_of: dict[str, Any], status: int, reason: str, detail: str
) -> None:
    view = explain(url, **request_of)
    assert (view.route, view.status, view.reason) == (None, status, reason)
    assert detail in view.detail


def test_a_predicate_that_failed_is_told(explain: Explain) -> None:
    (blue,) = [each for each in explain("/t").considered if each.route == "blue"]
    assert not blue.matched
    assert "x-tenant" in blue.because
    assert blue.place.line == 15


def test_the_first_listener_is_meant_unless_another_is_named(explain: Explain) -> None:
    assert explain("/files/a%2Fb").reason == "bad_request"
    view = explain("/files/a%2Fb", listener="internal")
    assert (view.route, view.forwarded_path) == ("inside", "/files/a%2Fb")


def test_options_about_the_gateway_itself_is_answered_by_it(explain: Explain) -> None:
    view = explain("*", method="OPTIONS")
    assert (view.route, view.status, view.detail) == (None, 200, "the gateway answers OPTIONS * by itself")


@pytest.mark.parametrize(
    "request_of",
    [
        {"listener": "nobody"},
        {"client": "example.com"},
        {"headers": [("X-A", "1\r\nHost: b")]},
        {"method": "GET / HTTP/1.1\r\nX: "},
    ],
)
def test_a_request_that_cannot_exist_is_not_explained(explain: Explain, request_of: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        explain("/", **request_of)


LINES = """
listeners: [{name: public, address: 127.0.0.1:9080, limits: {body: 1MiB}}]
upstreams:
  orders:
    endpoints: [127.0.0.1:9001, db.test:9002]
  hashed:
    endpoints: [127.0.0.1:9003, 127.0.0.1:9004, 127.0.0.1:9005]
    balance: consistent_hash
    hash_on: header:x-user
routes:
  - name: blue
    match:
      path: /t
      methods: [GET]
      headers:
        X-Tenant: blue
      query: {v: "2"}
    upstream: orders
    rewrite:
      headers: {set: {authorization: Bearer-hidden, x-plain: shown}, remove: [x-gone]}
    timeouts: {first_byte: 2s}
    slo: {availability: 99.9%, latency: {target: 99%, under: 300ms}}
  - {name: spread, match: {path: /h}, upstream: hashed}
  - name: rest
    match: {path_prefix: /}
    split: [{upstream: orders, weight: 3}, {upstream: hashed, weight: 1}]
"""


class Candidate:
    """An endpoint as a balancer looks at it."""

    in_flight = 0
    is_available = True
    latency: None = None

    def __init__(self, endpoint: Endpoint) -> None:
        self.address = endpoint.address
        self.weight = endpoint.weight


@pytest.fixture
def configuration(load: Load) -> Configuration:
    return load(LINES, bare=True)


@pytest.mark.parametrize(
    ("wanted", "key", "line"),
    [
        (ExplainRequest(url="/other"), "match.path", 13),
        (ExplainRequest(url="/t", method="PUT"), "match.methods", 14),
        (ExplainRequest(url="/t?v=2"), "match.headers.x-tenant", 16),
        (ExplainRequest(url="/t?v=1", headers=[("x-tenant", "blue")]), "match.query.v", 17),
    ],
)
def test_a_failed_predicate_is_told_with_the_line_of_its_own_key(
    configuration: Configuration, wanted: ExplainRequest, key: str, line: int
) -> None:
    considered = {each.route: each for each in explain_request(configuration, wanted).considered}
    failed = considered["blue"].failed
    assert failed is not None
    assert (failed.key, failed.place.line, failed.known) == (key, line, True)
    assert considered["blue"].place.line == 11


def test_what_is_applied_is_told_and_no_credential_is_shown(configuration: Configuration) -> None:
    view = explain_request(configuration, ExplainRequest(url="/t?v=2", headers=[("x-tenant", "blue")]))
    applied = view.applied
    assert applied is not None
    assert applied.request_headers is not None
    assert applied.request_headers.set == {"authorization": "REDACTED", "x-plain": "shown"}
    assert applied.request_headers.remove == ["x-gone"]
    assert (applied.first_byte_timeout_ms, applied.request_timeout_ms) == (2000.0, None)
    assert (applied.slo_availability, applied.slo_latency_under_ms) == (0.999, 300.0)
    assert (applied.limits["body"], applied.trace_sample_ratio) == (1024 * 1024, 0.01)


def test_a_route_s_own_rates_of_logs_and_traces_count(load: Load) -> None:
    text = "telemetry: {access_log: {sample: {success: 10%}}, traces: {sample: 5%}}\n"
    own = "routes: [{name: a, match: {path: /a}, upstream: orders, access_log: {sample: {success: 50%}}}]\n"
    applied = explain_request(load(text + own), ExplainRequest(url="/a")).applied
    assert applied is not None
    assert (applied.log_sample_ratio, applied.trace_sample_ratio) == (0.5, 0.05)


def test_who_is_turned_away_first_and_what_the_upstream_is_told_of_the_deadline(load: Load) -> None:
    own = "  criticality: sheddable\n  timeouts: {deadline_header: X-Left-Ms}\n"
    text = "routes:\n- name: all\n  match: {path_prefix: /}\n  upstream: orders\n"
    applied = explain_request(load(text + own), ExplainRequest(url="/a")).applied
    assert applied is not None
    assert (applied.criticality, applied.deadline_header) == ("sheddable", "x-left-ms")


def test_each_upstream_is_told_with_its_share_and_how_it_chooses(configuration: Configuration) -> None:
    orders, hashed = explain_request(configuration, ExplainRequest(url="/x")).choices
    assert (orders.share, orders.balance, orders.chosen) == (0.75, "least_request", None)
    assert orders.place is not None
    assert orders.place.line == 4
    assert (hashed.share, hashed.chosen in {each.address for each in hashed.endpoints}) == (0.25, True)


def test_a_hash_leads_where_the_workers_own_ring_leads(configuration: Configuration) -> None:
    upstream = configuration.snapshot.upstreams[1]
    for user in ("ann", "bob", "eve"):
        (choice,) = explain_request(configuration, ExplainRequest(url="/h", headers=[("x-user", user)])).choices
        picked = build_balancer(upstream.balance, [Candidate(each) for each in upstream.endpoints]).pick(
            user.encode(), None
        )
        assert picked is not None
        assert choice.chosen == picked.address


def test_endpoints_that_cannot_answer_say_why(configuration: Configuration) -> None:
    known = {
        "127.0.0.1:9001": EndpointFacts(("127.0.0.1",), in_flight=7, workers=2, full=1),
        "db.test:9002": EndpointFacts((), workers=2),
        "127.0.0.1:9003": EndpointFacts(("127.0.0.1",), workers=2, full=2, queue_full=2),
        "127.0.0.1:9004": EndpointFacts(
            ("127.0.0.1",), state="draining", workers=2, weight=0, decided=("drained by ana (disk)",)
        ),
    }
    view = explain_request(configuration, ExplainRequest(url="/x"), lambda _, endpoint: known.get(endpoint))
    told = {each.address: each for choice in view.choices for each in choice.endpoints}
    assert (told["127.0.0.1:9001"].eligible, told["127.0.0.1:9001"].in_flight) == (True, 7)
    assert "1 of 2 workers" in told["127.0.0.1:9001"].because
    assert (told["db.test:9002"].eligible, "has no address" in told["db.test:9002"].because) == (False, True)
    assert (told["127.0.0.1:9003"].eligible, "queue full" in told["127.0.0.1:9003"].because) == (False, True)
    assert (told["127.0.0.1:9004"].eligible, told["127.0.0.1:9004"].because) == (
        False,
        "it is drained by ana (disk), so it is never chosen",
    )
    assert (told["127.0.0.1:9005"].eligible, told["127.0.0.1:9005"].in_flight) == (True, None)


def test_an_endpoint_that_is_out_says_why_and_in_panic_that_it_is_chosen_all_the_same(
    configuration: Configuration,
) -> None:
    out = EndpointFacts(("127.0.0.1",), state="ejected", why="passive, 5 failures in a row")

    def told(facts: EndpointFacts) -> tuple[bool, str]:
        view = explain_request(configuration, ExplainRequest(url="http://x/t"), lambda *_: facts)
        endpoint = view.choices[0].endpoints[0]
        return endpoint.eligible, endpoint.because

    assert told(out) == (False, "it is ejected (passive, 5 failures in a row)")
    assert told(replace(out, in_panic=True)) == (
        True,
        "it is ejected (passive, 5 failures in a row), and chosen all the same: too few endpoints are usable (panic)",
    )
    assert told(replace(out, state="unknown", why="")) == (True, "nothing speaks against it")


def test_a_drained_endpoint_owns_no_hash(configuration: Configuration) -> None:
    upstream = configuration.snapshot.upstreams[1]
    (choice,) = explain_request(configuration, ExplainRequest(url="/h", headers=[("x-user", "ann")])).choices
    drained = EndpointFacts(("127.0.0.1",), state="draining", weight=0)
    known = {choice.chosen: drained}
    wanted = ExplainRequest(url="/h", headers=[("x-user", "ann")])
    (other,) = explain_request(configuration, wanted, lambda _, endpoint: known.get(endpoint)).choices
    assert choice.chosen != other.chosen
    assert other.chosen in {each.address for each in upstream.endpoints}


def recorded(configuration: Configuration, **facts: Any) -> ExplanationView:
    line = AccessLine(
        **{
            "request_id": "req-1",
            "revision": configuration.snapshot.revision,
            "client": "192.0.2.1",
            "host": "api.test",
            "path": "/t",
            "query": "v=REDACTED",
            "method": "GET",
            "status": 200,
            "route": "blue",
            **facts,
        }
    )
    return explain_request(configuration, ExplainRequest(exchange="req-1"), line=line)


def test_a_recorded_exchange_is_explained_by_the_route_that_took_it(configuration: Configuration) -> None:
    view = recorded(configuration)
    assert (view.route, view.method, view.host, view.path) == ("blue", "GET", "api.test", "/t")
    assert "as the record says" in view.detail
    assert view.recorded is not None
    assert (view.recorded.same_revision, view.recorded.status) == (True, 200)
    assert any("header fields" in each for each in view.recorded.unknown)
    assert any("v in the query" in each for each in view.recorded.unknown)


def test_what_a_record_does_not_hold_is_not_told_as_a_failure_that_is_known(configuration: Configuration) -> None:
    view = recorded(configuration, revision="0" * 12, route="gone")
    failed = {each.route: each.failed for each in view.considered}["blue"]
    assert failed is not None
    assert (failed.key, failed.known, failed.actual) == ("match.headers.x-tenant", False, "not recorded")
    assert view.recorded is not None
    assert (view.route, view.recorded.same_revision) == ("rest", False)


def test_an_exchange_that_was_no_request_cannot_be_explained(configuration: Configuration) -> None:
    with pytest.raises(ValueError, match="before its request was read"):
        recorded(configuration, method="", path="")


def test_neither_url_nor_exchange_is_nothing_to_explain(configuration: Configuration) -> None:
    with pytest.raises(ValueError, match="expected a URL"):
        explain_request(configuration, ExplainRequest())


def test_labels_groups_sessions_and_zones_are_told_before_the_balancer_s_rule(load: Load) -> None:
    text = """
listeners: [{name: a, address: 127.0.0.1:1}]
zone: eu-1a
upstreams:
  orders:
    endpoints:
      - {address: "127.0.0.1:1", labels: {version: v2}}
      - {address: "127.0.0.1:2", priority: 1}
    prefer_zone: true
    sticky: {cookie: sid, secret: a-secret-for-these-tests}
routes: [{name: a, match: {path: /a}, upstream: orders, subset: {version: v2}}]
"""
    (choice,) = explain_request(load(text, bare=True), ExplainRequest(url="/a")).choices
    assert choice.rule == (
        "there is only one endpoint to choose; only those with version: v2; a client with the cookie sid goes to the "
        "endpoint that answered it before; groups of lower priority numbers serve alone while 70% of them can; endpoints "
        "in the gateway's own zone come first"
    )
    assert [(each.eligible, each.because) for each in choice.endpoints] == [
        (True, "nothing in the configuration speaks against it"),
        (False, "it has not the labels that the route asks for"),
    ]
