"""What is typed behind `x`."""

import pytest

from console.state.traffic.question import parse_question
from gateway.wire.explain import ExplainRequest


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
