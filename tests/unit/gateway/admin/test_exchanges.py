"""Choosing among encoded lines."""

from collections.abc import Iterator

from gateway.admin.exchanges import select_lines
from gateway.wire.views import ExchangeFilter


def test_no_line_is_taken_beyond_the_limit() -> None:
    taken: list[int] = []

    def lines() -> Iterator[bytes]:
        for number in range(1000):
            taken.append(number)
            yield b'{"route":"a"}'

    assert len(select_lines(lines(), ExchangeFilter(limit=3, route="a"))) == 3
    assert len(taken) <= 4


def test_a_line_without_the_keys_that_are_looked_at_is_left_out() -> None:
    assert select_lines([b"{}", b'{"route":null}'], ExchangeFilter(route="a")) == []


def test_without_a_filter_lines_are_not_decoded() -> None:
    assert select_lines([b"anything"], ExchangeFilter()) == [b"anything"]
