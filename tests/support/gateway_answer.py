"""What a gateway-made answer must say, in JSON or in plain text, and what must be true of a connection refused with it."""

import json
import re
from dataclasses import dataclass
from typing import Final

from tests.support.messages import Response
from tests.support.raw_client import End, RawClient

REASONS_OF: Final[dict[int, frozenset[str]]] = {
    400: frozenset({"bad_request"}),
    404: frozenset({"no_route"}),
    405: frozenset({"method_not_allowed"}),
    408: frozenset({"client_timeout"}),
    413: frozenset({"body_too_large"}),
    414: frozenset({"uri_too_long"}),
    417: frozenset({"expectation_failed"}),
    431: frozenset({"header_too_large"}),
    501: frozenset({"not_implemented"}),
    502: frozenset({"upstream_protocol_error", "upstream_reset", "connect_refused", "dns_error"}),
    503: frozenset(
        {
            "pool_exhausted",
            "no_healthy_endpoint",
            "overloaded",
            "shutting_down",
            "circuit_open",
            "concurrency_limited",
        }
    ),
    504: frozenset(
        {"connect_timeout", "upstream_timeout_first_byte", "upstream_timeout_total", "upstream_idle_timeout"}
    ),
    505: frozenset({"bad_request", "not_implemented"}),
}
"""The reasons that may stand in the body of a gateway-made answer with this status."""

_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,128}")
_TEXT_REASON: Final = re.compile(r"\d{3} ([a-z_]+)")
_TEXT_REQUEST_ID: Final = re.compile(r"^request id: (\S+)$", re.MULTILINE)


@dataclass(frozen=True)
class GatewayAnswer:
    reason: str
    request_id: str


def read_gateway_answer(response: Response) -> GatewayAnswer:
    """The reason and the request id of an answer the gateway has made itself."""
    content_type = response.value("content-type") or b""
    if content_type.startswith(b"application/json"):
        told = json.loads(response.body)
        answer = GatewayAnswer(told["reason"], told["request_id"])
    else:
        assert content_type.startswith(b"text/plain"), f"{content_type!r} of {response.head!r}"
        text = response.body.decode()
        reason, request_id = _TEXT_REASON.match(text), _TEXT_REQUEST_ID.search(text)
        assert reason is not None, f"no reason in {text!r}"
        assert request_id is not None, f"no request id in {text!r}"
        answer = GatewayAnswer(reason[1], request_id[1])
    assert _REQUEST_ID.fullmatch(answer.request_id), answer.request_id
    return answer


def assert_gateway_answer(response: Response, status: int, reason: str) -> None:
    """The answer is the gateway's own, with this status and reason."""
    assert response.status == status, response.head
    assert read_gateway_answer(response).reason == reason


def read_refusal(client: RawClient, *statuses: int, method: str = "GET") -> Response:
    """Read what a request refused for its form must get: one answer with one of these statuses that says `close`, a
    reason that goes with the status, then the end of the gateway's side, and not a byte more."""
    response = client.read_response(method)
    assert response.status in statuses, response.head
    assert response.closes, f"no `Connection: close` in {response.head!r}"
    assert response.framing == "length" or method == "HEAD", response.head
    if method != "HEAD":
        assert read_gateway_answer(response).reason in REASONS_OF[response.status], response.body
    rest, end = client.read_to_end()
    assert (rest, end) == (b"", End.FIN)
    return response
