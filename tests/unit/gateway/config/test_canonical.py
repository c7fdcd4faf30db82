"""The canonical form: what makes a revision, and what is shown."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.config import Configuration, load_file, load_text

Load = Callable[..., Configuration]

SECRETS = """
routes:
  - name: a
    match: {headers: {Authorization: Bearer-abc, x-api-key: {exact: key-abc}}, query: {token: tok-abc, page: "1"}}
    upstream: orders
    rewrite:
      headers: {set: {Authorization: Basic-abc, X-Plain: plain}, add: {X-Auth-Token: tok-def}}
      response_headers: {set: {Set-Cookie: cookie-abc}}
admin:
  tokens: [{name: ci, role: viewer, token: 1234567890abcdef}]
"""


def revision(configuration: Configuration) -> str:
    return configuration.snapshot.revision


def shown(configuration: Configuration) -> Any:
    return json.loads(configuration.canonical)


def test_the_revision_is_twelve_hex_digits_of_what_is_configured(load: Load) -> None:
    one = revision(load("routes: [{name: a, upstream: orders}]\n"))
    assert len(one) == 12
    assert int(one, 16) >= 0
    assert revision(load("# a comment\nroutes:\n  - upstream: orders\n    name: a\n")) == one
    assert revision(load("routes: [{name: b, upstream: orders}]\n")) != one


def test_the_order_of_routes_is_part_of_the_revision(load: Load) -> None:
    one = load("routes: [{name: a, match: {path: /a}, upstream: orders}, {name: b, upstream: orders}]\n")
    other = load("routes: [{name: b, upstream: orders}, {name: a, match: {path: /a}, upstream: orders}]\n")
    assert revision(one) != revision(other)


def test_what_is_shown_has_sorted_keys_and_every_default(load: Load) -> None:
    text = load("routes: [{name: a, upstream: orders}]\n").canonical.decode()
    assert text == json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"))
    assert json.loads(text)["listeners"][0]["limits"]["body"] == "none"
    endpoint = {"address": "127.0.0.1:9001", "weight": 1, "priority": 0, "labels": {}}
    assert json.loads(text)["upstreams"]["orders"]["endpoints"] == [endpoint]


def test_what_is_shown_reads_back_as_the_same_configuration(load: Load) -> None:
    text = """
routes:
  - name: a
    match: {path: "/a/{b}", headers: {x-a: "1", x-b: {regex: "^a$"}, x-c: {present: true}}}
    split: [{upstream: orders, weight: 3}]
    timeouts: {request: 90s}
    rewrite: {path: "/{b}", headers: {remove: [X-A]}}
    slo: {availability: 99.95%, latency: {target: 99%, under: 250ms}}
  - {name: b, match: {path: /b}, redirect: {scheme: https, status: 308}}
  - {name: c, match: {path: /c}, respond: {status: 503, headers: {Retry-After: "5"}, body: "costs $$$${X}"}}
telemetry: {access_log: {sink: none, sample: {success: 2.5%}}, traces: {endpoint: "http://127.0.0.1:4318"}}
workers: 3
"""
    first = load(text)
    again = load_text(first.canonical.decode(), "api", 2, {})
    assert revision(again) == revision(first)
    assert again.canonical == first.canonical
    assert again.snapshot.routes[2].respond == first.snapshot.routes[2].respond


def test_secrets_are_not_shown_and_yet_make_the_revision(load: Load) -> None:
    configuration = load(SECRETS)
    text = configuration.canonical.decode()
    for secret in ("Bearer-abc", "key-abc", "tok-abc", "Basic-abc", "tok-def", "cookie-abc", "1234567890abcdef"):
        assert secret not in text
        assert revision(load(SECRETS.replace(secret, secret[::-1]))) != revision(configuration)
    assert '"X-Plain":"plain"' in text
    assert '"page":{"exact":"1"}' in text


def test_an_interpolated_value_is_shown_as_it_was_written(load: Load, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("from-a-file")
    text = f"""
routes:
  - name: a
    match: {{hosts: ["${{HOST}}"], headers: {{x-a: "${{VALUE}}"}}}}
    upstream: orders
    rewrite: {{headers: {{set: {{Authorization: "Bearer ${{file:{tmp_path}/secret}}", Cookie: "${{VALUE}}"}}}}}}
telemetry: {{service_name: "${{VALUE:-fallback}}"}}
"""
    configuration = load(text, HOST="a.example.com", VALUE="from-the-environment")
    route = shown(configuration)["routes"][0]
    assert route["match"]["hosts"] == ["${HOST}"]
    assert route["match"]["headers"]["x-a"] == "${VALUE}"
    assert route["rewrite"]["headers"]["set"] == {"Authorization": "REDACTED", "Cookie": "${VALUE}"}
    assert shown(configuration)["telemetry"]["service_name"] == "${VALUE:-fallback}"
    assert b"from-" not in configuration.canonical


def test_the_revision_covers_interpolated_values(load: Load) -> None:
    text = 'telemetry: {service_name: "${NAME}"}\n'
    assert revision(load(text, NAME="a")) != revision(load(text, NAME="b"))
    assert revision(load(text, NAME="a")) == revision(load(text, NAME="a"))


def test_the_revision_covers_what_token_files_hold(tmp_path: Path) -> None:
    path = tmp_path / "gateway.yaml"
    path.write_text(
        "listeners: [{name: a, address: 127.0.0.1:1}]\nadmin: {tokens: [{name: a, role: viewer, token_file: token}]}\n"
    )
    (tmp_path / "token").write_text("1234567890abcdef")
    before = load_file(path, 1, {})
    (tmp_path / "token").write_text("fedcba0987654321")
    after = load_file(path, 2, {})
    assert revision(before) != revision(after)
    assert before.canonical == after.canonical


@pytest.mark.parametrize("name", ["Authorization", "x-session-token"])
def test_a_redacted_value_that_comes_back_is_refused(load: Load, reject: Callable[..., list[str]], name: str) -> None:
    routes = f"routes: [{{name: a, upstream: orders, rewrite: {{headers: {{set: {{{name}: sesame}}}}}}}}]\n"
    dumped = load(routes).canonical.decode()
    (error,) = reject(dumped, bare=True)
    assert error == (
        f"1: routes[0].rewrite.headers.set.{name}: got REDACTED, which stands for a secret in a dump; "
        "expected the secret itself"
    )
