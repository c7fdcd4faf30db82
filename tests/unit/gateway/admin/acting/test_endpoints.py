"""Acting on endpoints over the admin API."""

from typing import Any, Final
from urllib.parse import urlencode

import msgspec
import pytest

from gateway.admin.acting import examples
from gateway.admin.state import Expected, NotAsExpected
from gateway.wire.actions import EndpointActionRequest, EndpointEffectView
from tests.support.admin_api import Acted, AdminApi

PATH: Final = "/api/v1/upstreams/orders/endpoints"
JSON: Final = {"Content-Type": "application/json"}


def test_an_action_is_handed_on_with_whom_why_and_what_was_seen(api: AdminApi) -> None:
    path = f"{PATH}/unix%3A%2Frun%2Fa.sock/weight?dry_run=true"
    body = b'{"reason": "disk", "weight": null}'
    reply = api.call("POST", path, body=body, headers={**JSON, "If-Match": '"3.7"'})
    assert reply.status == 200
    assert msgspec.json.decode(reply.body, type=EndpointEffectView) == examples.EFFECT
    assert reply.header("ETag") == '"3.0"'
    wanted = EndpointActionRequest(reason="disk", weight=None)
    key = ("orders", "unix:/run/a.sock")
    assert api.state.actions.acted == [Acted(key, "weight", wanted, Expected(3, 7), dry_run=True, actor="loopback")]


def test_a_body_may_be_empty_and_the_reason_in_the_query(api: AdminApi) -> None:
    assert api.call("POST", f"{PATH}/a/drain?reason=disk", body=b"", headers=JSON).status == 200
    (acted,) = api.state.actions.acted
    assert (acted.action, acted.wanted.reason, acted.expected, acted.dry_run) == ("drain", "disk", None, False)


@pytest.mark.parametrize(
    ("action", "body", "status"),
    [
        ("weight", {}, 422),
        ("weight", {"weight": 0}, 422),
        ("weight", {"weight": 1_000_001}, 422),
        ("weight", {"weight": "heavy"}, 422),
        ("drain", {"weight": 1}, 422),
        ("drain", {"why": "disk"}, 422),
        ("drain?dryrun=true", {}, 400),
        ("explode", {}, 404),
    ],
)
def test_what_is_not_understood_is_not_done(api: AdminApi, action: str, body: dict[str, Any], status: int) -> None:
    reply = api.call("POST", f"{PATH}/a/{action}", body=msgspec.json.encode(body), headers=JSON)
    assert (reply.status, api.state.actions.acted) == (status, [])


@pytest.mark.parametrize("said", ["disk\r\nfull\x1b[31m", " disk  full [31m"])
def test_a_reason_is_a_line_that_can_be_printed_wherever_it_is_said(api: AdminApi, said: str) -> None:
    api.call("POST", f"{PATH}/a/drain", body=msgspec.json.encode({"reason": said}), headers=JSON)
    api.call("POST", f"{PATH}/a/drain?{urlencode({'reason': said})}", body=b"", headers=JSON)
    assert [acted.wanted.reason for acted in api.state.actions.acted] == ["disk  full [31m"] * 2
    api.call("POST", f"{PATH}/a/drain", body=msgspec.json.encode({"reason": "x" * 300}), headers=JSON)
    assert api.state.actions.acted[-1].wanted.reason == "x" * 200


@pytest.mark.parametrize("field", ['"3"', "3"])
def test_a_sequence_alone_leaves_open_what_was_decided_beside_it(api: AdminApi, field: str) -> None:
    api.call("POST", f"{PATH}/a/drain", body=b"{}", headers={**JSON, "If-Match": field})
    assert [acted.expected for acted in api.state.actions.acted] == [Expected(3)]


@pytest.mark.parametrize("field", ['"3.x"', '"x"', '"3.7.1"', '"3."', '".7"', '""'])
def test_what_was_seen_must_be_a_tag_of_ours(api: AdminApi, field: str) -> None:
    assert api.call("POST", f"{PATH}/a/drain", body=b"{}", headers={**JSON, "If-Match": field}).status == 400


def test_who_is_late_learns_what_is_the_case_now(api: AdminApi) -> None:
    api.state.actions.verdict = NotAsExpected(4, "4.9")
    reply = api.call("POST", f"{PATH}/a/drain", body=b"{}", headers={**JSON, "If-Match": "3"})
    assert (reply.status, reply.header("ETag"), reply.json()["sequence"]) == (412, '"4.9"', 4)


def test_an_endpoint_that_is_not_there_is_not_found(api: AdminApi) -> None:
    assert api.call("POST", "/api/v1/upstreams/stock/endpoints/a/drain", body=b"{}", headers=JSON).status == 404


def test_a_viewer_and_a_web_page_do_nothing(api: AdminApi, guarded_api: AdminApi) -> None:
    viewer = {**JSON, "Authorization": "Bearer viewer-secret"}
    assert guarded_api.call("POST", f"{PATH}/a/drain", body=b"{}", headers=viewer).status == 403
    page = {**JSON, "Origin": "http://example.com"}
    assert api.call("POST", f"{PATH}/a/drain", body=b"{}", headers=page).status == 403
    assert api.call("POST", f"{PATH}/a/drain", body=b"{}", headers={"Content-Type": "text/plain"}).status == 415
    assert (api.state.actions.acted, guarded_api.state.actions.acted) == ([], [])
