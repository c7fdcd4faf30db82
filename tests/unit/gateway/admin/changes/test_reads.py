"""What can be asked about changes, and how questions that cannot be answered are refused."""

import pytest

from tests.support.admin_api import AdminApi


def test_incidents_are_asked_for_by_id_kind_and_number(api: AdminApi) -> None:
    reply = api.call("GET", "/api/v1/incidents?since=16&kind=config,worker_died&limit=5")
    assert reply.status == 200
    assert [incident["id"] for incident in reply.json()["incidents"]] == [17, 18]
    assert api.state.changes.asked == [(16, frozenset({"config", "worker_died"}), 5)]


def test_without_an_id_the_newest_of_all_kinds_are_asked_for(api: AdminApi) -> None:
    assert api.call("GET", "/api/v1/incidents").status == 200
    assert api.state.changes.asked == [(None, frozenset(), 100)]


@pytest.mark.parametrize(
    "query",
    ["since=-1", "since=x", "since=", "limit=0", "limit=1001", "limit=٣", "kind=nothing", "kind=,", "colour=red"],
)
def test_a_question_that_makes_no_sense_is_refused(api: AdminApi, query: str) -> None:
    reply = api.call("GET", f"/api/v1/incidents?{query}")
    assert (reply.status, reply.json()["reason"]) == (400, "bad_request")


def test_revisions_and_their_differences_are_answered(api: AdminApi) -> None:
    assert [each["sequence"] for each in api.call("GET", "/api/v1/revisions").json()["revisions"]] == [3, 2]
    difference = api.call("GET", "/api/v1/revisions/2..running").json()
    assert (difference["old"]["sequence"], difference["new"]["sequence"]) == (2, 3)
    assert api.call("GET", "/api/v1/revisions/previous?window_s=60").status == 200
    assert api.state.changes.windows == [60]


@pytest.mark.parametrize("path", ["77", "77..2", "2..77", "2..2..2", "2..", "..", "a..b"])
def test_a_revision_that_is_not_remembered_is_not_found(api: AdminApi, path: str) -> None:
    reply = api.call("GET", f"/api/v1/revisions/{path}")
    assert (reply.status, reply.json()["reason"]) == (404, "not_found")


@pytest.mark.parametrize("query", ["window_s=0", "window_s=21601", "window_s=1.5", "window=60"])
def test_a_window_that_cannot_be_is_refused(api: AdminApi, query: str) -> None:
    assert api.call("GET", f"/api/v1/revisions/running?{query}").status == 400
