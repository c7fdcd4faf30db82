"""One connection to an endpoint: what a receiver is told of an answer however it arrives, and when it may serve again."""

from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.model.clock import NEVER_NS, SECOND_NS
from gateway.model.outcome import Reason
from gateway.net.deadlines import Deadlines
from gateway.upstreams.connection import INTERIM_AT_MOST, LINGER_NS, UpstreamConnection
from tests.support.pooling import Answers
from tests.support.scripted import Clock, ScriptedLoop, ScriptedTransport

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n1\r\n!\r\n0\r\nX-Sum: 3\r\n\r\n"
HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
UPGRADE = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"


class Owner:
    """Keeps what a connection tells its pool."""

    def __init__(self) -> None:
        self.free = 0
        self.closed: list[str] = []

    def connection_free(self, _connection: UpstreamConnection) -> None:
        self.free += 1

    def connection_closed(self, _connection: UpstreamConnection, reason: str) -> None:
        self.closed.append(reason)


class Line:
    """A connection, its owner and its transport."""

    def __init__(self, loop: ScriptedLoop) -> None:
        self.loop = loop
        self.owner = Owner()
        self.deadlines = Deadlines(loop)
        self.deadlines.start()
        self.connection = UpstreamConnection(self.owner, self.deadlines, loop)
        self.transport = ScriptedTransport(loop, self.connection)
        self.connection.connection_made(self.transport)

    def lease(self, *, to_head: bool = False, upgrade: bytes | None = None, is_request_whole: bool = True) -> Answers:
        answers = Answers(self.connection, is_request_whole=is_request_whole)
        self.connection.begin(answers, to_head=to_head, upgrade=upgrade)
        return answers

    def deliver(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.transport.deliver(piece)
        self.loop.settle()

    def end(self) -> None:
        self.transport.deliver_eof()
        self.loop.settle()

    @property
    def is_closed(self) -> bool:
        return self.transport.is_closing()


@pytest.fixture
def line(loop: ScriptedLoop) -> Line:
    return Line(loop)


def test_an_answer_in_one_read_frees_the_connection(line: Line) -> None:
    answers = line.lease()
    line.deliver(OK)
    assert answers.head is not None
    assert (answers.head.status, answers.payload, answers.is_complete) == (200, b"ok", True)
    assert line.owner.free == 1
    assert line.connection.receiver is None


def test_the_next_exchange_has_the_connection_to_itself(line: Line) -> None:
    for count in range(1, 4):
        answers = line.lease()
        assert not line.connection.has_answered
        line.deliver(OK)
        assert answers.payload == b"ok"
        assert (line.owner.free, line.connection.exchanges) == (count, count)


def test_trailers_are_told_with_the_last_piece(line: Line) -> None:
    answers = line.lease()
    line.deliver(CHUNKED)
    assert (answers.payload, answers.trailers) == (b"ok!", [(b"X-Sum", b"3")])
    assert line.owner.free == 1


def test_interim_answers_come_before_the_answer(line: Line) -> None:
    answers = line.lease()
    line.deliver(b"HTTP/1.1 100 Continue\r\n\r\n" + HINTS + HINTS + OK)
    assert answers.interim == [100, 103, 103]
    assert answers.payload == b"ok"


def test_interim_answers_without_end_are_refused(line: Line) -> None:
    answers = line.lease()
    line.deliver(HINTS * INTERIM_AT_MOST)
    assert answers.failure is None
    line.deliver(HINTS)
    assert answers.failure is not None
    assert answers.failure[0] is Reason.UPSTREAM_PROTOCOL_ERROR
    assert line.owner.closed == ["aborted"]


@pytest.mark.parametrize(
    ("answer", "is_request_whole"),
    [
        pytest.param(OK + b"H", True, id="bytes behind the answer"),
        pytest.param(CHUNKED + b"H", True, id="bytes behind a chunked answer"),
        pytest.param(b"HTTP/1.1 204 No Content\r\n\r\nx", True, id="bytes behind an answer without a body"),
        pytest.param(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", True, id="it says so"),
        pytest.param(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", True, id="HTTP/1.0"),
        pytest.param(OK, False, id="the request is not whole"),
    ],
)
def test_a_connection_that_may_not_serve_again_is_closed(line: Line, answer: bytes, is_request_whole: bool) -> None:
    answers = line.lease(is_request_whole=is_request_whole)
    line.deliver(answer)
    assert answers.is_complete
    assert line.owner.free == 0
    assert line.owner.closed == ["not_reusable"]
    assert line.is_closed


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"HTTP/1.1 204 No Content\r\n\r\n", id="204"),
        pytest.param(b'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\nContent-Length: 5\r\n\r\n', id="304"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", id="nothing"),
        pytest.param(
            b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok", id="HTTP/1.0 kept alive"
        ),
    ],
)
def test_an_answer_that_has_a_clear_end_frees_the_connection(line: Line, answer: bytes) -> None:
    assert not line.lease().failure
    line.deliver(answer)
    assert line.owner.free == 1


def test_the_answer_to_head_ends_with_its_head(line: Line) -> None:
    answers = line.lease(to_head=True)
    line.deliver(HINTS + b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    assert answers.is_complete
    assert line.owner.free == 1
    answers = line.lease()
    line.deliver(OK)
    assert answers.payload == b"ok"


def test_the_same_head_is_read_anew_where_the_request_was_head(line: Line) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"
    line.lease()
    line.deliver(head + b"ok")
    answers = line.lease(to_head=True)
    line.deliver(head)
    assert answers.is_complete
    answers = line.lease()
    line.deliver(head)
    assert not answers.is_complete
    line.deliver(b"ok")
    assert answers.is_complete
    assert line.owner.free == 3


def test_the_end_of_the_connection_ends_an_answer_without_a_length(line: Line) -> None:
    answers = line.lease()
    line.deliver(b"HTTP/1.1 200 OK\r\n\r\nall ", b"of it")
    assert not answers.is_complete
    line.end()
    assert (answers.payload, answers.is_complete) == (b"all of it", True)
    assert line.owner.free == 0
    assert line.transport.is_lost


@pytest.mark.parametrize(
    "part",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"HTTP/1.1 200", id="half a head"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok", id="a body too short"),
        pytest.param(CHUNKED[:-2], id="a chunked body without its end"),
    ],
)
@pytest.mark.parametrize("how", ["end", "reset"])
def test_an_answer_cut_short_is_a_reset(line: Line, part: bytes, how: str) -> None:
    answers = line.lease()
    if part:
        line.deliver(part)
    if how == "end":
        line.end()
    else:
        line.transport.reset()
    assert answers.failure is not None
    assert answers.failure[0] is Reason.UPSTREAM_RESET
    assert line.connection.has_answered is bool(part)
    assert len(line.owner.closed) == 1
    assert line.owner.free == 0


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"SSH-2.0-OpenSSH_9\r\n\r\n", id="no HTTP"),
        pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", id="a broken chunk"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", id="two lengths"),
        pytest.param(UPGRADE, id="a switch nobody asked for"),
    ],
)
def test_an_answer_out_of_form_fails_and_poisons_the_connection(line: Line, answer: bytes) -> None:
    answers = line.lease()
    line.deliver(answer)
    assert answers.failure is not None
    assert answers.failure[0] is Reason.UPSTREAM_PROTOCOL_ERROR
    assert line.transport.was_aborted
    assert line.owner.closed == ["aborted"]


def test_a_receiver_that_raises_is_told_and_the_fault_reported(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = line.lease()
    monkeypatch.setattr(answers, "response_begins", lambda *_, **__: 1 / 0)
    line.deliver(OK)
    assert answers.failure == (Reason.INTERNAL_ERROR, "")
    assert [type(error["exception"]) for error in line.loop.errors] == [ZeroDivisionError]
    line.loop.errors.clear()
    assert line.transport.was_aborted


def test_what_comes_after_an_abort_reaches_nobody(line: Line) -> None:
    answers = line.lease()
    line.connection.abort()
    line.connection.data_received(OK)
    line.loop.settle()
    assert (answers.head, answers.failure) == (None, None)
    assert line.owner.closed == ["aborted"]


def test_a_tunnel_carries_everything_behind_the_switch_and_the_end_of_each_side(line: Line) -> None:
    answers = line.lease(upgrade=b"websocket")
    line.deliver(UPGRADE + b"first")
    line.deliver(OK)
    assert answers.payload == b"first" + OK
    assert not line.is_closed
    line.end()
    assert answers.is_complete


def test_a_slow_endpoint_is_told_to_its_receiver(line: Line) -> None:
    answers = line.lease()
    line.transport.is_peer_reading = False
    line.transport.write(bytes(100_000))
    line.transport.take()
    assert answers.events == ["pauses", "resumes"]
    line.connection.release(is_clean=False)
    line.connection.pause_writing()
    line.connection.resume_writing()
    assert answers.events == ["pauses", "resumes"]


def test_a_deadline_is_its_receivers_while_it_has_one(line: Line, clock: Clock) -> None:
    answers = line.lease()
    line.connection.deadline_ns = clock.now_ns + SECOND_NS
    clock.now_ns += SECOND_NS
    line.loop.settle()
    assert answers.events == ["deadline"]
    assert line.connection.deadline_ns == NEVER_NS


def test_an_endpoint_that_takes_nothing_of_what_is_left_is_cut_off_in_the_end(line: Line, clock: Clock) -> None:
    line.lease()
    line.transport.is_peer_reading = False
    line.transport.write(b"the request")
    line.connection.close("retired")
    clock.now_ns += LINGER_NS - SECOND_NS
    line.loop.settle()
    assert not line.transport.is_lost
    clock.now_ns += SECOND_NS
    line.loop.settle()
    assert line.transport.was_aborted
    assert line.transport.is_lost
    assert line.owner.closed == ["retired"]


def test_closing_twice_counts_once(line: Line) -> None:
    line.connection.close("idle")
    line.connection.abort()
    line.loop.settle()
    assert line.owner.closed == ["idle"]
    assert line.connection.is_ended


ANSWERS = st.sampled_from(
    [
        (OK, b"ok", []),
        (CHUNKED, b"ok!", [(b"X-Sum", b"3")]),
        (HINTS + OK, b"ok", []),
        (b"HTTP/1.1 204 No Content\r\nServer: x\r\n\r\n", b"", []),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 300\r\n\r\n" + bytes(300), bytes(300), []),
    ]
)


def split(data: bytes, cuts: list[int]) -> Iterator[bytes]:
    places = sorted({cut % len(data) for cut in cuts} - {0})
    for start, end in zip([0, *places], [*places, len(data)], strict=True):
        yield data[start:end]


@settings(max_examples=200, deadline=None)
@given(script=st.lists(st.tuples(ANSWERS, st.lists(st.integers(0, 400), max_size=6)), min_size=1, max_size=5))
def test_answers_are_the_same_however_they_are_cut(
    script: list[tuple[tuple[bytes, bytes, list[tuple[bytes, bytes]]], list[int]]],
) -> None:
    with_line(lambda line: deliver_all(line, script))


def with_line(check: Callable[[Line], None]) -> None:
    clock = Clock()
    with clock.installed():
        loop = ScriptedLoop(clock)
        check(Line(loop))
        loop.end()
        assert loop.errors == []


def deliver_all(line: Line, script: list[tuple[tuple[bytes, bytes, list[tuple[bytes, bytes]]], list[int]]]) -> None:
    for count, ((answer, payload, trailers), cuts) in enumerate(script, 1):
        answers = line.lease()
        line.deliver(*split(answer, cuts))
        assert (answers.payload, answers.trailers, answers.is_complete) == (payload, trailers, True)
        assert line.owner.free == count
