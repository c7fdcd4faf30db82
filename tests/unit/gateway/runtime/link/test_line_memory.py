"""Blocks of lines come out as they were written, each once, and never over one that waits."""

import os
from collections.abc import Iterator
from typing import TypeAlias

import pytest

from gateway.runtime.link.line_memory import LineMemory
from gateway.wire.report import Place

Sides: TypeAlias = tuple[LineMemory, LineMemory]


@pytest.fixture
def sides() -> Iterator[Sides]:
    """The worker's and the supervisor's."""
    descriptor = LineMemory.create()
    worker, supervisor = LineMemory(descriptor), LineMemory(descriptor)
    os.close(descriptor)
    yield worker, supervisor
    worker.close()
    supervisor.close()


def put(worker: LineMemory, *parts: bytes) -> Place | None:
    if not worker.begin():
        return None
    for part in parts:
        worker.write(part)
    return worker.end()


def block(number: int) -> bytes:
    return number.to_bytes(2, "big") * 50_000


def test_what_one_side_writes_the_other_takes_however_often(sides: Sides) -> None:
    worker, supervisor = sides
    for number in range(100):
        place = put(worker, block(number), block(number + 1))
        assert place is not None
        assert supervisor.take(place) == block(number) + block(number + 1)


def test_what_waits_is_kept_until_it_is_taken_and_then_there_is_room_again(sides: Sides) -> None:
    worker, supervisor = sides
    waiting: list[Place] = []
    while (place := put(worker, block(len(waiting)))) is not None:
        waiting.append(place)
    assert len(waiting) > 2
    for number, place in enumerate(waiting):
        assert supervisor.take(place) == block(number)
        assert put(worker, block(99)) == (len(waiting) + number + 1, *place[1:])
        assert put(worker, block(99)) is None


def test_two_places_are_used_in_turn_while_the_other_side_keeps_up(sides: Sides) -> None:
    worker, supervisor = sides
    last, places = put(worker, b"first"), set()
    for _ in range(20):
        this = put(worker, b"next")
        assert last is not None
        places.add(last[1])
        supervisor.take(last)
        last = this
    assert len(places) == 2


def test_a_block_that_is_never_taken_is_given_up_with_the_next_that_is(sides: Sides) -> None:
    worker, supervisor = sides
    places = [put(worker, block(number)) for number in range(4)]
    assert put(worker, block(4)) is None
    assert places[3] is not None
    assert supervisor.take(places[3]) == block(3)
    assert all(put(worker, block(number)) for number in range(4))


def test_a_block_is_taken_once(sides: Sides) -> None:
    worker, supervisor = sides
    place = put(worker, block(1))
    assert place is not None
    supervisor.take(place)
    with pytest.raises(ValueError, match="no block"):
        supervisor.take(place)


def test_nobody_can_make_it_smaller() -> None:
    descriptor = LineMemory.create()
    with pytest.raises(PermissionError):
        os.ftruncate(descriptor, 0)
    os.close(descriptor)


def test_a_block_to_which_nothing_was_written_is_none(sides: Sides) -> None:
    worker, supervisor = sides
    assert worker.end() is None
    assert put(worker) is None
    place = put(worker, b"line\n")
    assert place is not None
    assert worker.end() is None
    assert supervisor.take(place) == b"line\n"


@pytest.mark.parametrize("place", [(1, 0, 10), (1, 64, -1), (1, 64, 1 << 40), (1, 1 << 40, 1), (0, 64, 1)])
def test_a_place_outside_is_an_error(sides: Sides, place: Place) -> None:
    with pytest.raises(ValueError, match="no block"):
        sides[1].take(place)


def test_a_system_without_such_memory_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "memfd_create")
    with pytest.raises(OSError, match="no memory"):
        LineMemory.create()
