"""The ring of recent exchanges: order, bounds, places, and lines that come twice."""

import pytest

from gateway.runtime.live.ring import ExchangeRing, Position, parse_position


def block(*numbers: int) -> bytes:
    return b"".join(b'{"n":%d}\n' % number for number in numbers)


def line(number: int) -> bytes:
    return b'{"n":%d}' % number


def test_the_newest_lines_come_first() -> None:
    ring = ExchangeRing()
    ring.add(block(1, 2), 2, b"")
    ring.add(b"", 0, b"")
    ring.add(block(3), 1, b"")
    assert list(ring.newest_first()) == [line(3), line(2), line(1)]


def test_old_blocks_are_let_go_once_there_are_enough_lines_without_them() -> None:
    ring = ExchangeRing(recent=5)
    for start in range(0, 30, 3):
        ring.add(block(start, start + 1, start + 2), 3, b"")
    assert list(ring.newest_first()) == [line(number) for number in range(29, 23, -1)]


def test_a_flood_of_plain_lines_does_not_push_out_the_remarkable() -> None:
    ring = ExchangeRing(recent=5)
    ring.add(block(1, 2), 2, block(2))
    for start in range(10, 100, 10):
        ring.add(block(*range(start, start + 10)), 10, b"")
    assert list(ring.newest_first())[-1] == line(2)
    assert (ring.oldest, ring.oldest_remarkable) == (line(90), line(2))


def test_a_line_that_is_also_remarkable_is_read_once() -> None:
    ring = ExchangeRing()
    ring.add(block(1, 2, 3), 3, block(2))
    ring.add(b"", 0, block(4))
    assert list(ring.newest_first()) == [line(4), line(3), line(2), line(1)]


def test_many_bytes_push_lines_out_before_many_lines_do() -> None:
    ring = ExchangeRing(recent=1000, max_bytes=3000)
    for _ in range(10):
        ring.add(b"x" * 999 + b"\n", 1, b"y" * 999 + b"\n")
    assert sorted(found[:1] for found in ring.newest_first()) == [b"x"] * 3 + [b"y"] * 3


def test_reading_goes_down_to_a_place() -> None:
    ring = ExchangeRing()
    for number in range(5):
        ring.add(block(number), 1, block(number + 100))
    places = {found: place for place, found in ring.placed_newest_first()}
    after = [found for _, found in ring.placed_newest_first(places[line(2)])]
    assert after == [line(104), line(4), line(103), line(3), line(102)]


def test_it_knows_whether_it_reaches_back_to_a_place() -> None:
    ring = ExchangeRing(recent=3)
    ring.add(block(1), 1, b"")
    assert ring.reaches_back_to(Position(0, 0, 0))
    for number in range(2, 10):
        ring.add(block(number), 1, b"")
    assert ring.reaches_back_to(Position(6, 0, 0))
    assert not ring.reaches_back_to(Position(5, 0, 0))


def test_a_place_is_written_and_read() -> None:
    assert parse_position(str(Position(12, 1, 7))) == Position(12, 1, 7)


@pytest.mark.parametrize("text", ["", "1", "1.2", "1.2.3.4", "a.b.c", "-1.0.0", "1.2." + "9" * 20, "\u0661.0.0"])
def test_what_is_no_place_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_position(text)
