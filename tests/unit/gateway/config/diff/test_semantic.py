"""What differs between two configurations, object by object and key by key."""

from pathlib import Path
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from gateway.config import load_file, load_text
from gateway.config.configuration import Configuration
from gateway.config.diff.semantic import Comparable, _longest_rise, semantic_diff
from gateway.config.forms.schema import FileForm, SettingsForm
from gateway.wire.diff import ConfigDiffView

START = "listeners: [{name: public, address: 127.0.0.1:9080}]\n"
UPSTREAMS = "upstreams: {orders: {endpoints: [127.0.0.1:9001]}}\n"


def configuration(text: str, environ: dict[str, str] | None = None) -> Configuration:
    return load_text(START + text, "test.yaml", 1, environ or {})


def difference(old: Configuration, new: Configuration) -> ConfigDiffView:
    return semantic_diff(Comparable(old.canonical, old.sealed), Comparable(new.canonical, new.sealed))


def between(old: str, new: str) -> ConfigDiffView:
    return difference(configuration(old), configuration(new))


def told(view: ConfigDiffView) -> list[tuple[str, str, str]]:
    return [(each.kind, f"{each.of} {each.name}".strip(), each.change) for each in view.objects]


def keys(view: ConfigDiffView) -> dict[str, tuple[Any, Any]]:
    (changed,) = view.objects
    return {key.key: (key.old, key.new) for key in changed.keys}


def route(name: str, **keys: str) -> str:
    more = "".join(f", {key}: {value}" for key, value in keys.items())
    return f"  - {{name: {name}{more}}}\n"


def routes(*lines: str) -> str:
    return UPSTREAMS + "routes:\n" + "".join(lines)


ORDERS = route("orders", match="{path: /orders}", upstream="orders")


def test_the_same_configuration_written_otherwise_has_no_differences() -> None:
    other = routes("  - upstream: orders\n    match: {path: /orders}\n    name: orders\n")
    assert told(between(routes(ORDERS), other)) == []


def test_objects_that_come_and_go_are_told_with_their_kind() -> None:
    old = routes(ORDERS)
    new = (
        "upstreams: {orders: {endpoints: [127.0.0.1:9001, 127.0.0.1:9002]}, files: {endpoints: [127.0.0.1:9003]}}\n"
        "routes:\n" + route("files", match="{path: /files}", upstream="files")
    )
    assert told(between(old, new)) == [
        ("route", "orders", "removed"),
        ("upstream", "files", "added"),
        ("endpoint", "orders 127.0.0.1:9002", "added"),
        ("route", "files", "added"),
    ]
    assert between(old, new).counts == {
        "route": {"removed": 1, "added": 1},
        "upstream": {"added": 1},
        "endpoint": {"added": 1},
    }


def test_a_changed_object_tells_each_key_with_its_old_and_new_value() -> None:
    old = routes(route("orders", match="{path: /orders, headers: {x-tenant: blue}}", upstream="orders"))
    new = routes(
        route(
            "orders",
            match="{path_prefix: /orders, headers: {x-tenant: green}}",
            upstream="orders",
            timeouts="{first_byte: 2s}",
        )
    )
    assert keys(between(old, new)) == {
        "match.headers.x-tenant.exact": ("blue", "green"),
        "match.path": ("/orders", None),
        "match.path_prefix": (None, "/orders"),
        "timeouts.first_byte": ("15s", "2s"),
    }


def test_an_endpoint_is_the_same_one_wherever_it_stands() -> None:
    old = "upstreams: {o: {endpoints: [127.0.0.1:1, 127.0.0.1:2]}}\n"
    new = "upstreams: {o: {endpoints: [{address: 127.0.0.1:2, weight: 5}, 127.0.0.1:1]}}\n"
    view = between(old, new)
    assert told(view) == [("endpoint", "o 127.0.0.1:2", "changed")]
    assert keys(view) == {"weight": (1, 5)}


def test_settings_are_told_by_section() -> None:
    view = between("workers: 1\n", "workers: 2\n")
    assert (told(view), keys(view)) == ([("settings", "workers", "changed")], {"": (1, 2)})


SETTINGS = {
    "telemetry": "{service_name: other}",
    "admin": "{address: 127.0.0.1:9999}",
    "drain": "{delay: 3s}",
    "zone": "here",
    "overload": "{watchdog: 5s}",
    "workers": "7",
}
"""Something that is not the default, for everything that there is one of."""


def test_every_section_of_the_settings_is_compared() -> None:
    assert set(SETTINGS) == set(SettingsForm.model_fields)
    assert set(FileForm.model_fields) - set(SETTINGS) == {"listeners", "upstreams", "routes"}
    for section, written in SETTINGS.items():
        expected = "added" if section == "zone" else "changed"
        assert told(between("", f"{section}: {written}\n")) == [("settings", section, expected)]
    assert told(between("zone: here\n", "")) == [("settings", "zone", "removed")]


def test_a_route_under_another_name_with_the_same_match_is_renamed() -> None:
    new = route("purchases", match="{path: /orders}", upstream="orders", timeouts="{first_byte: 2s}")
    view = between(routes(ORDERS), routes(new))
    (renamed,) = view.objects
    assert (renamed.change, renamed.renamed_from, renamed.name) == ("renamed", "orders", "purchases")
    assert {key.key for key in renamed.keys} == {"name", "timeouts.first_byte"}


def test_nothing_is_guessed_where_several_routes_have_the_match_of_one_that_went() -> None:
    new = [
        route(name, match="{path: /orders}", upstream="orders", priority=priority)
        for name, priority in (("one", "1"), ("two", "2"))
    ]
    changes = {change for _, _, change in told(between(routes(ORDERS), routes(*new)))}
    assert changes == {"added", "removed"}


def test_a_route_that_moved_is_told_and_those_it_passed_are_not() -> None:
    lines = [route(name, match=f"{{path: /{name}}}", upstream="orders") for name in "abcd"]
    view = between(routes(*lines), routes(lines[3], *lines[:3]))
    assert told(view) == [("route", "d", "changed")]
    assert keys(view) == {"(position)": (3, 0)}


def test_a_changed_secret_is_told_and_not_shown() -> None:
    lines = [
        route("a", match=f"{{headers: {{authorization: {secret}}}}}", upstream="orders")
        for secret in ("Bearer-old", "Bearer-new")
    ]
    view = between(routes(lines[0]), routes(lines[1]))
    (changed,) = view.objects
    assert [(key.key, key.old, key.new, key.redacted) for key in changed.keys] == [
        ("match.headers.authorization", "REDACTED", "REDACTED", True)
    ]
    assert b"Bearer" not in msgspec.json.encode(view)
    assert told(between(routes(lines[0]), routes(lines[0]))) == []


def test_a_changed_variable_is_told_by_its_name_alone() -> None:
    text = "telemetry: {service_name: '${NAME}'}\n"
    view = difference(configuration(text, {"NAME": "old-value"}), configuration(text, {"NAME": "new-value"}))
    assert keys(view) == {"service_name": ("${NAME}", "${NAME}")}
    assert view.objects[0].keys[0].redacted
    assert b"-value" not in msgspec.json.encode(view)


def test_another_token_in_a_token_file_is_told_and_not_shown(tmp_path: Path) -> None:
    file, secret = tmp_path / "sightline.yaml", tmp_path / "token"
    file.write_text(START + f"admin: {{tokens: [{{name: ci, role: viewer, token_file: {secret}}}]}}\n")
    loaded = []
    for token in ("first-token-123456", "second-token-12345"):
        secret.write_text(token)
        loaded.append(load_file(file, 1, {}))
    view = difference(*loaded)
    assert keys(view) == {"tokens.ci.token": ("REDACTED", "REDACTED")}
    assert b"token-1" not in msgspec.json.encode(view)


def test_what_is_added_shows_no_secret_within_it() -> None:
    new = route("a", upstream="orders", rewrite="{headers: {set: {authorization: Basic-abc}}}")
    view = between(routes(route("a", upstream="orders")), routes(new))
    assert keys(view) == {
        "rewrite": (None, {"headers": {"set": {"authorization": "REDACTED"}, "add": {}, "remove": []}})
    }
    assert view.objects[0].keys[0].redacted


def test_long_values_and_many_keys_are_cut_and_counted() -> None:
    old = routes(route("a", match="{path: /}", respond="{status: 200}"))
    headers = ", ".join(f"x-{number}: {'v' * 10}" for number in range(150))
    new = routes(route("a", match="{path: /}", respond=f"{{status: 200, body: {'b' * 9000}, headers: {{{headers}}}}}"))
    (changed,) = between(old, new).objects
    assert len(changed.keys) + changed.keys_left_out == 151
    assert all(len(msgspec.json.encode(key.new)) < 600 for key in changed.keys)


@given(st.permutations(range(12)))
def test_what_stays_in_order_is_a_rise_that_nothing_longer_beats(numbers: list[int]) -> None:
    stay = _longest_rise(numbers)
    kept = [numbers[at] for at in sorted(stay)]
    assert kept == sorted(kept)
    longest = [1] * len(numbers)
    for at, number in enumerate(numbers):
        longest[at] = 1 + max((longest[before] for before in range(at) if numbers[before] < number), default=0)
    assert len(stay) == max(longest)
