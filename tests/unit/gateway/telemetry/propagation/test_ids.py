"""Ids are drawn many at a time, and each is given once."""

import re

from gateway.telemetry.propagation.ids import random_digits


def test_digits_are_hexadecimal_and_as_many_as_were_asked_for() -> None:
    for count in (16, 32) * 200:
        assert re.fullmatch(f"[0-9a-f]{{{count}}}", random_digits(count))


def test_no_digits_are_given_twice_however_often_some_are_drawn() -> None:
    drawn = [random_digits(count) for count in (32, 16, 16) * 1000]
    pieces = [text[place : place + 16] for text in drawn for place in range(0, len(text), 16)]
    assert len(set(pieces)) == len(pieces)
