"""What an endpoint may answer: any bytes at all, in any pieces. `judge` raises AssertionError where an invariant breaks.

The invariants: no exception reaches the loop; the client gets one answer in form, the endpoint's or the gateway's, or can
tell that what it has is not all; a connection with anything unexpected on it never carries another request, and the next
client gets its own answer; the verdict is the same whole, in pieces and byte by byte.
"""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, TypeAlias

from gateway.model.clock import SECOND_NS
from gateway.model.exchange import Exchange
from gateway.model.outcome import Reason
from tests.fuzz.conversation import Conversation
from tests.support.cutting import bytewise, cut
from tests.support.messages import Malformed, NeedMore, Response, parse_response
from tests.support.walk import HOST, UPGRADE, Client

Fact: TypeAlias = tuple[object, ...]

VICTIM: Final = b"GET /victim HTTP/1.1\r\n" + HOST + b"\r\n"
_LATER: Final = b"GET /smuggled HTTP/1.1\r\n" + HOST + b"\r\n"
"""The end of a body that is sent behind the answer: read as a request, it would be one."""
_EARLY: Final = b"POST /attack HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n" % len(_LATER)
_WHOLE: Final = {Reason.NONE, Reason.UPSTREAM_STATUS}
_PATIENCE_NS: Final = 200 * SECOND_NS


@dataclass(frozen=True, slots=True)
class Mode:
    """request: what is asked for. later: more of it, behind the answer. ending: `FIN`, `RST`, or nothing for as long as
    anybody waits."""

    request: bytes
    ending: str
    later: bytes = b""

    @property
    def method(self) -> str:
        return self.request.split(b" ")[0].decode()


def _modes() -> dict[str, Mode]:
    requests = {
        "get": b"GET /attack HTTP/1.1\r\n" + HOST + b"\r\n",
        "head": b"HEAD /attack HTTP/1.1\r\n" + HOST + b"\r\n",
        "old": b"GET /attack HTTP/1.0\r\n" + HOST + b"Connection: keep-alive\r\n\r\n",
        "upgrade": b"GET /attack HTTP/1.1\r\n" + HOST + UPGRADE + b"\r\n",
    }
    modes = {
        f"{name}-{ending.lower()}": Mode(request, ending)
        for name, request in requests.items()
        for ending in ("FIN", "RST", "open")
    }
    return modes | {f"early-{ending.lower()}": Mode(_EARLY, ending, _LATER) for ending in ("FIN", "open")}


MODES: Final = _modes()
NAMES: Final = sorted(MODES)


def judge(name: str, data: bytes) -> None:
    """name: of MODES."""
    mode, seed = MODES[name], zlib.crc32(data)
    whole = converse(mode, [data] if data else [])
    assert_as_expected(mode, data, whole)
    assert converse(mode, cut(data, [seed >> shift & 0x3FF for shift in (0, 7, 13, 19)])) == whole, "cut, it differs"
    assert converse(mode, bytewise(data)) == whole, "byte by byte, it differs"


def assert_as_expected(mode: Mode, data: bytes, fact: Fact) -> None:
    """Compared with another reader, which knows only what is in the best of form: what it finds to be cut short is never
    a whole answer, and what it finds to be whole has the body that it finds."""
    if not data:
        return  # On a connection that was used before, that is no answer at all, and asked for once more.
    try:
        expected = _final(data, mode.method, has_ended=mode.ending == "FIN")
    except AssertionError:
        return
    if expected is None:
        assert fact == ("no answer",), "what was cut short is given as whole"
    elif len(fact) == 3:
        assert fact[2] == expected.body, "another body"


def converse(mode: Mode, pieces: Iterable[bytes]) -> Fact:
    with Conversation() as conversation:
        walk, endpoint = conversation.walk, conversation.endpoint
        victim, attacker = walk.connect(), walk.connect()
        conversation.say(victim, VICTIM)
        # The pool keeps one connection, and what is asked for now goes out on it.
        endpoint.is_answering = False
        attacker.send(mode.request)
        transport = walk.loop.dials[0].transport
        for piece in pieces:
            if not transport.is_closing():
                transport.deliver(piece)
                walk.settle()
        if mode.ending == "FIN":
            transport.deliver_eof()
        elif mode.ending == "RST" and not transport.is_lost:
            transport.reset()
        walk.settle()
        if mode.later and not attacker.transport.is_closing():
            attacker.send(mode.later)
        endpoint.skip(0, len(transport.taken))
        endpoint.is_answering = True
        endpoint.serve()
        walk.pass_time(_PATIENCE_NS)
        attacker.transport.deliver_eof()
        walk.settle()
        newcomer = walk.connect()
        conversation.say(newcomer, VICTIM)
        conversation.end()
        assert_well(newcomer, walk.records[-1], len(endpoint.asked))
        targets = [each.request.target for each in endpoint.asked]
        assert set(targets) <= {b"/victim", b"/attack"}, f"the endpoint was asked for {targets}"
        return fact_of(mode, attacker, walk.records[1], len(walk.records))


def assert_well(client: Client, record: Exchange, number: int) -> None:
    answer = parse_response(client.received, "GET", ended=True)
    assert (record.path, answer.status, answer.body) == ("/victim", 200, b"answer %d" % number), "another's answer"
    assert answer.size == len(client.received), "bytes behind an answer"


def fact_of(mode: Mode, client: Client, record: Exchange, records: int) -> Fact:
    """What the client can tell. An answer of the gateway's own and one that is cut are both no answer, and which of them
    it is depends on when the upstream's began."""
    assert records == 3, f"{records} records of three exchanges"
    data = client.received
    answer = _final(data, mode.method, has_ended=not client.transport.was_aborted)
    if answer is None:
        assert record.reason not in _WHOLE, "not whole, but recorded as such"
        return ("no answer",)
    if record.upgraded:
        return ("tunnel", sorted(answer.names))
    rest = data[data.find(answer.head) + answer.size :]
    assert not rest, f"bytes behind the answer: {rest[:80]!r}"
    assert answer.status == record.status, f"answered {answer.status}, recorded {record.status}"
    if record.reason not in _WHOLE:
        assert answer.status in {502, 504}, f"{record.reason}, and yet a whole answer"
        assert b"sightline" in answer.values("server"), f"{record.reason}, and yet a whole answer of the upstream's"
        return ("no answer",)
    fields = sorted(field for field in answer.fields if field[0].lower() not in {b"date", b"connection"})
    return (answer.status, fields, answer.body)


def _final(data: bytes, method: str, *, has_ended: bool) -> Response | None:
    """The answer, read strictly; None where whoever reads it knows it has not got all of one."""
    while data:
        try:
            answer = parse_response(data, method, ended=has_ended)
        except NeedMore:
            return None
        except Malformed as malformed:
            raise AssertionError(f"an answer out of form: {malformed}") from None
        if answer.status >= 200 or answer.status == 101:
            return answer
        data = data[answer.size :]
    return None
