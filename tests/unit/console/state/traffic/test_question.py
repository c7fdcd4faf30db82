"""What is typed behind `x`."""

import msgspec
import pytest

from console.state.traffic.question import example_of, parse_question
from gateway.wire.explain import ExplainRequest
from gateway.wire.views import MatchView, PredicateView
from tests.unit.console.screens.test_routes import route


@pytest.mark.parametrize(
    ("text", "request_"),
    [
        ("GET http://api.example.com/v1/orders/1", ExplainRequest(url="http://api.example.com/v1/orders/1")),
        ("/v1/orders", ExplainRequest(url="/v1/orders")),
        ("post /v1/orders -H x-tenant:blue -H 'accept: a b'",
         ExplainRequest(method="POST", url="/v1/orders", headers=[("x-tenant", "blue"), ("accept", "a b")])),
        ("BREW /pot --client 10.0.0.1 --listener inner",
         ExplainRequest(method="BREW", url="/pot", client="10.0.0.1", listener="inner")),
        ("0c1b7a4de25f4c7e", ExplainRequest(exchange="0c1b7a4de25f4c7e")),
    ],
)  # fmt: skip
def test_it_is_what_the_gateway_is_asked(text: str, request_: ExplainRequest) -> None:
    assert parse_question(text) == request_


@pytest.mark.parametrize("text", ["GET nowhere here", "GET /a /b", "/a -H", "/a -H nocolon", "'"])
def test_it_says_what_is_wrong(text: str) -> None:
    with pytest.raises(ValueError):
        parse_question(text)


@pytest.mark.parametrize(
    ("match", "request_"),
    [
        (MatchView(path_kind="template", path="/v1/orders/{id}/{rest*}", hosts=["*.example.org"], methods=["PUT"]),
         "PUT http://any.example.org/v1/orders/1/1"),
        (MatchView(path_kind="prefix", path="/static", query=[PredicateView(name="v", kind="exact", value="2")],
                   headers=[PredicateView(name="x-tenant", kind="exact", value="blue moon")]),
         "GET http://localhost/static?v=2 -H 'x-tenant:blue moon'"),
        (MatchView(path_kind="any"), "GET http://localhost/"),
    ],
)  # fmt: skip
def test_a_route_has_a_request_to_begin_with(match: MatchView, request_: str) -> None:
    example = example_of(msgspec.structs.replace(route("orders", 0.0), match=match))
    assert example == request_
    parse_question(example)
