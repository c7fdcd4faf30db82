"""The order in which weighted things take turns, laid out once."""

from collections.abc import Sequence
from heapq import heapify, heapreplace
from math import gcd
from typing import Final, TypeVar

T = TypeVar("T")

_GOLDEN_RATIO: Final = 0.6180339887498949

LONGEST_SCHEDULE: Final = 1024
"""Weights whose round would be longer are rounded to one of about this length; no one gets less than one turn."""


def weighted_schedule(items: Sequence[T], weights: Sequence[int]) -> list[T]:
    """One round in which each item occurs as often as its weight says, its turns spread evenly (earliest deadline first).

    Weights are positive. With more items than LONGEST_SCHEDULE and different weights, every item has a turn at least.
    """
    turns = _turns(weights)
    # Of n turns one is due in every n-th of the round; where in it, differs from item to item, lest turns coincide.
    due = [(position * _GOLDEN_RATIO % 1 / count, position) for position, count in enumerate(turns)]
    heapify(due)
    schedule: list[T] = []
    for _ in range(sum(turns)):
        at, position = due[0]
        schedule.append(items[position])
        heapreplace(due, (at + 1 / turns[position], position))
    return schedule


def _turns(weights: Sequence[int]) -> list[int]:
    divisor = gcd(*weights)
    turns = [weight // divisor for weight in weights]
    total = sum(turns)
    if total <= max(LONGEST_SCHEDULE, len(weights)):
        return turns
    return [max(1, round(count * LONGEST_SCHEDULE / total)) for count in turns]
