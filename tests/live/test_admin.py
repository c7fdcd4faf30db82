"""The admin API of the whole program: what it says is what the gateway does, and what it is told the gateway does."""

import http.client
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from jsonschema import Draft202012Validator

from tests.live.conftest import StartOrigin
from tests.support.config import free_port, one_route
from tests.support.gateway import ProcessGateway
from tests.support.origin import say_target
from tests.support.waiting import wait_until

VIEWER: Final = "viewer-token-0123456789"
OPERATOR: Final = "operator-token-0123456789"
YAML: Final = {"Content-Type": "application/yaml"}


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Running:
    """A gateway of two workers with one route to one origin, and calls to its admin API."""

    def __init__(self, folder: Path, origin: str, admin: str = "", workers: int = 2) -> None:
        self.port, self.admin_port = free_port(), free_port()
        self.origin = origin
        self.admin = admin
        self.workers = workers
        self.gateway = ProcessGateway(folder, self.text(), self.port, self.admin_port)

    def text(self, **keys: str) -> str:
        """The configuration it was started with, or with other keys."""
        more = f'admin: {{address: "127.0.0.1:{self.admin_port}"{self.admin}}}\nworkers: {self.workers}'
        return one_route(self.origin, port=self.port, more=more, **keys)

    def call(self, method: str, path: str, body: str | None = None, headers: dict[str, str] | None = None) -> Reply:
        connection = http.client.HTTPConnection("127.0.0.1", self.admin_port, timeout=10)
        try:
            connection.request(method, path, None if body is None else body.encode(), headers or {})
            response = connection.getresponse()
            return Reply(response.status, dict(response.getheaders()), response.read())
        finally:
            connection.close()

    def get(self, path: str) -> Any:
        reply = self.call("GET", path)
        assert reply.status == 200, reply.body
        return reply.json()

    def send(self, path: str) -> int:
        """The status of a GET through the gateway itself."""
        with self.gateway.client() as client:
            return client.request(f"GET {path} HTTP/1.1\r\nHost: gateway.test\r\n\r\n".encode()).status


@pytest.fixture
def running(tmp_path: Path, start_origin: StartOrigin) -> Iterator[Running]:
    origin = start_origin(say_target)
    started = Running(tmp_path, origin.address)
    with started.gateway:
        yield started


def test_the_status_shows_every_worker_on_the_revision_that_runs(running: Running) -> None:
    status = running.get("/api/v1/status")
    assert [worker["state"] for worker in status["workers"]] == ["serving", "serving"]
    assert {worker["revision"] for worker in status["workers"]} == {status["revision"]}
    assert len({worker["pid"] for worker in status["workers"]} | {status["pid"]}) == 3
    assert len(status["revision"]) == 12
    assert (status["ready"], status["draining"], status["sequence"]) == (True, False, 1)
    assert [listener["address"] for listener in status["listeners"]] == [f"127.0.0.1:{running.port}"]
    assert status["source"].endswith("sightline.yaml")


def test_the_history_tells_rate_and_percentiles_of_all_that_was_served(running: Running) -> None:
    for _ in range(20):
        assert running.send("/a") == 200
    endpoint = f"kind=endpoint&name=origin/{running.origin}"
    asked = ("", "&kind=route&name=all", "&kind=upstream&name=origin", f"&{endpoint}")

    def totals() -> list[dict[str, Any]]:
        return [running.get(f"/api/v1/history?window=30s&step=1s{series}")["total"] for series in asked]

    wait_until(lambda: [total["requests"] for total in totals()] == [20] * 4, "all requests in the history")
    for total in totals():
        assert (total["errors"], total["failures"]) == (0, [])
        assert 0 < total["p50_ms"] <= total["p99_ms"] <= total["p999_ms"]

    def recents() -> list[dict[str, Any]]:
        upstream = running.get("/api/v1/upstreams/origin")
        views = [running.get("/api/v1/status"), running.get("/api/v1/routes/all"), upstream, upstream["endpoints"][0]]
        return [view["recent"] for view in views]

    # Views are made anew once a second.
    wait_until(lambda: all(recent["error_ratio"] == 0 for recent in recents()), "all requests in the views")
    assert [round(recent["rate"] * recent["seconds"]) for recent in recents()] == [20] * 4
    assert recents()[1]["overhead_p99_ms"] < recents()[1]["p99_ms"]
    assert running.call("GET", "/api/v1/history?kind=route&name=nobody").status == 404


def test_the_memory_for_the_history_is_what_the_configuration_says(running: Running) -> None:
    assert b"sightline_history_memory_limit_bytes 2.68435456e+08" in running.call("GET", "/metrics").body
    text = running.text() + "\ntelemetry: {history: {memory: 1MiB}}\n"
    assert running.call("POST", "/api/v1/config/apply", text, YAML).json()["outcome"] == "applied"
    assert b"sightline_history_memory_limit_bytes 1.048576e+06" in running.call("GET", "/metrics").body


def test_a_route_without_figures_of_its_own_says_so_instead_of_showing_zeros(running: Running) -> None:
    text = running.text() + "\ntelemetry: {metrics: {enabled: false}}\n"
    assert running.get("/api/v1/routes/all")["is_counted"] is True
    assert running.call("POST", "/api/v1/config/apply", text, YAML).json()["outcome"] == "applied"
    assert running.get("/api/v1/routes/all")["is_counted"] is False
    assert running.call("GET", "/api/v1/history?kind=route&name=all").status == 404


def test_routes_upstreams_and_exchanges_show_what_was_served(running: Running) -> None:
    for _ in range(3):
        assert running.send("/a") == 200
    assert running.send("/%zz") == 400
    wait_until(lambda: running.get("/api/v1/routes/all")["traffic"]["requests"] == 3, "three requests")
    route = running.get("/api/v1/routes/all")
    assert route["traffic"]["failures"] == 0
    assert route["match"]["path"] == "/"
    [upstream] = running.get("/api/v1/upstreams")["upstreams"]
    [endpoint] = upstream["endpoints"]
    assert (upstream["name"], endpoint["address"], endpoint["requests"]) == ("origin", running.origin, 3)
    assert running.get("/api/v1/upstreams/origin")["name"] == "origin"
    wait_until(lambda: len(running.get("/api/v1/exchanges")["exchanges"]) == 4, "four lines")
    lines = running.get("/api/v1/exchanges")["exchanges"]
    assert [line["http.response.status_code"] for line in lines].count(200) == 3
    refused = running.get("/api/v1/exchanges?status=4xx")["exchanges"]
    assert [line["reason"] for line in refused] == ["bad_request"]


def test_what_is_answered_is_what_the_document_says(running: Running) -> None:
    assert running.send("/a") == 200
    kept = wait_until(lambda: running.get("/api/v1/exchanges")["exchanges"], "the line")
    document = running.get("/api/v1/openapi.json")
    places = {
        "/api/v1/exchanges/{id}": {"id": kept[0]["request_id"]},
        "/api/v1/routes/{name}": {"name": "all"},
        "/api/v1/upstreams/{name}": {"name": "origin"},
        "/api/v1/revisions/{id}": {"id": "running"},
        "/api/v1/revisions/{a}..{b}": {"a": "1", "b": "running"},
        "/api/v1/config/objects/{kind}/{name}": {"kind": "route", "name": "all"},
    }
    for path, item in document["paths"].items():
        if "get" not in item or path in {"/metrics", "/api/v1/stream"}:
            continue
        described = item["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        view = running.get(path.format(**places.get(path, {})))
        Draft202012Validator({**described, "components": document["components"]}).validate(view)


def test_explain_says_which_route_takes_a_request_and_why_none_does(running: Running) -> None:
    def explain(**wanted: Any) -> Any:
        reply = running.call("POST", "/api/v1/explain", json.dumps(wanted), {"Content-Type": "application/json"})
        assert reply.status == 200, reply.body
        return reply.json()

    taken = explain(method="GET", url="http://gateway.test/a?b=c")
    assert (taken["route"], taken["action"], taken["upstreams"]) == (
        "all",
        "forward",
        [{"upstream": "origin", "weight": 1}],
    )
    refused = explain(method="GET", url="http://gateway.test/%zz")
    assert (refused["route"], refused["status"], refused["reason"]) == (None, 400, "bad_request")


def test_a_dry_run_validates_and_changes_nothing(running: Running) -> None:
    text = running.text(match="path_prefix: /only")
    reply = running.call("POST", "/api/v1/config/apply?dry_run=true", text, YAML)
    assert (reply.status, reply.json()["outcome"]) == (200, "valid")
    assert running.get("/api/v1/status")["sequence"] == 1
    assert running.send("/a") == 200


def test_an_applied_configuration_is_served_by_every_worker(running: Running) -> None:
    text = running.text(match="path_prefix: /only")
    reply = running.call("POST", "/api/v1/config/apply", text, {**YAML, "If-Match": '"1"'})
    assert (reply.status, reply.json()["outcome"]) == (200, "applied")
    revision = reply.json()["running_revision"]

    def is_everywhere() -> bool:
        status = running.get("/api/v1/status")
        return status["ready"] and {worker["revision"] for worker in status["workers"]} == {revision}

    wait_until(is_everywhere, "both workers on the new revision")
    assert [running.send("/a") for _ in range(8)] == [404] * 8
    assert running.send("/only/this") == 200
    config = running.call("GET", "/api/v1/config")
    assert (config.headers["ETag"], config.json()["revision"]) == ('"2"', revision)
    assert config.json()["config"]["routes"][0]["match"]["path_prefix"] == "/only"


def test_a_configuration_made_for_another_sequence_is_a_conflict(running: Running) -> None:
    text = running.text(match="path_prefix: /only")
    reply = running.call("POST", "/api/v1/config/apply", text, {**YAML, "If-Match": "7"})
    assert (reply.status, reply.json()["reason"], reply.json()["sequence"]) == (412, "conflict", 1)
    assert running.send("/a") == 200


def test_a_configuration_with_errors_is_refused_with_all_of_them_and_nothing_changes(running: Running) -> None:
    text = running.text(match="path_prefix: /only, colour: red", route="timeouts: {request: soon}")
    reply = running.call("POST", "/api/v1/config/apply", text, YAML)
    assert (reply.status, reply.json()["reason"]) == (422, "config_invalid")
    assert {error["key"] for error in reply.json()["errors"]} == {
        "routes[0].match.colour",
        "routes[0].timeouts.request",
    }
    assert all(error["line"] > 0 for error in reply.json()["errors"])
    assert running.send("/a") == 200
    assert running.get("/api/v1/status")["last_reload"]["result"] == "rejected"


def test_what_cannot_change_live_is_refused_with_that_message(running: Running) -> None:
    running.workers = 3
    reply = running.call("POST", "/api/v1/config/apply", running.text(), YAML)
    assert reply.status == 422
    assert [error["key"] for error in reply.json()["errors"]] == ["workers"]


def test_a_call_from_a_web_page_changes_nothing(running: Running) -> None:
    text = running.text(match="path_prefix: /only")
    for fields in ({"Origin": "http://127.0.0.1"}, {"Host": "rebound.example"}):
        assert running.call("POST", "/api/v1/config/apply", text, {**YAML, **fields}).status == 403
    assert running.get("/api/v1/status")["sequence"] == 1


def test_tokens_are_asked_for_and_never_shown(tmp_path: Path, start_origin: StartOrigin) -> None:
    origin = start_origin(say_target)
    tokens = f"{{name: a, role: viewer, token: {VIEWER}}}, {{name: b, role: operator, token: {OPERATOR}}}"
    started = Running(tmp_path, origin.address, admin=f", tokens: [{tokens}]", workers=1)
    with started.gateway:
        assert [started.call("GET", path).status for path in ("/healthz", "/readyz")] == [200, 200]
        assert [started.call("GET", path).status for path in ("/metrics", "/api/v1/config")] == [401, 401]
        viewer = {"Authorization": f"Bearer {VIEWER}"}
        assert started.call("GET", "/metrics", headers=viewer).status == 200
        shown = started.call("GET", "/api/v1/config", headers=viewer)
        assert (shown.status, shown.json()["config"]["admin"]["tokens"][0]["name"]) == (200, "a")
        assert VIEWER.encode() not in shown.body
        assert OPERATOR.encode() not in shown.body
        assert started.call("POST", "/api/v1/config/apply", started.text(), {**viewer, **YAML}).status == 403
        operator = {"Authorization": f"Bearer {OPERATOR}", **YAML}
        reply = started.call("POST", "/api/v1/config/apply", started.text(), operator)
        assert (reply.status, reply.json()["outcome"]) == (200, "unchanged")
        assert VIEWER not in started.gateway.talk
        assert OPERATOR not in started.gateway.talk
