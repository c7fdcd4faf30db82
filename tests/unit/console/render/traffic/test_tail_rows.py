"""Live traffic as rows."""

from typing import Any

import pytest

from console.render.traffic.exchanges import cause, exchange_line
from console.render.traffic.tail_rows import BAR_WIDTH, COLUMNS, latency_bar, severity_of, tail_cells
from console.state.tail import Shown
from gateway.wire.live import LineAttempt
from tests.support.exchanges import line

TWO = (LineAttempt("a:1", reason="connect_refused"), LineAttempt("b:1", status=200))


@pytest.mark.parametrize(
    ("facts", "severity", "told"),
    [
        ({}, "plain", ""),
        ({"status": 502, "reason": "connect_refused"}, "crit", "upstream connect_refused"),
        ({"status": 504, "reason": "upstream_timeout_first_byte"}, "crit", "upstream_timeout_first_byte"),
        ({"status": 404, "reason": "no_route", "source": "gateway"}, "warn", "gateway no_route"),
        ({"attempts": TWO}, "warn", "2 tries"),
        ({"duration_ms": 400.0}, "warn", ""),
        ({"duration_ms": 90_000.0, "status": 101}, "plain", ""),
    ],
)
def test_a_row_says_who_ended_it_and_how_bad_that_is(facts: dict[str, Any], severity: str, told: str) -> None:
    assert (severity_of(line(**facts), slow_ms=300.0), cause(line(**facts))) == (severity, told)


def test_a_row_has_a_cell_for_each_column_and_says_without_colour_what_it_is() -> None:
    cells = tail_cells(Shown(1, line(status=502, reason="connect_refused"), 20.0, ""), ascii_only=True)
    assert len(cells) == len(COLUMNS)
    assert [cell.text for cell in cells][1:3] == ["x", "502"]
    assert cells[-1].text == "20"
    assert all(cell.text.isascii() for cell in cells)


def test_what_comes_from_outside_does_not_move_the_cursor() -> None:
    hostile = line(path="/a\x1b[2J", method="G\x07T")
    assert all(cell.text.isprintable() for cell in tail_cells(Shown(1, hostile, 1.0, "")))


def test_the_latency_bar_grows_with_the_logarithm() -> None:
    lengths = [len(latency_bar(duration)) for duration in (0.0, 0.4, 1.0, 10.0, 100.0, 1000.0, 60_000.0)]
    assert lengths == [1, 1, 1, 3, 5, 7, BAR_WIDTH]


def test_the_command_says_the_same_of_an_exchange_as_its_row() -> None:
    exchange = line(status=502, reason="connect_refused", attempts=TWO)
    told = exchange_line(exchange, 20.0)
    cells = tail_cells(Shown(1, exchange, 20.0, ""))
    for position in (2, 3, 4, 5, 6, 8, 9):
        assert cells[position].text in told
