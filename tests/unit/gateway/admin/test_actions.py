"""Calls with a body."""

import gzip

import msgspec
import pytest

from gateway.admin import examples
from gateway.admin.actions import BODY_LIMIT
from gateway.admin.state import NotKept
from gateway.wire.views import ApplyResult, ConfigErrorView
from tests.support.admin_api import AdminApi

APPLY = "/api/v1/config/apply"
YAML = {"Content-Type": "application/yaml"}
JSON = {"Content-Type": "application/json"}


def result(outcome: str, errors: list[ConfigErrorView] | None = None) -> ApplyResult:
    return msgspec.convert(
        {
            "outcome": outcome,
            "revision": "aaaaaaaaaaaa",
            "running_revision": "bbbbbbbbbbbb",
            "running_sequence": 7,
            "errors": msgspec.to_builtins(errors or []),
        },
        ApplyResult,
    )


@pytest.mark.parametrize(
    ("headers", "expected"),
    [(YAML, "yaml"), (JSON, "json"), ({"Content-Type": "application/yaml; charset=utf-8"}, "yaml")],
)
def test_a_configuration_is_handed_on_with_its_format(api: AdminApi, headers: dict[str, str], expected: str) -> None:
    reply = api.call("POST", APPLY, body=b"routes: []", headers=headers)
    assert reply.status == 200
    assert msgspec.json.decode(reply.body, type=ApplyResult) == examples.APPLIED
    assert reply.header("ETag") == '"4"'
    assert api.state.applied == [("routes: []", expected, None, False, "loopback")]


@pytest.mark.parametrize(("query", "expected"), [("true", True), ("1", True), ("false", False)])
def test_a_dry_run_is_asked_for_in_the_query(api: AdminApi, query: str, expected: bool) -> None:
    api.call("POST", f"{APPLY}?dry_run={query}", body=b"{}", headers=YAML)
    assert api.state.applied[0][3] is expected


@pytest.mark.parametrize("query", ["dry_run=maybe", "dryrun=true"])
def test_a_flag_that_is_not_understood_changes_nothing(api: AdminApi, query: str) -> None:
    assert api.call("POST", f"{APPLY}?{query}", body=b"{}", headers=YAML).status == 400
    assert api.state.applied == []


@pytest.mark.parametrize(("field", "expected"), [("7", 7), ('"7"', 7), ("*", None)])
def test_if_match_names_the_sequence(api: AdminApi, field: str, expected: int | None) -> None:
    api.call("POST", APPLY, body=b"{}", headers={**YAML, "If-Match": field})
    assert api.state.applied[0][2] == expected


@pytest.mark.parametrize("field", ['W/"7"', "abc", '"', "", "-1", "1" * 30])
def test_an_if_match_that_is_no_sequence_changes_nothing(api: AdminApi, field: str) -> None:
    assert api.call("POST", APPLY, body=b"{}", headers={**YAML, "If-Match": field}).status == 400
    assert api.state.applied == []


def test_a_conflict_is_412_with_the_sequence_that_runs(api: AdminApi) -> None:
    api.state.apply_result = result("conflict")
    reply = api.call("POST", APPLY, body=b"{}", headers={**YAML, "If-Match": "3"})
    assert (reply.status, reply.json()["reason"], reply.json()["sequence"]) == (412, "conflict", 7)
    assert reply.header("ETag") == '"7"'


def test_errors_of_a_configuration_are_422_with_all_of_them(api: AdminApi) -> None:
    errors = [ConfigErrorView(file="body", line=line, key=f"routes[{line}]", message="wrong") for line in (1, 2)]
    api.state.apply_result = result("rejected", errors)
    reply = api.call("POST", APPLY, body=b"{}", headers=YAML)
    assert (reply.status, reply.json()["reason"]) == (422, "config_invalid")
    assert reply.json()["errors"] == msgspec.to_builtins(errors)
    assert reply.header("Content-Type") == "application/problem+json"


@pytest.mark.parametrize("outcome", ["valid", "unchanged"])
def test_a_configuration_that_changes_nothing_is_fine(api: AdminApi, outcome: str) -> None:
    api.state.apply_result = result(outcome)
    reply = api.call("POST", APPLY, body=b"{}", headers=YAML)
    assert (reply.status, reply.json()["outcome"]) == (200, outcome)


@pytest.mark.parametrize("path", [APPLY, "/api/v1/explain"])
@pytest.mark.parametrize(
    "headers", [{}, {"Content-Type": "text/plain"}, {"Content-Type": "application/x-www-form-urlencoded"}]
)
def test_another_media_type_is_unsupported(api: AdminApi, path: str, headers: dict[str, str]) -> None:
    reply = api.call("POST", path, body=b"{}", headers=headers)
    assert (reply.status, reply.json()["reason"]) == (415, "unsupported_media_type")
    assert api.state.applied == []


def test_yaml_is_not_taken_for_an_explanation(api: AdminApi) -> None:
    assert api.call("POST", "/api/v1/explain", body=b"url: /", headers=YAML).status == 415


def test_a_body_over_the_limit_is_refused(api: AdminApi) -> None:
    reply = api.call("POST", APPLY, body=b" " * (BODY_LIMIT + 1), headers=YAML)
    assert (reply.status, reply.json()["reason"]) == (413, "body_too_large")
    assert api.state.applied == []


def test_a_small_body_that_unpacks_over_the_limit_is_refused(api: AdminApi) -> None:
    bomb = gzip.compress(b" " * (BODY_LIMIT + 1))
    reply = api.call("POST", APPLY, body=bomb, headers={**YAML, "Content-Encoding": "gzip"})
    assert (reply.status, reply.json()["reason"]) == (413, "body_too_large")
    assert api.state.applied == []


def test_a_body_that_is_not_utf8_is_a_bad_request(api: AdminApi) -> None:
    assert api.call("POST", APPLY, body=b"\xff", headers=YAML).status == 400
    assert api.state.applied == []


def test_an_explanation_is_answered(api: AdminApi) -> None:
    body = b'{"method":"GET","url":"http://api.example.com/v1/orders/7","headers":[["Accept","*/*"]]}'
    reply = api.call("POST", "/api/v1/explain", body=body, headers=JSON)
    assert (reply.status, reply.json()["route"]) == (200, "orders")


@pytest.mark.parametrize("body", [b"", b"{", b"\xff"])
def test_an_explain_body_that_is_not_json_is_a_bad_request(api: AdminApi, body: bytes) -> None:
    assert api.call("POST", "/api/v1/explain", body=body, headers=JSON).status == 400


@pytest.mark.parametrize("body", [b"{}", b'{"url":1}', b'{"url":"/","colour":"red"}', b"[]"])
def test_an_explain_body_of_another_shape_is_an_invalid_request(api: AdminApi, body: bytes) -> None:
    reply = api.call("POST", "/api/v1/explain", body=body, headers=JSON)
    assert (reply.status, reply.json()["reason"]) == (422, "invalid_request")


def test_a_request_that_cannot_exist_is_an_invalid_request(api: AdminApi) -> None:
    api.state.explain_error = ValueError("no listener has this name")
    reply = api.call("POST", "/api/v1/explain", body=b'{"url":"/"}', headers=JSON)
    assert (reply.status, reply.json()["detail"]) == (422, "no listener has this name")


def test_a_fault_of_ours_in_an_explanation_is_not_told_as_an_exchange_that_is_not_kept(api: AdminApi) -> None:
    body, fields = b'{"exchange":"a"}', {"Content-Type": "application/json"}
    api.state.explain_error = NotKept("no recent exchange")
    assert api.call("POST", "/api/v1/explain", body=body, headers=fields).status == 404
    api.state.explain_error = KeyError(167)
    assert api.call("POST", "/api/v1/explain", body=body, headers=fields).status == 500
