"""An engine between a client that sends anything and an endpoint that answers strictly: what it is fuzzed in.

No sockets and no clock: everything that can happen happens within one call.
"""

import contextlib
import dataclasses
from dataclasses import dataclass
from typing import Final, Self

from gateway.http1.writer import CONTINUE
from gateway.model.clock import SECOND_NS
from gateway.model.exchange import Exchange
from gateway.model.listener import ListenerLimits
from gateway.model.upstream import ConnectionLimits
from tests.support.messages import NeedMore, Request, Response, parse_request, parse_response
from tests.support.scripted import Dial, ScriptedTransport
from tests.support.walk import PUBLIC, SWITCHING, Client, Walk

LIMITS: Final = ListenerLimits(line=200, header_bytes=800, headers=12, trailer_bytes=100, chunk_line=40, body=600)
_LISTENER: Final = dataclasses.replace(PUBLIC, limits=LIMITS)
_ONE: Final = ConnectionLimits(max=1)
"""All clients share one connection to the endpoint, so that whatever is left on it is met by the next of them."""
_AN_AGE_NS: Final = 400 * SECOND_NS


@dataclass(slots=True)
class Asked:
    """A request that reached the endpoint, and on which of its connections."""

    request: Request
    connection: int


class StrictEndpoint:
    """Reads requests in form only (Malformed otherwise) and answers each with its own number, so that it tells whose the
    answer is. A request to switch protocols gets a 101 when its target is /switch, and an echo from then on."""

    def __init__(self, walk: Walk) -> None:
        self._walk = walk
        self._read: dict[int, int] = {}
        self._tunnels: set[int] = set()
        self.asked: list[Asked] = []
        self.is_answering = True

    def serve(self) -> None:
        """Take every connection, read what has come and answer it, until there is nothing left to do."""
        is_moving = True
        while is_moving:
            is_moving = False
            for number, dial in enumerate(self._walk.loop.dials):
                if not dial.is_accepted:
                    dial.accept()
                    self._walk.settle()
                    is_moving = True
                if self._serve_one(number, dial):
                    self._walk.settle()
                    is_moving = True

    def skip(self, number: int, size: int) -> None:
        """What has come on this connection up to here has been answered by somebody else."""
        self._read[number] = size

    def _serve_one(self, number: int, dial: Dial) -> bool:
        transport = dial.transport
        come = transport.taken[self._read.get(number, 0) :]
        if transport.is_lost or not self.is_answering:
            return False
        if number in self._tunnels and transport.has_ended and not transport.is_closing():
            self._tunnels.discard(number)
            transport.deliver_eof()
            return True
        if not come:
            return False
        if number in self._tunnels:
            self._read[number] = len(transport.taken)
            transport.deliver(come)
            return True
        with contextlib.suppress(NeedMore):
            request = parse_request(come)
            self._read[number] = self._read.get(number, 0) + request.size
            self.asked.append(Asked(request, number))
            self._answer(number, transport, request)
            return True
        return False

    def _answer(self, number: int, transport: ScriptedTransport, request: Request) -> None:
        if request.target == b"/switch" and b"websocket" in request.tokens("upgrade"):
            self._tunnels.add(number)
            transport.deliver(SWITCHING)
            return
        body = b"answer %d" % len(self.asked)
        head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
        transport.deliver(head if request.method == b"HEAD" else head + body)


class Conversation:
    """To be used as a context. Afterwards nothing is left of it in the engine, or `end` fails."""

    def __init__(self) -> None:
        self.walk = Walk(listener=_LISTENER, connections=_ONE)
        self.endpoint = StrictEndpoint(self.walk)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.walk.close()

    def say(self, client: Client, piece: bytes) -> None:
        """Deliver a piece, let everything happen that follows from it, and look at what the engine holds of it."""
        client.send(piece)
        self.endpoint.serve()
        self.walk.settle()
        self.assert_bounds(client)

    def assert_bounds(self, client: Client) -> None:
        """What is held of a head or a chunk line never passes its limit by more than the read that brought it."""
        connection = client.connection
        held = connection._reader._held
        assert held is None or len(held) <= LIMITS.line + LIMITS.header_bytes + 2, "too much of a head is held"
        body_held = getattr(connection._body, "_held", b"")
        assert len(body_held) <= max(LIMITS.chunk_line, LIMITS.trailer_bytes) + 2, "too much of a body is held"

    def end(self) -> None:
        """Every client leaves or is timed out, and nothing is left."""
        self.walk.pass_time(_AN_AGE_NS)
        self.endpoint.serve()
        for _ in range(3):
            self.walk.pass_time(_AN_AGE_NS)
        self.walk.assert_at_rest()
        assert not self.walk.port.connections, "a client's connection outlived all its deadlines"
        assert all(dial.transport.is_lost for dial in self.walk.loop.dials), "an upstream connection outlived its use"


def read_answers(client: Client, records: list[Exchange]) -> list[Response]:
    """The final answers a client got, read strictly, one for each of its records that tells of one.

    Raises if there is one more, one less, or a byte between them: never two answers for one request.
    """
    data, answers = client.received, []
    is_over = client.transport.is_lost or client.transport.has_ended
    for record in records:
        if record.status in {0, 499}:
            continue
        while True:
            answer = parse_response(data, record.method or "GET", ended=is_over)
            data = data[answer.size :]
            if answer.status >= 200 or record.upgraded:
                break
        assert answer.status == record.status, f"answered {answer.status}, recorded {record.status}"
        answers.append(answer)
        if record.upgraded:
            return answers
    if records and records[-1].status == 499:
        data = data.removeprefix(CONTINUE)  # It was told to send its body, and left.
    assert not data, f"bytes behind the last answer: {data[:80]!r}"
    return answers
