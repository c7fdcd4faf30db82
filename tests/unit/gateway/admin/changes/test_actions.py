"""Going back to a revision: who may, under which conditions, and what is answered."""

from msgspec.structs import replace

from tests.support.admin_api import AdminApi

PATH = "/api/v1/revisions/previous/rollback"
JSON = {"Content-Type": "application/json"}


def test_a_roll_back_is_asked_for_with_all_its_conditions(api: AdminApi) -> None:
    reply = api.call("POST", f"{PATH}?dry_run=true", headers=JSON | {"If-Match": '"3"'})
    assert (reply.status, reply.header("ETag")) == (200, '"4"')
    assert api.state.changes.rolled_back == [("previous", 3, True, "loopback")]


def test_a_viewer_may_not_roll_back_and_an_operator_is_named(guarded_api: AdminApi) -> None:
    assert guarded_api.call("POST", PATH, headers={"Authorization": "Bearer viewer-secret"}).status == 403
    assert guarded_api.call("POST", PATH).status == 401
    assert guarded_api.state.changes.rolled_back == []
    assert guarded_api.call("POST", PATH, headers=JSON | {"Authorization": "Bearer operator-secret"}).status == 200
    assert guarded_api.state.changes.rolled_back == [("previous", None, False, "ci")]


def test_a_web_page_may_not_roll_back(api: AdminApi) -> None:
    assert api.call("POST", PATH, headers=JSON | {"Origin": "https://evil.test"}).status == 403
    assert api.call("POST", PATH).status == 415
    assert api.call("POST", PATH, headers={"Content-Type": "application/x-www-form-urlencoded"}).status == 415
    assert api.state.changes.rolled_back == []


def test_a_conflict_says_what_runs(api: AdminApi) -> None:
    changes = api.state.changes
    changes.roll_back_result = replace(changes.roll_back_result, outcome="conflict", running_sequence=7)
    reply = api.call("POST", PATH, headers=JSON)
    assert (reply.status, reply.json()["sequence"], reply.header("ETag")) == (412, 7, '"7"')


def test_a_revision_that_is_not_remembered_is_not_found(api: AdminApi) -> None:
    assert api.call("POST", "/api/v1/revisions/77/rollback", headers=JSON).status == 404
