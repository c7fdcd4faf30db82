"""Routes that can never take a request."""

from collections.abc import Callable

import pytest

from gateway.config import ConfigInvalid, Configuration

Load = Callable[..., Configuration]
Reject = Callable[..., list[str]]


def test_two_routes_that_nothing_tells_apart_are_a_conflict(reject: Reject) -> None:
    text = """\
routes:
  - {name: a, match: {path: "/v1/{id}", methods: [GET, PUT]}, upstream: orders}
  - {name: b, match: {path: "/v1/{key}", methods: [PUT, GET]}, upstream: orders}
"""
    assert reject(text) == [
        "5: routes[1].match: the same requests as route 'a' at line 4; expected something that tells them apart"
    ]


@pytest.mark.parametrize(
    "difference", ["match: {path: /v1/x, methods: [GET]}", "match: {path: /v1/x}\n    priority: 1"]
)
def test_anything_that_tells_them_apart_will_do(load: Load, difference: str) -> None:
    text = f"routes:\n  - {{name: a, match: {{path: /v1/x}}, upstream: orders}}\n  - name: b\n    upstream: orders\n    {difference}\n"
    assert len(load(text).snapshot.routes) == 2


def test_a_route_that_others_take_everything_from_is_a_warning(load: Load) -> None:
    text = """\
routes:
  - {name: specific, match: {path: /v1/orders}, upstream: orders}
  - {name: wide, match: {path_prefix: /v1}, upstream: orders, priority: 5}
"""
    (warning,) = load(text).warnings
    assert str(warning) == (
        "gateway.yaml:4: routes[0].match: never reached, because all it matches is taken by route 'wide' at line 5 "
        "(higher priority)"
    )


def test_several_routes_may_cover_one_together(load: Load) -> None:
    text = """\
routes:
  - {name: get, match: {path: /a, methods: [GET]}, upstream: orders, priority: 1}
  - {name: put, match: {path: /a, methods: [PUT]}, upstream: orders, priority: 1}
  - {name: both, match: {path: /a, methods: [GET, PUT]}, upstream: orders}
"""
    (warning,) = load(text).warnings
    assert "taken by route 'get' at line 4, 'put' at line 5 (" in warning.message


def test_a_pattern_that_can_match_no_path_is_an_error(reject: Reject) -> None:
    (error,) = reject("routes:\n- name: a\n  upstream: orders\n  match:\n    path_regex: orders\n")
    assert error == (
        "7: routes[0].match.path_regex: the pattern can match no path: paths begin with a slash; "
        "expected a pattern for whole paths"
    )


def test_conflicts_and_other_mistakes_are_told_together_with_the_warnings(load: Load) -> None:
    text = """\
routes:
  - {name: a, match: {path: /a}, upstream: orders}
  - {name: b, match: {path: /a}, upstream: orders}
  - {name: c, match: {path: /c}, upstream: nowhere}
  - {name: d, match: {path: /d}, upstream: orders}
  - {name: e, match: {path_prefix: /d}, upstream: orders, priority: 1}
"""
    with pytest.raises(ConfigInvalid) as invalid:
        load(text)
    assert [error.key for error in invalid.value.errors] == ["routes[1].match", "routes[2].upstream"]
    assert [warning.key for warning in invalid.value.warnings] == ["routes[3].match"]


def test_a_rule_that_only_routing_knows_still_has_a_place(reject: Reject, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(route: object) -> None:
        raise ValueError("routing cannot use this")

    monkeypatch.setattr("gateway.config.rules.reachability.compile_rewrite", refuse)
    assert reject("routes: [{name: a, upstream: orders}]\n") == ["3: routes[0]: routing cannot use this"]
