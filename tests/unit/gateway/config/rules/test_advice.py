"""What is legal and yet hardly meant."""

from collections.abc import Callable

import pytest

from gateway.config import Configuration

Load = Callable[..., Configuration]


@pytest.mark.parametrize(
    ("upstream", "warning"),
    [
        (
            "{endpoints: []}",
            "2: upstreams.a.endpoints: no endpoint; every request for this upstream is answered with 503",
        ),
        (
            "{endpoints: [127.0.0.1:1], hash_on: path}",
            "2: upstreams.a.hash_on: without effect; only balance: consistent_hash looks at it",
        ),
        (
            "{endpoints: [127.0.0.1:1], hash_max_load: 125%}",
            "2: upstreams.a.hash_max_load: without effect; only balance: consistent_hash looks at it",
        ),
        (
            "{endpoints: [127.0.0.1:1], prefer_zone: true}",
            "2: upstreams.a.prefer_zone: without effect; the gateway has no `zone` of its own",
        ),
        (
            "{endpoints: [127.0.0.1:1], panic_below: 30%}",
            "2: upstreams.a.panic_below: without effect; only with `health` are endpoints taken out of use",
        ),
        (
            "{endpoints: [127.0.0.1:1], breaker: {failure_ratio: 0%}}",
            "2: upstreams.a.breaker.failure_ratio: the circuit opens though nothing fails; expected more than 0%",
        ),
    ],
)
def test_an_upstream_that_does_not_do_what_it_says_is_a_warning(load: Load, upstream: str, warning: str) -> None:
    text = f"listeners: [{{name: a, address: 127.0.0.1:1}}]\nupstreams: {{a: {upstream}}}\n"
    assert [str(each) for each in load(text, bare=True).warnings] == [f"gateway.yaml:{warning}"]


def test_a_split_without_weight_is_a_warning(load: Load) -> None:
    (warning,) = load("routes: [{name: a, split: [{upstream: orders, weight: 0}]}]\n").warnings
    assert str(warning) == "gateway.yaml:3: routes[0].split: all weights are 0; every request is answered with 503"


@pytest.mark.parametrize(
    ("keys", "warning"),
    [
        (
            "retries: {attempts: 1, hedge_after: 50ms}",
            "retries.hedge_after: without effect; with attempts: 1 there is no second attempt",
        ),
        (
            "retries: {per_try_timeout: 3s}, timeouts: {request: 2s}",
            "retries.per_try_timeout: without effect; the whole exchange ends before, by `timeouts.request`",
        ),
        (
            "timeouts: {deadline_header: x-left}",
            "timeouts.deadline_header: without effect; `timeouts.request`, of which it tells what is left, is none",
        ),
    ],
)
def test_a_route_that_does_not_do_what_it_says_is_a_warning(load: Load, keys: str, warning: str) -> None:
    (found,) = load(f"routes: [{{name: a, upstream: orders, {keys}}}]\n").warnings
    assert str(found) == f"gateway.yaml:3: routes[0].{warning}"


@pytest.mark.parametrize(
    ("marks", "told"),
    [
        ("{shed_above: 99%}", ["98% (refuse_above) all requests are turned away"]),
        ("{refuse_above: 90%}", ["90% (refuse_above) all requests are turned away"]),
        ("{shed_above: 80%, refuse_above: 90%}", []),
    ],
)
def test_a_mark_that_is_reached_after_the_one_above_it_is_a_warning(load: Load, marks: str, told: list[str]) -> None:
    warnings = [str(each) for each in load(f"overload: {{memory: {marks}}}\n").warnings]
    assert warnings == [f"gateway.yaml:3: overload.memory.shed_above: without effect; at {each}" for each in told]


@pytest.mark.parametrize(
    "text",
    [
        "routes: [{name: a, upstream: orders, retries: {hedge_after: 50ms, per_try_timeout: 2s}, timeouts: {request: 2s}}]\n",
        "routes: [{name: a, upstream: orders, timeouts: {request: 2s, deadline_header: x-left}}]\n",
        "routes: [{name: a, upstream: orders, retries: {attempts: 1, per_try_timeout: 2s}}]\n",
    ],
)
def test_what_acts_is_no_warning(load: Load, text: str) -> None:
    assert load(text).warnings == ()


def test_what_is_left_may_be_known_from_a_trusted_proxy(load: Load) -> None:
    text = (
        "listeners: [{name: a, address: 127.0.0.1:1, trusted_proxies: [10.0.0.0/8]}]\n"
        "upstreams: {a: {endpoints: [127.0.0.1:1], health: {active: {}}, panic_below: 30%}}\n"
        "routes: [{name: a, upstream: a, timeouts: {deadline_header: x-left}}]\n"
    )
    assert load(text, bare=True).warnings == ()
