"""Finding the end of a head across reads, and feeding the parser not a byte further."""

import gc
import weakref

import httptools
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.http1.head_reader import HeadReader
from tests.support.cutting import CUTS, bytewise, cut


class Refused(Exception):  # noqa: N818 - a verdict
    pass


class PlainReader(HeadReader):
    """Reads heads of requests and decides nothing."""

    __slots__ = ("__weakref__", "finished", "most")

    _new_parser = httptools.HttpRequestParser

    def __init__(self, most: int = 10_000) -> None:
        super().__init__()
        self.most = most
        self.finished: list[tuple[bytes, int]] = []

    def _check_so_far(self, held: bytearray) -> None:
        if self.size_so_far > self.most:
            raise Refused

    def _refusal_of(self, error: httptools.HttpParserError, piece: bytes) -> Exception:
        assert isinstance(error, httptools.HttpParserError)
        assert piece
        return Refused()

    def _finish(self, whole: bytes, size: int) -> None:
        self.finished.append((whole, size))
        self._seen.by_name.clear()


HEAD = b"GET / HTTP/1.1\r\nA: b\r\n\r\n"


def test_a_head_in_one_read_is_taken_up_to_its_end() -> None:
    reader = PlainReader()
    assert reader.feed(HEAD + b"behind\r\n\r\n") == len(HEAD)
    assert reader.finished == [(HEAD, len(HEAD))]
    assert not reader.size_so_far


def test_a_head_in_two_reads_begins_and_ends() -> None:
    reader = PlainReader()
    assert reader.feed(HEAD[:7]) == -1
    assert reader.size_so_far
    assert reader.feed(HEAD[7:] + b"behind") == len(HEAD) - 7
    assert reader.finished == [(HEAD, len(HEAD))]
    assert not reader.size_so_far


@pytest.mark.parametrize("place", range(len(HEAD) - 5, len(HEAD)))
def test_the_end_of_a_head_may_lie_on_both_sides_of_a_cut(place: int) -> None:
    reader = PlainReader()
    assert reader.feed(HEAD[:place]) == -1
    assert reader.feed(HEAD[place:] + b"\r\n\r\n") == len(HEAD) - place


@pytest.mark.parametrize("lead", [b"\r\n", b"\r\n\r\n", b"\r\n\r\n\r\n", b"\r\n" * 6])
def test_empty_lines_before_a_head_are_no_head(lead: bytes) -> None:
    reader = PlainReader()
    assert reader.feed(lead + HEAD) == len(lead + HEAD)
    assert reader.finished == [(HEAD, len(lead + HEAD))]
    reader = PlainReader()
    assert [reader.feed(piece) for piece in bytewise(lead + HEAD)][-1] == 1
    assert reader.finished == [(HEAD, len(lead + HEAD))]


def test_the_size_is_asked_for_while_a_head_grows() -> None:
    reader = PlainReader(most=20)
    assert reader.feed(HEAD[:20]) == -1
    with pytest.raises(Refused):
        reader.feed(HEAD[20:21])


def test_what_the_parser_refuses_is_refused() -> None:
    with pytest.raises(Refused):
        PlainReader().feed(b"GET / HTTP/1.1\r\nA b\r\n\r\n")


def test_a_head_that_asks_for_a_tunnel_is_a_head() -> None:
    reader = PlainReader()
    data = b"GET / HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"
    assert reader.feed(data + b"frames") == len(data)


@given(
    heads=st.lists(st.sampled_from([HEAD, b"\r\n" + HEAD, b"HEAD /x HTTP/1.1\r\n\r\n"]), min_size=1, max_size=4),
    cuts=CUTS,
)
def test_every_head_of_a_stream_is_found_at_its_own_end(heads: list[bytes], cuts: list[int]) -> None:
    reader, position, ends = PlainReader(), 0, []
    for piece in cut(b"".join(heads), cuts):
        rest = piece
        while rest:
            end = reader.feed(rest)
            position += len(rest) if end < 0 else end
            if end < 0:
                break
            ends.append(position)
            rest = rest[end:]
    assert ends == [sum(map(len, heads[: count + 1])) for count in range(len(heads))]
    assert [size for _, size in reader.finished] == [len(head) for head in heads]


def test_a_reader_is_no_part_of_a_reference_cycle() -> None:
    gc.disable()
    try:
        reader = PlainReader()
        reader.feed(HEAD)
        gone = weakref.ref(reader)
        del reader
        assert gone() is None
    finally:
        gc.enable()
