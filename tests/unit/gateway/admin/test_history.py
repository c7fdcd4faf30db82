"""The call about the recent past: what it answers, and what it refuses."""

from collections.abc import Iterator

import pytest

from gateway.admin.access import AccessRules
from gateway.telemetry.history.history import History
from gateway.wire.report import Report, RequestCount, RouteDelta
from tests.support.admin_api import AdminApi, PreparedState

NOW = 1_800_000_000


@pytest.fixture
def past_api() -> Iterator[AdminApi]:
    """A minute with two requests a second to `orders`."""
    times = iter([NOW, *(NOW + second for second in range(60)), *[NOW + 60] * 100])
    history = History(clock=lambda: next(times))
    for _ in range(60):
        history.absorb(
            1, Report(1, 1, 0, routes=[RouteDelta("orders", 0, [RequestCount("GET", 200, "upstream", "none", 2)])])
        )
    running = AdminApi(PreparedState(history=history), AccessRules())
    yield running
    running.close()


def test_a_route_is_told_step_by_step_and_as_a_whole(past_api: AdminApi) -> None:
    reply = past_api.call("GET", "/api/v1/history?kind=route&name=orders&window=1m&step=10s")
    assert reply.status == 200
    view = reply.json()
    assert (view["kind"], view["name"], view["step_s"], view["is_complete"]) == ("route", "orders", 10, True)
    assert [point["requests"] for point in view["points"]] == [20] * 6
    assert view["total"]["rate"] == 2.0


def test_without_anything_it_is_the_gateway_over_five_minutes(past_api: AdminApi) -> None:
    view = past_api.call("GET", "/api/v1/history").json()
    assert (view["kind"], view["step_s"], view["total"]["requests"], len(view["points"])) == ("gateway", 10, 120, 30)
    assert view["is_complete"] is False


@pytest.mark.parametrize("end", ["1800000030", "2027-01-15T08:00:30Z", "2027-01-15T09:00:30%2B01:00"])
def test_the_end_may_be_given_in_either_form(past_api: AdminApi, end: str) -> None:
    view = past_api.call("GET", f"/api/v1/history?window=20s&step=1s&end={end}").json()
    assert (view["start"], view["end"]) == ("2027-01-15T08:00:10Z", "2027-01-15T08:00:30Z")
    assert view["total"]["requests"] == 40


@pytest.mark.parametrize(
    "name",
    [
        "kind=route&name=a/b",
        "kind=route&name=_unmatched",
        "kind=upstream&name=orders",
        "kind=endpoint&name=orders/orders.internal:9001",
    ],
)
def test_what_is_configured_but_idle_reads_as_zeros(past_api: AdminApi, name: str) -> None:
    reply = past_api.call("GET", f"/api/v1/history?{name}&window=1m")
    assert (reply.status, reply.json()["total"]["requests"]) == (200, 0)


@pytest.mark.parametrize(
    "name",
    [
        "kind=route",
        "kind=route&name=nobody",
        "kind=upstream&name=orders/x",
        "kind=endpoint&name=orders",
        "kind=endpoint&name=nobody/1",
        "kind=gateway&name=x",
    ],
)
def test_what_does_not_exist_is_not_found(past_api: AdminApi, name: str) -> None:
    reply = past_api.call("GET", f"/api/v1/history?{name}")
    assert (reply.status, reply.json()["reason"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("query", "hint"),
    [
        ("kind=worker", "kind must be one of"),
        ("windows=5m", "not known"),
        ("window=7h", "at most 6h"),
        ("window=250ms", "whole seconds"),
        ("step=0s", "whole seconds"),
        ("window=6h&step=1s", "points"),
        ("window=1h&step=7s", "steps of a second are kept for 5 minutes"),
        ("end=yesterday", "end must be a time"),
        ("end=2027-01-15T08:00:30", "end must be a time"),
        ("end=5", "kept"),
    ],
)
def test_what_is_not_kept_or_not_understood_is_refused_in_a_sentence(past_api: AdminApi, query: str, hint: str) -> None:
    reply = past_api.call("GET", f"/api/v1/history?{query}")
    assert (reply.status, reply.json()["reason"]) == (400, "bad_request")
    assert hint in reply.json()["detail"]
