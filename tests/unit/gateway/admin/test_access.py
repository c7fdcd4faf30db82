"""Who may call what."""

import pytest

from gateway.admin.access import AccessRules, is_loopback
from gateway.config.configuration import AdminToken, Role
from tests.support.admin_api import AdminApi, PreparedState

YAML = {"Content-Type": "application/yaml"}
APPLY = "/api/v1/config/apply"
VIEWER = {"Authorization": "Bearer viewer-secret"}
OPERATOR = {"Authorization": "Bearer operator-secret"}


def test_without_tokens_a_read_needs_none(api: AdminApi) -> None:
    assert api.call("GET", "/api/v1/status").status == 200


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST:9900", "[::1]:9900", "127.8.9.1:1"])
def test_without_tokens_a_change_is_taken_for_a_loopback_host(api: AdminApi, host: str) -> None:
    reply = api.call("POST", APPLY, body=b"{}", headers={**YAML, "Host": host})
    assert reply.status == 200
    assert api.state.applied == [("{}", "yaml", None, False, "loopback")]


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "127.0.0.1.nip.io", "10.0.0.1", "[", "a b"])
def test_without_tokens_a_change_is_refused_for_any_other_host(api: AdminApi, host: str) -> None:
    reply = api.call("POST", APPLY, body=b"{}", headers={**YAML, "Host": host})
    assert reply.status == 403
    assert reply.json()["reason"] == "forbidden"
    assert api.state.applied == []


@pytest.mark.parametrize("origin", ["http://127.0.0.1:9900", "null", "https://evil.example"])
def test_without_tokens_a_change_with_an_origin_is_refused(api: AdminApi, origin: str) -> None:
    reply = api.call("POST", APPLY, body=b"{}", headers={**YAML, "Origin": origin})
    assert reply.status == 403
    assert api.state.applied == []


def test_explaining_is_a_read_and_taken_from_any_host(api: AdminApi) -> None:
    headers = {"Content-Type": "application/json", "Host": "gateway.example"}
    assert api.call("POST", "/api/v1/explain", body=b'{"url":"/"}', headers=headers).status == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_needs_no_token(guarded_api: AdminApi, path: str) -> None:
    assert guarded_api.call("GET", path).status == 200


@pytest.mark.parametrize("path", ["/metrics", "/api/v1/status", "/api/v1/config", "/api/v1/openapi.json"])
def test_a_read_without_a_token_is_unauthorized_where_tokens_are_configured(guarded_api: AdminApi, path: str) -> None:
    reply = guarded_api.call("GET", path)
    assert reply.status == 401
    assert reply.json()["reason"] == "unauthorized"
    assert reply.header("WWW-Authenticate") == 'Bearer realm="sightline admin"'


@pytest.mark.parametrize(
    "field",
    [
        "Bearer",
        "Bearer ",
        "Bearer wrong",
        "Bearer viewer-secret2",
        "Bearer viewer-secre",
        "Basic dmlld2VyLXNlY3JldA==",
        "é",
    ],
)
def test_a_wrong_token_is_unauthorized_and_not_repeated(guarded_api: AdminApi, field: str) -> None:
    reply = guarded_api.call("GET", "/metrics", headers={"Authorization": field})
    assert reply.status == 401
    assert b"wrong" not in reply.body
    assert (reply.header("WWW-Authenticate") or "").startswith("Bearer ")


@pytest.mark.parametrize("path", ["/metrics", "/api/v1/status"])
@pytest.mark.parametrize("headers", [VIEWER, OPERATOR, {"Authorization": "bearer viewer-secret"}])
def test_either_role_may_read(guarded_api: AdminApi, path: str, headers: dict[str, str]) -> None:
    assert guarded_api.call("GET", path, headers=headers).status == 200


def test_a_viewer_may_explain(guarded_api: AdminApi) -> None:
    headers = {**VIEWER, "Content-Type": "application/json"}
    assert guarded_api.call("POST", "/api/v1/explain", body=b'{"url":"/"}', headers=headers).status == 200


def test_a_viewer_may_not_apply(guarded_api: AdminApi) -> None:
    reply = guarded_api.call("POST", APPLY, body=b"{}", headers={**VIEWER, **YAML})
    assert reply.status == 403
    assert reply.json()["detail"] == "this call needs the role operator; the token has viewer"
    assert guarded_api.state.applied == []


def test_an_operator_applies_under_the_name_of_its_token_from_any_host(guarded_api: AdminApi) -> None:
    headers = {**OPERATOR, **YAML, "Host": "gateway.example", "Origin": "https://console.example"}
    assert guarded_api.call("POST", APPLY, body=b"{}", headers=headers).status == 200
    assert guarded_api.state.applied[0][-1] == "ci"


def test_tokens_can_be_replaced_while_the_server_runs() -> None:
    rules = AccessRules((AdminToken("old", Role.VIEWER, "old-secret"),))
    running = AdminApi(PreparedState(), rules)
    try:
        rules.tokens = (AdminToken("new", Role.VIEWER, "new-secret"),)
        assert running.call("GET", "/metrics", headers={"Authorization": "Bearer old-secret"}).status == 401
        assert running.call("GET", "/metrics", headers={"Authorization": "Bearer new-secret"}).status == 200
    finally:
        running.close()


def test_a_token_does_not_print_its_secret() -> None:
    assert "s3cret" not in repr(AdminToken("ci", Role.OPERATOR, "s3cret"))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.255.0.9", "::1", "localhost"])
def test_loopback_hosts_are_known(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "example.com", "", "127.0.0.1.example.com"])
def test_other_hosts_are_not_loopback(host: str) -> None:
    assert not is_loopback(host)


def test_everybody_may_ask_who_they_are_and_what_they_may(api: AdminApi, guarded_api: AdminApi) -> None:
    me = api.call("GET", "/api/v1/me").json()
    assert me == {"name": "loopback", "role": "operator", "read_only": False, "because": ""}
    page = api.call("GET", "/api/v1/me", headers={"Origin": "http://example.com"}).json()
    assert (page["read_only"], "web pages" in page["because"]) == (True, True)
    for secret, name, read_only in (("viewer-secret", "grafana", True), ("operator-secret", "ci", False)):
        me = guarded_api.call("GET", "/api/v1/me", headers={"Authorization": f"Bearer {secret}"}).json()
        assert (me["name"], me["read_only"], bool(me["because"])) == (name, read_only, read_only)
