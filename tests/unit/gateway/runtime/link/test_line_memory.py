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
        assert put(worker, block(number + 100)) == place
        assert put(worker, block(99)) is None
    assert [supervisor.take(place) for place in waiting] == [block(number + 100) for number in range(len(waiting))]


def test_two_places_are_used_in_turn_while_the_other_side_keeps_up(sides: Sides) -> None:
    worker, supervisor = sides
    last, places = put(worker, b"first"), set()
    for _ in range(20):
        this = put(worker, b"next")
        assert last is not None
        places.add(last[0])
        supervisor.take(last)
        last = this
    assert len(places) == 2


def test_a_block_to_which_nothing_was_written_is_none(sides: Sides) -> None:
    worker, supervisor = sides
    assert worker.end() is None
    assert put(worker) is None
    place = put(worker, b"line\n")
    assert place is not None
    assert worker.end() is None
    assert supervisor.take(place) == b"line\n"


@pytest.mark.parametrize("place", [(0, 10), (64, -1), (64, 1 << 40), (1 << 40, 1)])
def test_a_place_outside_is_an_error(sides: Sides, place: Place) -> None:
    with pytest.raises(ValueError, match="no block"):
        sides[1].take(place)


def test_a_system_without_such_memory_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "memfd_create")
    with pytest.raises(OSError, match="no memory"):
        LineMemory.create()
