"""With `return_request_id` every answer carries the id under which its exchange is recorded; else only our own refusals do."""

from typing import Final

from tests.live.conftest import StartGateway, StartOrigin
from tests.support.config import one_route
from tests.support.messages import Response
from tests.support.origin import answering

RETURNING: Final = "return_request_id: true"
OK: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nx-request-id: theirs\r\n\r\nok"
FIXED: Final = """
  - {name: fixed, match: {path: /fixed}, respond: {status: 200, body: hi}}
  - {name: named, match: {path: /named}, respond: {status: 200, headers: {x-request-id: configured}}}
  - {name: moved, match: {path: /moved}, redirect: {path: /fixed}}
"""


def get(path: str, more: str = "") -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: a.test\r\n{more}\r\n".encode()


def ids(response: Response) -> list[bytes]:
    return [value for name, value in response.fields if name.lower() == b"x-request-id"]


def test_every_answer_has_the_id_of_its_record_and_only_that(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    address = start_origin(answering(OK)).address
    gateway = start_gateway(one_route(address, listener=RETURNING, match="path: /v1", more_routes=FIXED))
    with gateway.client() as client:
        found = [ids(client.request(get(path))) for path in ("/v1", "/v1", "/fixed", "/moved", "/other")]
        kept = client.request(get("/v1", "X-Request-Id: mine\r\n"))
        assert (kept.body, kept.closes, ids(kept)) == (b"ok", False, [b"mine"])
        assert ids(client.request(get("/named"))) == [b"configured"]
    records = gateway.await_records(7)
    assert found == [[record.request_id.encode()] for record in records[:5]]


def test_it_is_told_beside_the_causes(start_origin: StartOrigin, start_gateway: StartGateway) -> None:
    listener = f'explain_to: ["127.0.0.1/32"], {RETURNING}'
    gateway = start_gateway(one_route(start_origin(answering(OK)).address, listener=listener))
    with gateway.client() as client:
        response = client.request(get("/v1"))
    assert ids(response) == [gateway.await_records(1)[0].request_id.encode()]
    assert (response.value("proxy-status") or b"").startswith(b"sightline; received-status=200")


def test_without_it_an_upstreams_answer_goes_on_as_it_came(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    address = start_origin(answering(OK)).address
    gateway = start_gateway(one_route(address, match="path: /v1", more_routes=FIXED))
    with gateway.client() as client:
        assert ids(client.request(get("/v1"))) == [b"theirs"]
        assert ids(client.request(get("/fixed"))) == []
