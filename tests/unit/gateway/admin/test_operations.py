"""Answers as bytes."""

import msgspec
import pytest

from gateway.admin.examples import ROUTE
from gateway.admin.operations import json_response
from gateway.wire.views import RouteListView


def test_a_large_view_is_encoded_once_for_all_who_are_given_it(monkeypatch: pytest.MonkeyPatch) -> None:
    view = RouteListView(revision="a", routes=[ROUTE] * 50)
    first, other = json_response(view), json_response(RouteListView(revision="b", routes=view.routes))
    assert other.body != first.body
    monkeypatch.setattr(msgspec.json, "encode", lambda _view: b"encoded again")
    assert json_response(view).body == first.body == msgspec.json.Encoder().encode(view)
    assert json_response(ROUTE).body == b"encoded again"
