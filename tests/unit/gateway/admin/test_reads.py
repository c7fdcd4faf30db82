"""Calls that only look."""

import msgspec
import pytest

from gateway.admin import examples
from gateway.telemetry.history.look import Look
from gateway.wire.views import StatusView
from tests.support.admin_api import AdminApi


def test_a_gateway_that_is_ready_says_so(api: AdminApi) -> None:
    reply = api.call("GET", "/readyz")
    assert (reply.status, reply.json()) == (200, {"status": "ready", "reasons": []})


def test_a_gateway_that_is_not_ready_answers_503_with_the_reasons(api: AdminApi) -> None:
    api.state.not_ready = ["worker 1 is starting"]
    reply = api.call("GET", "/readyz")
    assert (reply.status, reply.json()) == (503, {"status": "not_ready", "reasons": ["worker 1 is starting"]})
    assert api.call("GET", "/healthz").status == 200


def test_metrics_are_handed_through_with_their_content_type(api: AdminApi) -> None:
    reply = api.call("GET", "/metrics")
    assert reply.body == b"up 1.0\n"
    assert reply.header("Content-Type") == "text/plain; version=0.0.4; charset=utf-8"


def test_metrics_that_are_switched_off_are_not_found(api: AdminApi) -> None:
    api.state.metrics = None
    reply = api.call("GET", "/metrics")
    assert (reply.status, reply.json()["reason"]) == (404, "metrics_disabled")


def test_the_status_decodes_to_the_view_that_was_given(api: AdminApi) -> None:
    reply = api.call("GET", "/api/v1/status")
    assert reply.header("Content-Type") == "application/json"
    assert msgspec.json.decode(reply.body, type=StatusView) == examples.STATUS


def test_one_route_is_found_by_its_name(api: AdminApi) -> None:
    assert api.call("GET", "/api/v1/routes/orders").json()["name"] == "orders"


def test_a_name_may_contain_an_encoded_slash(api: AdminApi) -> None:
    assert api.call("GET", "/api/v1/routes/a%2Fb").status == 200


@pytest.mark.parametrize("path", ["/api/v1/routes/nothing", "/api/v1/upstreams/nothing"])
def test_an_unknown_name_is_not_found(api: AdminApi, path: str) -> None:
    reply = api.call("GET", path)
    assert (reply.status, reply.json()["reason"]) == (404, "not_found")
    assert "nothing" not in reply.json()["detail"]


def test_the_configuration_carries_its_sequence_as_entity_tag(api: AdminApi) -> None:
    assert api.call("GET", "/api/v1/config").header("ETag") == '"3"'


def test_figures_are_of_the_last_minute_unless_another_window_is_asked_for(api: AdminApi) -> None:
    api.call("GET", "/api/v1/routes")
    api.call("GET", "/api/v1/upstreams?window=300")
    at_s = api.state.history.now_s - 500
    api.call("GET", f"/api/v1/status?window=10&at={at_s}")
    assert api.state.looks == [Look(60), Look(300), Look(10, at_s)]


@pytest.mark.parametrize("path", ["status", "routes", "routes/orders", "upstreams", "upstreams/orders"])
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("window=9", "from 10 to 21600"),
        ("window=21601", "from 10 to 21600"),
        ("window=5m", "whole number of seconds"),
        ("window=", "whole number of seconds"),
        ("at=yesterday", "whole Unix seconds"),
        ("at=99999999999", "a time that has come"),
        ("at=1000", "within the last 6 hours"),
        ("at=123456789012", "whole Unix seconds"),
    ],
)
def test_a_window_that_makes_no_sense_is_refused_with_what_was_expected(
    api: AdminApi, path: str, query: str, expected: str
) -> None:
    reply = api.call("GET", f"/api/v1/{path}?{query}")
    assert (reply.status, reply.json()["reason"]) == (400, "bad_request")
    assert expected in reply.json()["detail"]
