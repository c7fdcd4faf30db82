"""Texts for other programs."""

import shlex

import pytest
from msgspec.structs import replace

from console.render.copying.texts import (
    burn_query,
    curl_like,
    curl_of,
    curl_to,
    json_text,
    matchers,
    p99_query,
    requests_query,
    rule_text,
    traceparent_of,
)
from gateway.admin.examples import OBJECTIVES, ROUTE
from gateway.wire.views import MatchView, PredicateView
from tests.support.exchanges import line
from tests.support.known_gateway import LATENCY

AT = ["127.0.0.1:9080"]


@pytest.mark.parametrize(
    ("method", "command"),
    [
        ("GET", "curl -i 'http://127.0.0.1:9080/v1/orders/1?a=1' -H 'Host: api.example.com' -A 'a b'"),
        ("HEAD", "curl -i -I 'http://127.0.0.1:9080/v1/orders/1?a=1' -H 'Host: api.example.com' -A 'a b'"),
        ("PUT", "curl -i -X PUT 'http://127.0.0.1:9080/v1/orders/1?a=1' -H 'Host: api.example.com' -A 'a b'"),
    ],
)
def test_a_request_goes_to_the_first_listener_under_its_own_host(method: str, command: str) -> None:
    assert curl_of(line(1, method=method, query="a=1", user_agent="a b"), AT) == command


def test_what_a_client_sent_is_one_word_of_the_shell_and_one_line() -> None:
    hostile = line(1, method="X;id", host="h'; id '", path="/$(id)'`id`\n", user_agent="it's")
    words = shlex.split(curl_of(hostile, AT))
    assert words == [
        "curl", "-i", "-X", "X;id", "http://127.0.0.1:9080/$(id)'`id`?", "-H", "Host: h'; id '", "-A", "it's",
    ]  # fmt: skip


def test_a_request_that_a_route_may_take_has_what_it_matches() -> None:
    assert curl_to(ROUTE, AT) == "curl -i 'http://127.0.0.1:9080/v1/orders/1' -H 'Host: api.example.com'"
    match = MatchView(
        path_kind="prefix",
        path="/static",
        methods=["POST"],
        headers=[PredicateView(name="x-tenant", kind="exact", value="b c")],
        query=[PredicateView(name="v", kind="exact", value="2")],
    )
    assert curl_to(replace(ROUTE, match=match), AT) == (
        "curl -i -X POST 'http://127.0.0.1:9080/static?v=2' -H 'x-tenant: b c'"
    )
    assert curl_to(ROUTE, []) == "curl -i 'http://api.example.com/v1/orders/1'"


def test_what_curl_would_take_for_several_urls_stays_one() -> None:
    assert curl_of(line(1, path="/a{b,c}[1-3]"), AT).startswith("curl -i -g 'http://127.0.0.1:9080/a{b,c}[1-3]'")


def test_a_path_that_is_known_in_part_is_filled() -> None:
    assert curl_like("http://h/v1/*", "", AT) == "curl -i 'http://127.0.0.1:9080/v1/1' -H 'Host: h'"


def test_a_traceparent_says_whether_the_trace_was_chosen() -> None:
    assert traceparent_of(line(1, span_id="a" * 16, sampled=True)) == f"00-{1:032x}-{'a' * 16}-01"


def test_queries_are_of_the_window_and_quote_their_labels() -> None:
    assert (
        requests_query("m_total", "code", {"route": 'a"b'}, 300) == 'sum by (code) (rate(m_total{route="a\\"b"}[5m]))'
    )
    assert p99_query("m", {"route": "a"}, 10) == 'histogram_quantile(0.99, sum by (le) (rate(m_bucket{route="a"}[1m])))'
    assert matchers({"a": "1", "b": "2"}) == '{a="1", b="2"}'


def test_an_objective_is_a_rule_of_the_configuration_and_a_burn_in_prometheus() -> None:
    [availability] = OBJECTIVES.objectives
    assert rule_text([LATENCY, availability]) == "slo: {availability: 99.9%, latency: {target: 99%, under: 300ms}}"
    assert rule_text([]) == ""
    strict = replace(availability, target=0.9999999)
    assert rule_text([strict]) == "slo: {availability: 99.99999%}"
    assert burn_query(strict, 3600).endswith(" / (1 - 0.9999999)")
    assert "under: 1500000ms" in rule_text([replace(LATENCY, under_ms=1_500_000.0)])
    rate = 'sum(rate(sightline_slo_requests_total{route="orders", sli="availability"'
    assert burn_query(availability, 3600) == f'{rate}, result="bad"}}[1h])) / {rate}}}[1h])) / (1 - 0.999)'


def test_json_is_one_line_and_nothing_is_no_text() -> None:
    assert json_text([1, {"a": "é"}]) == '[1,{"a":"é"}]'
    assert json_text([]) == json_text(None) == ""
