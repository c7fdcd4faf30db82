"""What routes ask of endpoints by their labels."""

from collections.abc import Callable

import pytest

from gateway.config import ConfigInvalid, Configuration

Load = Callable[..., Configuration]

TEXT = """
listeners: [{name: a, address: 127.0.0.1:1}]
upstreams:
  orders: {endpoints: [{address: "127.0.0.1:1", labels: {version: v2, track: canary}}, "127.0.0.1:2"]}
  stock: {endpoints: ["127.0.0.1:3"]}
routes:
"""


def test_a_subset_that_an_endpoint_has_is_laid_out_with_the_upstream(load: Load) -> None:
    route = "  - {name: a, match: {path: /a}, upstream: orders, subset: {version: v2, track: canary}}\n"
    snapshot = load(TEXT + route, bare=True).snapshot
    wanted = (("track", "canary"), ("version", "v2"))
    assert snapshot.routes[0].subset == wanted
    assert [upstream.subsets for upstream in snapshot.upstreams] == [(wanted,), ()]


@pytest.mark.parametrize(
    ("route", "message"),
    [
        ("upstream: orders, subset: {version: v3}", "no endpoint of upstream 'orders' has these labels"),
        (
            "split: [{upstream: orders}, {upstream: stock}], subset: {version: v2}",
            "no endpoint of upstream 'stock' has",
        ),
        (
            "respond: {status: 200}, subset: {version: v2}",
            "of no use beside respond; expected only where requests are forwarded",
        ),
    ],
)
def test_a_subset_without_an_endpoint_is_an_error(load: Load, route: str, message: str) -> None:
    with pytest.raises(ConfigInvalid) as invalid:
        load(f"{TEXT}  - {{name: a, match: {{path: /a}}, {route}}}\n", bare=True)
    assert f"gateway.yaml:7: routes[0].subset: {message}" in str(invalid.value)
