"""The engine under inputs that nobody would send: the corpus and what is near it, within bounds and the same each time.
`make fuzz` looks further, and what it finds becomes a line of the corpus."""

from collections.abc import Callable
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.http1.body import ChunkedBody
from gateway.http1.request_head import RequestHeadReader
from gateway.proxy.downstream import DownstreamConnection
from gateway.proxy.lifecycle import Lifecycle
from gateway.upstreams.connection import UpstreamConnection
from tests.fuzz import request_side
from tests.fuzz.inputs import FOLDER, TARGETS, as_corpus_line, escape, judge_response, read_corpus, spoiled, unescape

CORPUS_BYTES_MOST: Final = 64 * 1024

near = settings(derandomize=True, database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.parametrize("target", TARGETS)
def test_every_input_of_the_corpus_is_met_as_it_should_be(target: str) -> None:
    for data in read_corpus(target):
        try:
            TARGETS[target](data)
        except Exception as error:
            raise AssertionError(f"{as_corpus_line(target, data)[:300]}: {error}") from error


@settings(near, max_examples=100)
@given(data=spoiled("requests"))
def test_requests_spoiled_at_random_are_met_as_they_should_be(data: bytes) -> None:
    request_side.judge(data)


@settings(near, max_examples=120)
@given(data=spoiled("responses"))
def test_answers_spoiled_at_random_are_met_as_they_should_be(data: bytes) -> None:
    judge_response(data)


@settings(near, max_examples=200)
@given(data=spoiled("parsers") | st.binary(max_size=60))
def test_readers_refuse_or_read_whatever_comes(data: bytes) -> None:
    TARGETS["parsers"](data)


@given(data=st.binary(max_size=100))
def test_a_line_of_the_corpus_is_the_input_it_was_made_of(data: bytes) -> None:
    assert unescape(escape(data)) == data
    assert "\n" not in escape(data)


def test_the_corpus_stays_small_and_is_text() -> None:
    files = sorted(FOLDER.iterdir())
    assert [path.stem for path in files] == sorted(TARGETS)
    assert sum(path.stat().st_size for path in files) < CORPUS_BYTES_MOST
    assert all(path.read_bytes().isascii() for path in files)


def assert_noticed(target: str) -> None:
    """Some input of the corpus shows that something is wrong."""
    with pytest.raises(AssertionError):
        test_every_input_of_the_corpus_is_met_as_it_should_be(target)


def test_an_answer_cut_short_that_is_given_as_whole_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def eof_received(self: UpstreamConnection) -> bool:
        if isinstance(self.receiver, Lifecycle) and self.receiver.exchange.status:
            self.receiver.response_continues(b"", is_complete=True)
        return False

    monkeypatch.setattr(UpstreamConnection, "eof_received", eof_received)
    assert_noticed("responses")


def test_a_client_that_is_served_on_after_a_refusal_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def linger(self: DownstreamConnection) -> None:
        self._reader = RequestHeadReader(self._port.listener.limits)
        self._await_next(0)

    monkeypatch.setattr(DownstreamConnection, "_linger", linger)
    assert_noticed("requests")


def lenient(real: Callable[..., Any]) -> Callable[..., Any]:
    def read(self: ChunkedBody, data: bytes) -> Any:
        return real(self, data.replace(b"\n\n", b"\r\n\r\n"))

    return read


@pytest.mark.parametrize("target", ["requests", "parsers"])
def test_a_lenient_line_end_is_noticed(monkeypatch: pytest.MonkeyPatch, target: str) -> None:
    monkeypatch.setattr(ChunkedBody, "read", lenient(ChunkedBody.read))
    assert_noticed(target)
