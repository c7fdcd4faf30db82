"""From a text or file to a configuration, or to everything that is wrong with it."""

import gc
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from gateway.config import ConfigInvalid, Configuration, Role, load_file, load_text, unchangeable
from gateway.config.load import MAX_FILE_BYTES
from gateway.model.clock import NEVER_NS, SECOND_NS
from gateway.model.listener import Listener, ListenerLimits, ListenerTimeouts, PathRules, SlashRule
from gateway.model.route import RouteTimeouts
from gateway.model.snapshot import (
    AccessLogSettings,
    AccessLogSink,
    DrainSettings,
    Keep,
    MetricSettings,
    TelemetrySettings,
    TraceSettings,
)
from gateway.model.upstream import Balance, ConnectionLimits

Load = Callable[..., Configuration]
Reject = Callable[..., list[str]]

GOLDEN: Final = Path(__file__).parent / "golden"
MINIMAL: Final = "listeners: [{name: public, address: 127.0.0.1:9080}]\n"


def test_every_mistake_of_a_file_is_told_at_once_in_the_order_of_the_file() -> None:
    with pytest.raises(ConfigInvalid) as invalid:
        load_text((GOLDEN / "everything_wrong.yaml").read_text(), "gateway.yaml", 1, {})
    assert f"{invalid.value}\n" == (GOLDEN / "everything_wrong.txt").read_text()


def test_the_defaults_are_those_of_the_documentation(load: Load) -> None:
    configuration = load("routes: [{name: all, upstream: orders}]\n")
    snapshot = configuration.snapshot
    assert snapshot.listeners == (
        Listener(
            "public",
            "127.0.0.1",
            9080,
            ListenerTimeouts(10 * SECOND_NS, 30 * SECOND_NS, 75 * SECOND_NS, 30 * SECOND_NS),
            ListenerLimits(16384, 65536, 100, 8192, 4096, None, 20000, None),
            PathRules(SlashRule.REJECT, merge_slashes=True),
            trusted_proxies=(),
            forwarded=False,
        ),
    )
    (upstream,) = snapshot.upstreams
    assert (upstream.balance, upstream.hash_on) == (Balance.LEAST_REQUEST, "client_address")
    assert upstream.connections == ConnectionLimits(256, 512, SECOND_NS, 30 * SECOND_NS)
    assert [endpoint.weight for endpoint in upstream.endpoints] == [1]
    (route,) = snapshot.routes
    assert route.timeouts == RouteTimeouts(NEVER_NS, 15 * SECOND_NS, 60 * SECOND_NS)
    assert (route.priority, route.forward_trailers, route.slo, route.rewrite) == (0, False, None, None)
    assert snapshot.telemetry == TelemetrySettings(
        "sightline",
        AccessLogSettings(AccessLogSink.STDOUT, 1.0),
        TraceSettings(True, None, "http/protobuf", 0.01, (Keep.ERROR, Keep.SLOW, Keep.RETRIED), export=False),  # noqa: FBT003
        MetricSettings(enabled=True, max_routes=1000),
        query_allowed=(),
    )
    assert snapshot.drain == DrainSettings(0, 30 * SECOND_NS)
    assert (configuration.admin.host, configuration.admin.port, configuration.admin.tokens) == ("127.0.0.1", 9900, ())
    assert configuration.workers >= 1


def test_what_the_defaults_say_can_be_written_out_and_changes_nothing(load: Load) -> None:
    written = """
listeners:
  - name: public
    address: 127.0.0.1:9080
    timeouts: {header: 10s, body_idle: 30s, idle: 75s, write_stall: 30s}
    limits: {line: 16KiB, header_bytes: 64KiB, headers: 100, trailer_bytes: 8KiB, chunk_line: 4KiB, body: none,
             connections: 20000, requests_per_connection: none}
    paths: {encoded_slash: reject, merge_slashes: true}
    trusted_proxies: []
    forwarded: false
upstreams:
  orders:
    endpoints: [{address: 127.0.0.1:9001, weight: 1}]
    balance: least_request
    health: {}
    connections: {max: 256, max_pending: 512, connect_timeout: 1s, idle_timeout: 30s}
routes:
  - name: all
    match: {hosts: [], methods: [], headers: {}, query: {}, clients: [], listeners: []}
    upstream: orders
    priority: 0
    timeouts: {request: none, first_byte: 15s, upstream_idle: 60s}
    policies: []
    trailers: drop
telemetry:
  service_name: sightline
  access_log: {sink: stdout, format: json, sample: {success: 100%}}
  traces: {propagate: true, protocol: http/protobuf, sample: 1%, keep: [error, slow, retried]}
  metrics: {enabled: true, max_routes: 1000, native_histograms: false}
admin: {address: 127.0.0.1:9900, tokens: []}
drain: {delay: 0s, deadline: 30s}
workers: auto
"""
    short = load("routes: [{name: all, upstream: orders}]\n")
    assert load(written, bare=True).snapshot.revision == short.snapshot.revision


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", "1: the file is empty; expected at least `listeners`"),
        ("# nothing\n", "1: the file is empty; expected at least `listeners`"),
        ("[]", "1: got an empty list; expected a mapping with at least `listeners`"),
        ("words", "1: got 'words'; expected a mapping with at least `listeners`"),
        ("{}", "1: listeners: missing; expected where requests arrive"),
        ("upstreams: {}\n", "1: listeners: missing; expected where requests arrive"),
        ("\nlisteners: []\n", "2: listeners: got an empty list; expected at least one listener"),
        ("listeners: {}\n", "1: listeners: got an empty mapping; expected a list"),
        (
            "listeners:\n",
            "1: listeners: no value; expected one, or the key left out ({} or [] where it shall be empty)",
        ),
    ],
)
def test_without_a_listener_there_is_nothing_to_run(reject: Reject, text: str, error: str) -> None:
    assert reject(text, bare=True) == [error]


def test_empty_mappings_and_lists_are_legal(load: Load) -> None:
    routes = (
        "routes: [{name: a, upstream: orders, match: {headers: {}, hosts: []}, timeouts: {}, rewrite: {}, slo: {}}]\n"
    )
    assert load(f"{routes}telemetry: {{}}\nadmin: {{}}\ndrain: {{}}\n").warnings == ()
    assert load("routes: []\n").snapshot.routes == ()
    assert load(f"{MINIMAL}upstreams: {{}}\n", bare=True).snapshot.upstreams == ()


def test_what_a_later_version_brings_is_refused_and_not_ignored(reject: Reject) -> None:
    errors = reject(
        """\
routes:
  - {name: b, match: {path: /b}, upstream: orders, policies: [{kind: x}]}
"""
    )
    assert [error.partition(": not yet supported by this version")[0] for error in errors] == [
        "4: routes[0].policies",
    ]


def test_an_interpolated_value_is_of_whatever_type_the_key_asks_for(load: Load) -> None:
    text = """
listeners: [{name: "${NAME}", address: "127.0.0.1:${PORT}", forwarded: "${FLAG}", limits: {headers: "${COUNT}"}}]
upstreams: {a: {endpoints: [{address: 127.0.0.1:1, weight: "${COUNT}"}]}}
routes: [{name: r, upstream: a, priority: "${MINUS}", timeouts: {first_byte: "${TIME:-3s}"}}]
telemetry: {service_name: "${DIGITS}", access_log: {sink: "${SINK}"}}
workers: ${COUNT}
"""
    values = {
        "NAME": "public",
        "PORT": "8080",
        "FLAG": "true",
        "COUNT": "7",
        "MINUS": "-1",
        "DIGITS": "123",
        "SINK": "none",
    }
    configuration = load(text, bare=True, **values)
    listener, route = configuration.snapshot.listeners[0], configuration.snapshot.routes[0]
    assert (listener.port, listener.forwarded, listener.limits.headers) == (8080, True, 7)
    assert (route.priority, route.timeouts.first_byte_ns) == (-1, 3 * SECOND_NS)
    assert configuration.snapshot.telemetry.service_name == "123"
    assert configuration.workers == 7
    assert configuration.variables == values.keys() | {"TIME"}


def test_no_interpolated_value_is_ever_repeated(reject: Reject) -> None:
    secret = "hunter2-hunter2"
    keys = ["name", "upstream", "trailers", "priority"]
    route = ", ".join(f'{key}: "${{S}}"' for key in keys)
    text = f"""\
routes:
  - {{{route}, match: {{hosts: ["${{S}}:"], path: "${{S}}", methods: ["${{S}}"], clients: ["${{S}}"], listeners: ["${{S}}"]}}}}
  - {{name: "${{S}}", upstream: orders, match: {{path_regex: "(${{S}}", headers: {{x: {{regex: "(${{S}}"}}}}}}}}
  - {{name: c, upstream: orders, match: {{path: "/{{${{T}}}}"}}, rewrite: {{path: "/{{b${{T}}}}"}}}}
  - {{name: d, upstream: orders, match: {{path: /d}}, rewrite: {{path: "/{{${{T}}}}"}}}}
telemetry: {{access_log: {{sink: "${{S}}"}}, traces: {{endpoint: "${{S}}"}}}}
admin: {{address: "${{S}}", tokens: [{{name: "${{S}}", role: "${{S}}", token: "${{S}}"}}]}}
drain: {{delay: "${{S}}"}}
workers: "${{S}}"
"""
    errors = reject(text, S=secret, T="hunter2")
    assert len(errors) > 15
    assert "hunter2" not in "\n".join(errors)


def test_a_literal_token_is_not_repeated_either(reject: Reject) -> None:
    text = "admin: {tokens: [{name: a, role: viewer, token: swordfish}, {name: b, role: viewer, token: 12345678}]}\n"
    errors = "\n".join(reject(text))
    assert "swordfish" not in errors
    assert "12345678" not in errors


def test_tokens_come_from_the_file_itself_the_environment_or_a_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("token-from-a-file\n")
    path = tmp_path / "gateway.yaml"
    path.write_text(
        MINIMAL
        + """
admin:
  address: 0.0.0.0:9900
  tokens:
    - {name: a, role: viewer, token: literal-token-text}
    - {name: b, role: operator, token: "${TOKEN}"}
    - {name: c, role: viewer, token_file: token}
    - {name: d, role: viewer, token: "x${file:token}"}
"""
    )
    configuration = load_file(path, 1, {"TOKEN": "1234567890123456"})
    assert [token.token for token in configuration.admin.tokens] == [
        "literal-token-text",
        "1234567890123456",
        "token-from-a-file",
        "xtoken-from-a-file",
    ]
    assert [token.role for token in configuration.admin.tokens][:2] == [Role.VIEWER, Role.OPERATOR]
    assert configuration.files == (str(path), str(tmp_path / "token"))
    assert all(configuration.signatures.values())
    assert "token-from-a-file" not in repr(configuration)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "the file token cannot be read: no such file or directory"),
        ("short", "not a token; expected at least 16"),
    ],
)
def test_a_token_file_must_hold_a_token(tmp_path: Path, content: str | None, message: str) -> None:
    if content is not None:
        (tmp_path / "token").write_text(content)
    path = tmp_path / "gateway.yaml"
    path.write_text(f"{MINIMAL}admin: {{tokens: [{{name: a, role: viewer, token_file: token}}]}}\n")
    with pytest.raises(ConfigInvalid) as invalid:
        load_file(path, 1, {})
    (error,) = invalid.value.errors
    assert str(error).startswith(f"{path}:2: admin.tokens[0].token_file: {message}")
    assert set(invalid.value.signatures) == {str(path), str(tmp_path / "token")}


def test_two_tokens_may_not_be_the_same(reject: Reject) -> None:
    token = "token: 1234567890abcdef"
    (error,) = reject(f"admin: {{tokens: [{{name: a, role: viewer, {token}}}, {{name: b, role: viewer, {token}}}]}}\n")
    assert error == "3: admin.tokens[1].token: the same token as of another entry; expected one of its own"


@pytest.mark.parametrize("address", ["0.0.0.0:9900", "[::]:9900", "192.0.2.1:9900"])
def test_an_admin_api_that_others_can_reach_needs_tokens(load: Load, reject: Reject, address: str) -> None:
    (error,) = reject(f'admin: {{address: "{address}"}}\n')
    assert (
        error == f"3: admin.address: '{address}' can be reached from elsewhere; expected a loopback address, or tokens"
    )
    tokens = "tokens: [{name: a, role: viewer, token: 1234567890abcdef}]"
    assert load(f'admin: {{address: "{address}", {tokens}}}\n').admin.tokens


def test_a_file_that_cannot_be_read_is_an_error_like_any_other(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "binary").write_bytes(b"listeners:\n\xff")
    for name, error in (
        ("gone", f"{tmp_path}/gone: cannot be read: no such file or directory"),
        ("folder", f"{tmp_path}/folder: cannot be read: it is not a regular file"),
        ("binary", f"{tmp_path}/binary:2: not UTF-8; expected text"),
    ):
        with pytest.raises(ConfigInvalid) as invalid:
            load_file(tmp_path / name, 1, {})
        assert str(invalid.value).replace("is a directory", "it is not a regular file") == error
        assert list(invalid.value.signatures) == [str(tmp_path / name)]


def test_a_file_may_not_be_endless(tmp_path: Path) -> None:
    path = tmp_path / "huge"
    path.touch()
    os.truncate(path, MAX_FILE_BYTES + 1)
    with pytest.raises(ConfigInvalid, match="longer than"):
        load_file(path, 1, {})
    with pytest.raises(ConfigInvalid, match="longer than"):
        load_text(" " * (MAX_FILE_BYTES + 1), "api", 1, {})


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    path = tmp_path / "gateway.yaml"
    path.write_text(MINIMAL, encoding="utf-8-sig")
    assert load_file(path, 1, {}).snapshot.listeners


def test_the_sequence_is_the_callers(tmp_path: Path) -> None:
    assert load_text(MINIMAL, "api", 17, {}).snapshot.sequence == 17


def test_a_text_that_is_handed_in_reads_only_what_the_running_configuration_reads(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("token-from-a-file")
    (tmp_path / "other").write_text("not for you, caller")
    path = tmp_path / "gateway.yaml"
    path.write_text(MINIMAL + 'telemetry: {service_name: "${NAME}${file:token}"}\n')
    environ = {"NAME": "x", "PRIVATE": "y"}
    running = load_file(path, 1, environ)
    assert load_text(path.read_text(), "api", 2, environ, within=running).snapshot.telemetry.service_name
    for reference in ("${PRIVATE}", f"${{file:{tmp_path}/other}}", "${file:other}", "${file:../gateway.yaml}"):
        with pytest.raises(ConfigInvalid, match="the running configuration"):
            load_text(MINIMAL + f'telemetry: {{service_name: "{reference}"}}\n', "api", 2, environ, within=running)


def test_every_object_gets_a_verdict(load: Load) -> None:
    verdicts = load("routes: [{name: a, upstream: orders}]\n").verdicts
    assert [(each.kind, each.name, each.line, each.accepted) for each in verdicts] == [
        ("listener", "public", 1, True),
        ("upstream", "orders", 2, True),
        ("route", "a", 3, True),
        ("settings", "settings", 1, True),
    ]


def test_the_verdict_of_a_rejected_object_has_its_errors(load: Load) -> None:
    with pytest.raises(ConfigInvalid) as invalid:
        load("routes:\n- {name: a, upstream: orders}\n- {upstream: nowhere}\n")
    verdicts = {verdict.name: verdict for verdict in invalid.value.verdicts}
    assert verdicts["a"].accepted
    assert [error.key for error in verdicts["[1]"].errors] == ["routes[1].name", "routes[1].upstream"]


def test_workers_and_the_admin_address_cannot_change_while_the_gateway_runs(load: Load) -> None:
    old = load("workers: 2\n")
    new = load("workers: 3\nadmin: {address: 127.0.0.1:9901}\nroutes: []\n")
    told = (
        "cannot change while the gateway runs; expected the running value,"
        " or `sightline upgrade` (or a restart) with it in the file"
    )
    assert [str(error) for error in unchangeable(old, new)] == [
        f"gateway.yaml:3: workers: {told}",
        f"gateway.yaml:4: admin.address: {told}",
    ]


def test_what_comes_to_the_same_is_no_change(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.config.load.worker_count", lambda workers: 2 if workers == "auto" else workers)
    two = load("workers: 2\nadmin: {address: 127.0.0.1:9900}\n")
    before = load("workers: auto\n")
    assert unchangeable(two, before) == []
    monkeypatch.setattr("gateway.config.load.worker_count", lambda workers: 5)
    assert unchangeable(before, load("workers: auto\n")) == []


def test_loading_leaves_the_garbage_collector_as_it_was(load: Load) -> None:
    load("")
    assert gc.isenabled()
    gc.disable()
    try:
        load("")
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_ten_thousand_routes_with_one_mistake_name_that_one(reject: Reject) -> None:
    routes: list[Any] = [f"- {{name: r{n}, match: {{path: /r{n}}}, upstream: orders}}" for n in range(10_000)]
    routes[7777] = "- {name: r7777, match: {path: /r7777}, upstream: order}"
    assert reject("routes:\n" + "\n".join(routes)) == [
        "7781: routes[7777].upstream: no upstream has the name 'order'; expected one of orders"
    ]
