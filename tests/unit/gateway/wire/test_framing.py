"""Messages cut out of a stream, however it was split."""

import pytest

from gateway.wire.framing import MAX_MESSAGE, Deframer, FramingError, length_prefix

MESSAGES = [b"first", b"", b"x" * 70_000, b"last"]


def frame(message: bytes) -> bytes:
    return length_prefix(message) + message


@pytest.mark.parametrize("size", [1, 3, 4, 5, 7, 1000, 1 << 20])
def test_messages_come_out_whole_in_whatever_pieces_they_arrive(size: int) -> None:
    stream = b"".join(frame(message) for message in MESSAGES)
    deframer = Deframer()
    received = [
        bytes(message)
        for start in range(0, len(stream), size)
        for message in deframer.feed(stream[start : start + size])
    ]
    assert received == MESSAGES


def test_a_length_beyond_the_bound_is_an_error_before_anything_is_buffered() -> None:
    with pytest.raises(FramingError):
        list(Deframer().feed((MAX_MESSAGE + 1).to_bytes(4, "big")))


def test_a_message_beyond_the_bound_is_not_framed() -> None:
    with pytest.raises(FramingError):
        length_prefix(bytes(MAX_MESSAGE + 1))


def test_nothing_is_kept_of_messages_that_were_taken() -> None:
    deframer = Deframer()
    list(deframer.feed(frame(b"whole") + b"\x00\x00"))
    assert deframer._pieces == [b"\x00\x00"]
    assert [bytes(message) for message in deframer.feed(b"\x00\x01x")] == [b"x"]
    assert deframer._pieces == []
