"""Rules between values, each mistake with its line and key."""

from collections.abc import Callable

import pytest

from gateway.config import Configuration

Load = Callable[..., Configuration]
Reject = Callable[..., list[str]]


@pytest.mark.parametrize(
    ("route", "error"),
    [
        ("{name: a}", "4: routes[0]: incomplete; expected one of upstream, split, redirect, respond"),
        (
            "{name: a, upstream: orders, respond: {}}",
            "4: routes[0].respond: excluded by upstream; expected only one of upstream, split, redirect, respond",
        ),
        (
            "{name: a, upstream: orders, match: {path: /a, path_regex: /a}}",
            "4: routes[0].match.path_regex: excluded by path; expected only one of path, path_prefix, path_regex",
        ),
        (
            "{name: a, upstream: orders, match: {query: {v: {exact: a, regex: a}}}}",
            "4: routes[0].match.query.v.regex: excluded by exact; expected only one of exact, regex, present",
        ),
        (
            "{name: a, upstream: orders, match: {path_prefix: /a}, rewrite: {path: /b, path_prefix: /b}}",
            "4: routes[0].rewrite.path_prefix: excluded by path; expected only one of path, path_prefix",
        ),
        (
            '{name: a, upstream: orders, match: {path: "/{b}"}, rewrite: {path_prefix: /b}}',
            "4: routes[0].rewrite.path_prefix: there is no prefix to replace; expected the route to match by path_prefix",
        ),
        (
            '{name: a, match: {path_regex: "/b.*"}, redirect: {path_prefix: /b}}',
            "4: routes[0].redirect.path_prefix: there is no prefix to replace; expected the route to match by path_prefix",
        ),
        (
            '{name: a, upstream: orders, match: {path: "/{b}/{d}"}, rewrite: {path: "/{c}"}}',
            (
                "4: routes[0].rewrite.path: '/{c}' names a parameter that match.path does not have; "
                "expected one of those it has (b, d)"
            ),
        ),
        (
            '{name: a, match: {path: /a}, redirect: {path: "/{c}"}}',
            (
                "4: routes[0].redirect.path: '/{c}' names a parameter that match.path does not have; "
                "expected one of those it has (none)"
            ),
        ),
        (
            "{name: a, match: {path: /a}, redirect: {status: 301}}",
            (
                "4: routes[0].redirect: leads back to the same place; "
                "expected at least one of scheme, host, port, path, path_prefix"
            ),
        ),
        (
            "{name: a, respond: {}, rewrite: {}}",
            "4: routes[0].rewrite: of no use beside respond; expected only where requests are forwarded",
        ),
        (
            "{name: a, respond: {status: 304, body: x}}",
            "4: routes[0].respond.body: an answer with status 304 has no body; expected none",
        ),
        (
            "{name: a, upstream: order}",
            "4: routes[0].upstream: no upstream has the name 'order'; expected one of orders",
        ),
        (
            "{name: a, split: [{upstream: orders}, {upstream: canary}]}",
            "4: routes[0].split[1].upstream: no upstream has the name 'canary'; expected one of orders",
        ),
        (
            "{name: a, upstream: orders, match: {listeners: [public, internal]}}",
            "4: routes[0].match.listeners[1]: no listener has the name 'internal'; expected one of public",
        ),
        (
            "{name: a, upstream: orders, match: {headers: {X-A: a, x-a: b}}}",
            "4: routes[0].match.headers: got a mapping; expected each field once, in whatever case",
        ),
    ],
)
def test_a_rule_that_is_broken_is_told_at_its_key(reject: Reject, route: str, error: str) -> None:
    assert reject(f"routes:\n- {route}\n") == [error]


def test_a_prefix_may_be_replaced_where_any_path_is_taken(load: Load) -> None:
    assert load("routes: [{name: a, upstream: orders, rewrite: {path_prefix: /b}}]\n").snapshot.routes


def test_names_are_used_once(reject: Reject) -> None:
    errors = reject(
        """\
listeners:
  - {name: a, address: 127.0.0.1:1}
  - {name: a, address: 127.0.0.1:2}
upstreams:
  a: {endpoints: []}
  a: {endpoints: []}
routes:
  - {name: a, match: {path: /a}, upstream: a}
  - {name: a, match: {path: /b}, upstream: a}
""",
        bare=True,
    )
    assert errors == [
        "3: listeners[1].name: 'a' is the name of another listener at line 2; expected a name of its own",
        "6: upstreams.a: a key that is already there; expected each key once",
        "9: routes[1].name: 'a' is the name of another route at line 8; expected a name of its own",
    ]


def test_an_address_is_listened_on_once_however_it_is_written(reject: Reject, load: Load) -> None:
    listeners = """\
listeners:
  - {name: a, address: "[::1]:80"}
  - {name: b, address: "[0:0::1]:80"}
  - {name: c, address: 127.0.0.1:9900}
"""
    assert reject(listeners, bare=True) == [
        "3: listeners[1].address: '[0:0::1]:80' is also the address of listener 'a'; expected one of its own",
        "4: listeners[2].address: '127.0.0.1:9900' is also the address of the admin API; expected one of its own",
    ]
    any_port = "listeners: [{name: a, address: 127.0.0.1:0}, {name: b, address: 127.0.0.1:0}]\n"
    assert len(load(any_port, bare=True).snapshot.listeners) == 2


def test_an_endpoint_is_named_once_however_it_is_written(reject: Reject) -> None:
    listeners = "listeners: [{name: a, address: 127.0.0.1:1}]\n"
    upstreams = "upstreams:\n  a:\n    endpoints: [a.internal:80, {address: A.internal:80, weight: 2}]\n"
    assert reject(listeners + upstreams, bare=True) == [
        "4: upstreams.a.endpoints[1]: 'A.internal:80' is there already; expected each endpoint once"
    ]


def test_an_object_that_is_wrong_can_still_be_referred_to(reject: Reject) -> None:
    text = """\
listeners: [{name: a, address: nowhere}]
upstreams: {a: {endpoints: 5}}
routes: [{name: a, upstream: a, match: {listeners: [a]}}]
"""
    assert [error.partition(": got")[0] for error in reject(text, bare=True)] == [
        "1: listeners[0].address",
        "2: upstreams.a.endpoints",
    ]


def test_of_thousands_of_names_a_few_are_told(reject: Reject) -> None:
    upstreams = "".join(f"  u{n:04}: {{endpoints: []}}\n" for n in range(5000))
    text = (
        f"listeners: [{{name: a, address: 127.0.0.1:1}}]\nupstreams:\n{upstreams}routes: [{{name: a, upstream: x}}]\n"
    )
    (error,) = reject(text, bare=True)
    assert error.endswith("expected one of u0000, u0001, u0002, u0003, u0004, u0005, u0006, u0007, ...")


@pytest.mark.parametrize(
    ("bounds", "told"),
    [
        ("{min: 9, max: 8}", "min is 9 and max 8"),
        ("{max: 3}", "min is 4 and max 3"),
        ("{min: 2000}", "min is 2000 and max 1000"),
    ],
)
def test_the_bounds_of_an_adaptive_limit_are_in_their_order(load: Load, reject: Reject, bounds: str, told: str) -> None:
    text = "listeners: [{name: a, address: '127.0.0.1:1'}]\nupstreams:\n  orders:\n    endpoints: ['a:1']\n"
    (error,) = reject(f"{text}    concurrency: {bounds}\n", bare=True)
    assert f"upstreams.orders.concurrency: {told}; expected no more for min than for max" in error
    assert load(f"{text}    concurrency: {{min: 4, max: 4}}\n", bare=True).snapshot.upstreams
