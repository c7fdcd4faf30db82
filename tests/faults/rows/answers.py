"""Answers that are cut short or out of form: what the client can tell, and what the next one on that connection gets."""

import random
from collections import Counter
from typing import Final

from tests.faults.fault_proxy import Ending, Fault, FaultProxy, Way
from tests.faults.row import fault
from tests.faults.stage import Stage
from tests.support.origin import Origin, OriginConnection, PeerGone
from tests.support.raw_client import RawClient, Truncated

CUTS: Final = 1000
SIZE: Final = 5000
HOST: Final = b"Host: gateway.test\r\n"
REQUEST: Final = b"GET %b HTTP/1.1\r\n" + HOST + b"\r\n"
HEADS: Final = {
    b"/length": b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % SIZE,
    b"/chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"/close": b"HTTP/1.1 200 OK\r\n\r\n",
}


async def answer_long(connection: OriginConnection) -> None:
    """In the framing that the target names. Every answer has more bytes than are let through."""
    request = await connection.read_request()
    piece = b"x" * 1000
    if request.target == b"/chunked":
        piece = b"3e8\r\n" + piece + b"\r\n"
    end = b"0\r\n\r\n" if request.target == b"/chunked" else b""
    await connection.send(HEADS[request.target] + piece * (SIZE // 1000) + end)
    if request.target == b"/close":
        await connection.close()


def endpoint_of(origin: Origin) -> tuple[str, int]:
    host, _, port = origin.address.rpartition(":")
    return host, int(port)


@fault(
    18,
    f"RST or FIN in the middle of the answer, {CUTS:,} times",
    "truncated answers given as whole: 0 of 1,000; asked twice: 0",
    limit_s=40.0,
)
def cut_answers(stage: Stage) -> None:
    chance = random.Random(18)
    origin = stage.origin(answer_long)

    def choose(number: int) -> Fault:
        return Fault(to_client=Way(cut_after=chance.randrange(1, SIZE), ending=endings[number % 2]))

    endings = (Ending.RST, Ending.FIN)
    proxy = stage.enter(FaultProxy(endpoint_of(origin), choose))
    gateway = stage.gateway(proxy.endpoint)
    told: Counter[str] = Counter()
    for number in range(CUTS):
        # An answer that ends with its connection is whole where that ends in good order.
        targets = sorted(HEADS) if endings[number % 2] is Ending.RST else [b"/chunked", b"/length"]
        told[read_cut(gateway.client(), targets[number // 2 % len(targets)])] += 1
    stage.figure(
        f"{told['whole']} of {CUTS} given as whole; {told['cut']} cut, {told['502']} told 502 before the answer had begun"
    )
    stage.figure(f"{len(origin.requests)} requests at the origin")
    stage.check(not told["whole"], f"{told['whole']} truncated answers were given as whole")
    stage.check(sum(told.values()) == told["cut"] + told["502"], f"answered {told}")
    stage.check(len(origin.requests) <= CUTS, f"{len(origin.requests)} requests for {CUTS}")


def read_cut(client: RawClient, target: bytes) -> str:
    """`cut` where the client can tell that the answer is not whole, `502`, or `whole`."""
    with client:
        try:
            answer = client.request(REQUEST % target)
        except Truncated:
            return "cut"
        return "whole" if answer.status == 200 else str(answer.status)


BAD: Final[dict[str, bytes]] = {
    "garbage": b"\x16\x03\x03\x00\x28" + bytes(range(256)) * 4,
    "100,000 header fields": b"HTTP/1.1 200 OK\r\n" + b"X-A: 1\r\n" * 100_000 + b"Content-Length: 0\r\n\r\n",
    "a header without an end": b"",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok!",
    "a length and chunks": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    "closed at once": b"",
}
"""Each is told by a 502 of the gateway's own."""
POISON: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"
TIMES: Final = 20
ENDLESS: Final = b"X-Endless: " + b"e" * 65536


async def misbehave(connection: OriginConnection) -> None:
    """As the target says; /victim and /stale are answered with their own names, the latter once on a connection."""
    while True:
        request = await connection.read_request()
        kind = request.target[1:].replace(b"_", b" ").decode()
        if kind == "stale" and len(connection.requests) > 1:
            return await connection.close()
        own = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(request.target), request.target)
        if kind == "a header without an end":
            await connection.send(b"HTTP/1.1 200 OK\r\n")
            while True:
                await connection.send(ENDLESS)
        if kind == "closed at once":
            return await connection.close()
        try:
            await connection.send(BAD.get(kind, own + POISON if kind == "two answers" else own))
        except PeerGone:
            return None


@fault(
    19,
    "a bad upstream: two answers, garbage, 100,000 header fields, a header without an end, early close of keep-alive",
    "cross-request leaks 0; 502 count exact; the race of a stale connection retried once, for safe methods only",
    limit_s=40.0,
)
def bad_answers(stage: Stage) -> None:
    origin = stage.origin(misbehave)
    gateway = stage.gateway(origin.address, workers=1, upstream="connections: {max: 1}")
    leaks, told = 0, Counter[str]()
    with gateway.client() as attacker, gateway.client() as victim:
        for kind in [*BAD, "two answers"] * TIMES:
            answer = ask(attacker, kind)
            told[f"{kind}: {answer}"] += 1
            leaks += ask(victim, "victim") != "200 /victim"
    expected = Counter({f"{kind}: 502": TIMES for kind in BAD} | {"two answers: 200 /two_answers": TIMES})
    total = sum(count for name, count in told.items() if name.endswith("502"))
    stage.figure(f"{leaks} leaks among {sum(told.values())} victims; 502: {total} of {len(BAD) * TIMES}")
    stage.check(not leaks, f"{leaks} victims did not get their own answers")
    stage.check(told == expected, f"told {told - expected}")
    stage.check(not origin.errors, f"the origin was sent what is out of form: {origin.errors[:1]}")
    race(stage)


def ask(client: RawClient, kind: str) -> str:
    """Status, and the body of an answer that is well."""
    answer = client.request(REQUEST % (b"/" + kind.replace(" ", "_").encode()))
    return f"200 {answer.body.decode()}" if answer.status == 200 else str(answer.status)


def race(stage: Stage) -> None:
    """The origin closes a kept connection just when the next request arrives on it."""
    origin = stage.origin(misbehave)
    gateway = stage.gateway(origin.address, workers=1, upstream="connections: {max: 1}")
    statuses: Counter[str] = Counter()
    with gateway.client() as client:
        for _ in range(TIMES):
            for method in ("GET", "GET", "GET", "POST"):
                request = REQUEST.replace(b"GET", method.encode()) % b"/stale"
                framed = request[:-2] + b"Content-Length: 0\r\n\r\n" if method == "POST" else request
                statuses[f"{method} {client.request(framed, method).status}"] += 1
    seen = Counter(request.method.decode() for request in origin.requests)
    stage.figure(
        f"stale connections: {dict(sorted(statuses.items()))}; at the origin {seen['GET']} GET, {seen['POST']} POST"
    )
    stage.check(statuses["GET 200"] == 3 * TIMES, f"a GET on a stale connection failed: {statuses}")
    stage.check(seen["POST"] == TIMES, f"{seen['POST']} POST at the origin, of {TIMES}: one was sent again")
