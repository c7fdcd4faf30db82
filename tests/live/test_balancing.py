"""Where requests go: sticky sessions, subsets, standby groups and zones, on the wire."""

import asyncio
from collections import Counter
from typing import Final

from tests.live.conftest import StartGateway, StartOrigin
from tests.support.config import one_route
from tests.support.gateway import EngineGateway
from tests.support.origin import OriginConnection, answering

SECRET: Final = "a-secret-for-these-tests"


def saying(start_origin: StartOrigin, *words: bytes) -> list[str]:
    """Origins that answer with a word each; their addresses."""
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b"
    return [start_origin(answering(answer % (len(word), word))).address for word in words]


def get(gateway: EngineGateway, path: str = "/", cookie: str = "") -> tuple[str, str]:
    """What the endpoint said, and the cookie the client was given, if it was."""
    line = f"Cookie: {cookie}\r\n" if cookie else ""
    with gateway.client() as client:
        answer = client.request(f"GET {path} HTTP/1.1\r\nHost: a.test\r\n{line}\r\n".encode())
    given = [value.decode().split(";")[0] for name, value in answer.fields if name.lower() == b"set-cookie"]
    return answer.body.decode(), given[0] if given else ""


def test_a_client_comes_back_to_the_endpoint_that_answered_it_first(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    addresses = saying(start_origin, b"one", b"two", b"three")
    sticky = f"balance: round_robin, sticky: {{cookie: sid, secret: {SECRET}}}"
    gateway = start_gateway(one_route(*addresses, upstream=sticky))
    first, cookie = get(gateway)
    assert cookie.startswith("sid=")
    again = [get(gateway, cookie=cookie) for _ in range(6)]
    assert again == [(first, "")] * 6, "the same endpoint, and nothing to set anew"
    assert len({get(gateway)[0] for _ in range(6)}) == 3, "who brings no cookie is spread over all"
    forged, fresh = get(gateway, cookie="sid=" + "0" * 32)
    assert fresh, f"{forged} answered a cookie that was made up, and sets a good one"


def test_a_route_of_a_subset_reaches_the_endpoints_with_its_labels_only(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    old, new = saying(start_origin, b"old", b"new")
    canary = "  - {name: canary, match: {path_prefix: /new}, upstream: orders, subset: {version: v2}}\n"
    text = (
        "listeners: [{name: public, address: 127.0.0.1:9080}]\n"
        f"upstreams: {{orders: {{endpoints: [{old}, {{address: {new}, labels: {{version: v2}}}}]}}}}\n"
        f"routes:\n{canary}  - {{name: all, match: {{path_prefix: /}}, upstream: orders}}\n"
    )
    gateway = start_gateway(text)
    assert {get(gateway, "/new")[0] for _ in range(8)} == {"new"}
    assert {get(gateway, "/x")[0] for _ in range(8)} == {"old", "new"}


def test_endpoints_of_the_own_zone_answer_and_a_standby_waits(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    near, far, standby = saying(start_origin, b"near", b"far", b"standby")
    text = (
        "listeners: [{name: public, address: 127.0.0.1:9080}]\nzone: a\n"
        f"upstreams: {{orders: {{prefer_zone: true, endpoints: [{{address: {near}, zone: a}}, {{address: {far}, zone: b}}, "
        f"{{address: {standby}, zone: a, priority: 1}}]}}}}\n"
        "routes: [{name: all, match: {path_prefix: /}, upstream: orders}]\n"
    )
    gateway = start_gateway(text)
    assert Counter(get(gateway)[0] for _ in range(12)) == {"near": 12}


def test_the_endpoint_that_answers_sooner_gets_more_of_the_requests(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    async def dawdle(connection: OriginConnection) -> None:
        while True:
            await connection.read_request()
            await asyncio.sleep(0.05)
            await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nslow")

    slow = start_origin(dawdle)
    (fast,) = saying(start_origin, b"fast")
    gateway = start_gateway(one_route(slow.address, fast, upstream="balance: peak_ewma"))
    said = Counter(get(gateway)[0] for _ in range(40))
    assert said["fast"] > 30, said
