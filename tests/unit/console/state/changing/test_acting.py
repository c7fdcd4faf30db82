"""Actions as values: what is asked first and what then, and the way back as the gateway names it."""

import msgspec
import pytest

from console.state.changing.acting import inverse, on_endpoint, rollback, split_endpoint
from gateway.wire.actions import InverseView


def test_what_is_looked_at_is_what_is_done() -> None:
    action = on_endpoint("a/b", "unix:/run/x.sock", "weight", 5)
    path = "upstreams/a%2Fb/endpoints/unix%3A%2Frun%2Fx.sock/weight"
    assert (action.title, action.target) == ("weight unix:/run/x.sock of a/b 5", "unix:/run/x.sock")
    preview = action.preview()
    assert (preview.path, preview.query, preview.if_match) == (path, (("dry_run", "true"),), None)
    doing = action.doing("3.7", "disk")
    assert (doing.path, doing.query, doing.if_match) == (path, (("reason", "disk"),), "3.7")
    assert msgspec.json.decode(doing.body) == {"reason": "", "weight": 5}


def test_a_weight_belongs_to_weighing_alone() -> None:
    assert "weight" not in msgspec.json.decode(on_endpoint("o", "a:1", "drain").request.body)
    assert msgspec.json.decode(on_endpoint("o", "a:1", "weight").request.body)["weight"] is None


@pytest.mark.parametrize("weight", [None, 4, msgspec.UNSET])
def test_the_way_back_is_the_one_that_was_named(weight: int | msgspec.UnsetType | None) -> None:
    there = on_endpoint("a/b", "unix:/run/x.sock", "weight", 5)
    back = inverse(InverseView(action="weight", path=f"/api/v1/{there.request.path}", weight=weight))
    assert (back.request.path, back.target) == (there.request.path, "unix:/run/x.sock")
    told = msgspec.json.decode(back.request.body)
    assert told.get("weight", msgspec.UNSET) == weight


def test_going_back_is_confirmed_by_the_name_it_was_asked_with() -> None:
    assert rollback("411").target == "411"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("orders/a:1", ("orders", "a:1")),
        ("o/unix:/run/x", ("o", "unix:/run/x")),
        ("orders", None),
        ("/a:1", None),
        ("o/", None),
    ],
)
def test_an_endpoint_is_named_with_its_upstream(text: str, expected: tuple[str, str] | None) -> None:
    assert split_endpoint(text) == expected
