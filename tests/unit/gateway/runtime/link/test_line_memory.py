"""Blocks of lines come out as they were put in, each once, and never over one that waits."""

import os
from collections.abc import Iterator

import pytest

from gateway.runtime.link.line_memory import LineMemory
from gateway.wire.control import Place

BLOCK = 100_000


@pytest.fixture
def sides() -> Iterator[tuple[LineMemory, LineMemory]]:
    """The worker's and the supervisor's."""
    descriptor = LineMemory.create()
    worker, supervisor = LineMemory(descriptor), LineMemory(descriptor)
    os.close(descriptor)
    yield worker, supervisor
    worker.close()
    supervisor.close()


def block(number: int) -> bytes:
    return number.to_bytes(2, "big") * (BLOCK // 2)


def test_what_one_side_puts_the_other_takes_however_often(sides: tuple[LineMemory, LineMemory]) -> None:
    worker, supervisor = sides
    for number in range(100):
        place = worker.put(block(number))
        assert place is not None
        assert supervisor.take(place) == block(number)


def test_what_waits_is_kept_until_it_is_taken_and_then_there_is_room_again(
    sides: tuple[LineMemory, LineMemory],
) -> None:
    worker, supervisor = sides
    waiting: list[Place] = []
    while (place := worker.put(block(len(waiting)))) is not None:
        waiting.append(place)
    assert len(waiting) > 10
    for number, place in enumerate(waiting):
        assert worker.put(block(99)) is None
        assert supervisor.take(place) == block(number)
    assert worker.put(block(1)) == waiting[0]


def test_what_is_small_goes_with_its_message(sides: tuple[LineMemory, LineMemory]) -> None:
    assert sides[0].put(b"") is None
    assert sides[0].put(b"x" * 1000) is None


@pytest.mark.parametrize("place", [(0, 10), (64, -1), (64, 1 << 40), (1 << 40, 1)])
def test_a_place_outside_is_an_error(sides: tuple[LineMemory, LineMemory], place: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="no block"):
        sides[1].take(place)


def test_a_system_without_such_memory_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "memfd_create")
    with pytest.raises(OSError, match="no memory"):
        LineMemory.create()
