"""What is written: nothing that could split a message, whoever asks for it."""

import re
from http import HTTPStatus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.http1.writer import (
    LAST_CHUNK,
    STATUS_LINES,
    chunk,
    field_line,
    field_lines,
    last_chunk,
    without_field,
)

CONTROLS = [bytes([byte]) for byte in (*range(9), *range(10, 32), 127)]


def test_a_field_is_a_line() -> None:
    assert field_line(b"X-A", b"b c\t\xe9") == b"X-A: b c\t\xe9\r\n"


def test_a_field_is_left_out_in_whatever_case_and_as_often_as_it_stands() -> None:
    lines = b"HTTP/1.1 200 OK\r\nx-id: 1\r\nX-Idle: x-id: 2\r\nX-ID:\r\nB: \xe9\r\n"
    assert without_field(lines, b"x-id") == b"HTTP/1.1 200 OK\r\nX-Idle: x-id: 2\r\nB: \xe9\r\n"


@pytest.mark.parametrize("control", CONTROLS)
def test_a_value_with_a_control_character_is_refused(control: bytes) -> None:
    with pytest.raises(ValueError, match="control characters"):
        field_line(b"X-A", b"b" + control + b"c")


@pytest.mark.parametrize("name", [b"", b"A B", b"A:", b"A\r\nB", b"A\0", b"(A)", b"\xe9", b"A\n"])
def test_a_name_that_is_no_token_is_refused(name: bytes) -> None:
    with pytest.raises(ValueError, match="no token"):
        field_line(name, b"b")


@given(name=st.binary(max_size=10), value=st.binary(max_size=20))
def test_whatever_is_written_is_one_line(name: bytes, value: bytes) -> None:
    try:
        line = field_line(name, value)
    except ValueError:
        return
    assert re.fullmatch(rb"[^\r\n]+: [^\r\n]*\r\n", line)


def test_parsed_fields_are_written_as_they_came() -> None:
    assert field_lines([(b"a", b"1"), (b"A", b"")]) == b"a: 1\r\nA: \r\n"
    assert field_lines([]) == b""


def test_every_status_has_a_line() -> None:
    assert sorted(STATUS_LINES) == list(range(100, 600))
    for status, line in STATUS_LINES.items():
        assert re.fullmatch(rb"HTTP/1\.1 %d [ -~]*\r\n" % status, line)
    assert STATUS_LINES[HTTPStatus.NOT_FOUND] == b"HTTP/1.1 404 Not Found\r\n"


@given(payload=st.binary(min_size=1, max_size=5_000))
def test_a_chunk_says_how_long_it_is(payload: bytes) -> None:
    line, _, rest = chunk(payload).partition(b"\r\n")
    assert (int(line, 16), rest) == (len(payload), payload + b"\r\n")


def test_the_last_chunk_carries_the_trailers() -> None:
    assert last_chunk(None) == last_chunk([]) == LAST_CHUNK == b"0\r\n\r\n"
    assert last_chunk([(b"A", b"b"), (b"C", b"d")]) == b"0\r\nA: b\r\nC: d\r\n\r\n"
