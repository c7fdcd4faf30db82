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
    ],
)
def test_an_upstream_that_does_not_do_what_it_says_is_a_warning(load: Load, upstream: str, warning: str) -> None:
    text = f"listeners: [{{name: a, address: 127.0.0.1:1}}]\nupstreams: {{a: {upstream}}}\n"
    assert [str(each) for each in load(text, bare=True).warnings] == [f"gateway.yaml:{warning}"]


def test_a_split_without_weight_is_a_warning(load: Load) -> None:
    (warning,) = load("routes: [{name: a, split: [{upstream: orders, weight: 0}]}]\n").warnings
    assert str(warning) == "gateway.yaml:3: routes[0].split: all weights are 0; every request is answered with 503"
