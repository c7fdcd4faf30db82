"""What every call has in common: problems, methods, security fields."""

import pytest
import structlog.testing

from gateway.admin import app
from tests.support.admin_api import AdminApi


@pytest.mark.parametrize("path", ["/", "/api", "/api/v1", "/api/v1/nothing", "/api/v2/status", "/healthz/"])
def test_an_unknown_path_is_not_found(api: AdminApi, path: str) -> None:
    reply = api.call("GET", path)
    assert (reply.status, reply.json()["reason"]) == (404, "not_found")
    assert reply.header("Content-Type") == "application/problem+json"


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("POST", "/healthz", "GET, HEAD"),
        ("DELETE", "/api/v1/routes/orders", "GET, HEAD"),
        ("GET", "/api/v1/explain", "POST"),
        ("OPTIONS", "/api/v1/config/apply", "POST"),
    ],
)
def test_a_method_that_is_not_taken_is_405_with_what_is(api: AdminApi, method: str, path: str, allow: str) -> None:
    reply = api.call(method, path)
    assert (reply.status, reply.json()["reason"]) == (405, "method_not_allowed")
    assert reply.header("Allow") == allow


@pytest.mark.parametrize("path", ["/healthz", "/metrics", "/api/v1/status", "/api/v1/nothing"])
def test_every_answer_has_the_security_fields_and_no_version(api: AdminApi, path: str) -> None:
    reply = api.call("GET", path)
    assert reply.header("Server") == "sightline"
    assert reply.header("Cache-Control") == "no-store"
    assert reply.header("X-Content-Type-Options") == "nosniff"
    assert reply.header("Access-Control-Allow-Origin") is None


def test_head_answers_like_get_without_a_body(api: AdminApi) -> None:
    reply = api.call("HEAD", "/api/v1/status")
    assert (reply.status, reply.body) == (200, b"")


def test_a_call_that_fails_says_so_without_saying_why(api: AdminApi) -> None:
    api.state.explain_error = RuntimeError("canary")
    with structlog.testing.capture_logs() as logged:
        reply = api.call("POST", "/api/v1/explain", body=b'{"url":"/"}', headers={"Content-Type": "application/json"})
    assert (reply.status, reply.json()["reason"]) == (500, "internal_error")
    assert b"canary" not in reply.body
    assert [entry["event"] for entry in logged] == ["admin_call_failed"]


def test_what_is_large_is_compressed_for_those_on_another_machine_alone(
    api: AdminApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = {"Accept-Encoding": "gzip"}
    assert api.call("GET", "/api/v1/openapi.json", headers=asked).header("Content-Encoding") is None
    monkeypatch.setattr(app, "is_loopback", lambda _host: False)
    far = api.call("GET", "/api/v1/revisions", headers=asked)
    assert far.header("Content-Encoding") is None
    monkeypatch.setattr(app, "LARGE", 100)
    far = api.call("GET", "/api/v1/revisions", headers=asked)
    assert (far.header("Content-Encoding"), far.header("Vary")) == ("gzip", "Accept-Encoding")
    assert far.json()["revisions"]
