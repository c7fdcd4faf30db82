"""What a client may send: any bytes at all, in any pieces. `judge` raises AssertionError where an invariant breaks.

The invariants: no exception reaches the loop; the endpoint sees requests in form only, and exactly those that are recorded;
every request has one record and one answer; what is refused ends the connection; limits hold; the client beside gets its
own answers, and nothing of it is seen elsewhere; the verdict is the same whole, in pieces and byte by byte.
"""

import zlib
from collections.abc import Iterable
from typing import Final, TypeAlias

from gateway.model.exchange import Exchange
from gateway.model.outcome import Reason
from tests.fuzz.conversation import LIMITS, Asked, Conversation, read_answers
from tests.support.cutting import bytewise, cut
from tests.support.messages import Response
from tests.support.walk import Client

SECRET: Final = b"session=secret-of-another"
VICTIM: Final = b"GET /victim HTTP/1.1\r\nHost: a.test\r\nCookie: %b\r\n\r\n" % SECRET
_REFUSED: Final = {
    Reason.BAD_REQUEST, Reason.URI_TOO_LONG, Reason.HEADER_TOO_LARGE, Reason.BODY_TOO_LARGE, Reason.NOT_IMPLEMENTED,
    Reason.CLIENT_TIMEOUT, Reason.EXPECTATION_FAILED,
}  # fmt: skip
_ADDED_FIELDS: Final = 12
"""Fields of the gateway's own in a forwarded request, at most."""

Fact: TypeAlias = tuple[object, ...]


def judge(data: bytes) -> None:
    seed = zlib.crc32(data)
    whole = converse([data])
    assert converse(cut(data, [seed >> shift & 0x3FF for shift in (0, 7, 13, 19)])) == whole, "cut, the verdict differs"
    assert converse(bytewise(data)) == whole, "byte by byte, the verdict differs"


def converse(pieces: Iterable[bytes]) -> list[Fact]:
    """What became of it: the requests that were served, and how it ended."""
    with Conversation() as conversation:
        walk, endpoint = conversation.walk, conversation.endpoint
        victim, attacker = walk.connect(), walk.connect()
        conversation.say(victim, VICTIM)
        for piece in pieces:
            conversation.say(attacker, piece)
        attacker.transport.deliver_eof()
        walk.settle()
        endpoint.serve()
        walk.settle()
        records = walk.records[1:]
        conversation.say(victim, VICTIM)
        conversation.end()
        others, asked = [walk.records[0], walk.records[len(records) + 1]], endpoint.asked
        assert len(walk.records) == len(records) + 2, "an exchange ended after its client had left"
        assert_victim_is_well(victim, others, asked)
        answers = read_answers(attacker, records)
        assert_refusals_close(attacker, records, answers)
        return facts_of(records, answers, asked[1:-1])


def assert_victim_is_well(victim: Client, records: list[Exchange], asked: list[Asked]) -> None:
    answers = read_answers(victim, records)
    assert [answer.body for answer in answers] == [b"answer 1", b"answer %d" % len(asked)], "another's answer"
    for own in (asked[0], asked[-1]):
        assert (own.request.target, own.request.body) == (b"/victim", b""), "the victim's request was touched"
    assert all(SECRET not in each.request.head + each.request.body for each in asked[1:-1]), (
        "the victim's secret got out"
    )


def assert_refusals_close(client: Client, records: list[Exchange], answers: list[Response]) -> None:
    for number, record in enumerate(records):
        if record.reason in _REFUSED:
            assert number == len(records) - 1, "served on after a refusal"
            assert answers[-1].closes, "a refusal that does not say it closes"
            assert client.transport.is_lost, "a refusal that does not close"


def facts_of(records: list[Exchange], answers: list[Response], asked: list[Asked]) -> list[Fact]:
    """Checks that what the endpoint saw is what was recorded, and gives what must not depend on the delivery.

    Whether a request with a body was answered by the gateway before its body came depends on it, and so does whether the
    connection outlived that: nothing behind such an answer is compared, and of itself only that it was no service.
    """
    facts: list[Fact] = []
    is_compared = True
    seen, left = list(asked), list(answers)
    for record in records:
        answer = left.pop(0) if record.status not in {0, 499} else None
        if record.attempts and record.status in {101, 200}:
            assert seen, "recorded as served, and never seen by the endpoint"
            request = seen.pop(0).request
            target = record.path + ("" if record.query is None else f"?{record.query}")
            assert (request.method.decode(), request.target.decode()) == (record.method, target), "another request"
            assert len(request.body) <= (LIMITS.body or 0), "a body past its limit was forwarded"
            assert len(request.fields) <= LIMITS.headers + _ADDED_FIELDS, "too many fields were forwarded"
            fact: Fact = (record.status, record.method, target, request.body, sorted(plain_fields(request.fields)))
        elif answer is None or answer.closes or record.request_body_ns:
            fact = ("not served",)
        else:
            fact = (record.status, record.method, record.path)
        if is_compared:
            facts.append(fact)
        is_compared = is_compared and fact != ("not served",)
    assert not seen, f"the endpoint saw a request of which there is no record: {seen[0].request.head!r}"
    return facts


def plain_fields(fields: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Without those that are drawn anew each time."""
    return [field for field in fields if field[0].lower() not in {b"traceparent", b"x-request-id"}]
