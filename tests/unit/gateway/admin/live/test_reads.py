"""Calls that look at recent traffic: what they ask of the gateway, and what they refuse."""

import json

import pytest

from tests.support.admin_api import AdminApi

LINES = [
    b'{"route":"slow","http.response.status_code":200,"reason":"none","duration_ms":900.5}',
    b'{"route":"orders","http.response.status_code":502,"reason":"connect_refused","duration_ms":1.5}',
    b'{"route":"orders","http.response.status_code":503,"reason":"pool_exhausted","duration_ms":20}',
    b'{"route":"_unmatched","http.response.status_code":404,"reason":"no_route","duration_ms":0.1}',
]


def test_exchanges_are_the_lines_themselves(api: AdminApi) -> None:
    api.state.live.lines = LINES
    assert api.call("GET", "/api/v1/exchanges").json()["exchanges"] == [json.loads(line) for line in LINES]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("limit=2", [0, 1]),
        ("route=orders", [1, 2]),
        ("status=5xx", [1, 2]),
        ("status=404", [3]),
        ("reason=pool_exhausted", [2]),
        ("min_duration_ms=20", [0, 2]),
        ("route=orders&min_duration_ms=2.5", [2]),
        ("route=orders&limit=1", [1]),
        ("route=nothing", []),
        ("filter=err", [1, 2]),
        ("filter=latency:%3E500ms%20%7C%20status:404", [0, 3]),
        ("filter=err&reason=pool_exhausted", [2]),
    ],
)
def test_exchanges_are_chosen_by_every_filter_given(api: AdminApi, query: str, expected: list[int]) -> None:
    api.state.live.lines = LINES
    reply = api.call("GET", f"/api/v1/exchanges?{query}")
    assert reply.json()["exchanges"] == [json.loads(LINES[index]) for index in expected]


def test_the_answer_says_how_the_filter_was_understood_and_how_much_was_looked_at(api: AdminApi) -> None:
    api.state.live.lines = LINES
    answer = api.call("GET", "/api/v1/exchanges?filter=status%3E%3D500%20-route=a&route=orders").json()
    assert (answer["filter"], answer["scanned"]) == ("status:>=500 !route:a route:orders", 4)


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=1001",
        "limit=x",
        "limit=%C2%B2",
        "status=6xx",
        "status=20",
        "min_duration_ms=-1",
        "min_duration_ms=nan",
        "min_duration_ms=inf",
        "before=nonsense",
        "color=red",
    ],
)
def test_a_parameter_that_makes_no_sense_is_a_bad_request(api: AdminApi, query: str) -> None:
    reply = api.call("GET", f"/api/v1/exchanges?{query}")
    assert (reply.status, reply.json()["reason"]) == (400, "bad_request")


def test_a_filter_that_cannot_be_understood_is_refused_with_the_column(api: AdminApi) -> None:
    reply = api.call("GET", "/api/v1/exchanges?filter=latency:%3E50")
    assert (reply.status, reply.json()["reason"]) == (400, "filter_invalid")
    assert reply.json()["detail"] == "column 12: expected a unit: us, ms, s, m; did you mean 50ms?"


def test_one_exchange_is_found_by_its_id(api: AdminApi) -> None:
    api.state.live.lines = [b'{"request_id":"abc","route":"a"}', b'{"request_id":"def","route":"b"}']
    assert api.call("GET", "/api/v1/exchanges/def").json()["exchanges"] == [{"request_id": "def", "route": "b"}]


def test_an_exchange_that_is_not_kept_is_not_found_and_the_answer_says_how_many_are(api: AdminApi) -> None:
    api.state.live.lines = LINES
    reply = api.call("GET", "/api/v1/exchanges/none-such")
    assert (reply.status, reply.json()["reason"]) == (404, "not_found")
    assert reply.json()["detail"] == "none of the 4 exchanges kept has this id"


def test_unmatched_paths_are_listed_up_to_the_limit(api: AdminApi) -> None:
    answer = api.call("GET", "/api/v1/unmatched?limit=1").json()
    assert [path["path"] for path in answer["paths"]] == ["/v1/oders/*"]
    assert api.call("GET", "/api/v1/unmatched?limit=513").status == 400
