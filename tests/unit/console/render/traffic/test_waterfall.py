"""Steps of an exchange as bars."""

import pytest

from console.render.traffic.lines import text_of
from console.render.traffic.waterfall import waterfall_lines
from gateway.wire.live import LineAttempt
from tests.support.exchanges import line

TWICE = line(
    duration_ms=300.0,
    attempts=(
        LineAttempt("10.0.1.7:9001", reason="connect_refused", ms=100.0, connect_ms=100.0),
        LineAttempt("10.0.1.9:9001", status=200, ttfb_ms=190.0, ms=195.0),
    ),
)


@pytest.mark.parametrize("tries", [None, 3])
@pytest.mark.parametrize("width", [60, 80, 120, 250])
def test_bars_end_where_the_axis_ends_and_nothing_is_wider_than_the_screen(width: int, tries: int | None) -> None:
    lines = text_of(waterfall_lines(TWICE, width, tries)).splitlines()
    assert len({each.index("│") for each in lines[1:]}) == len({each.rindex("│") for each in lines[1:]}) == 1
    assert all(len(each) <= max(width, 80) for each in lines)


def test_a_failed_attempt_says_so_in_words_and_in_its_severity() -> None:
    failed = next(each for each in waterfall_lines(TWICE, 120) if "try 1" in each[0].text)
    assert (failed[-1].text, failed[-1].severity, failed[3].severity) == ("connect_refused -> retry", "crit", "crit")


def test_a_terminal_that_knows_ascii_alone_is_told_the_same() -> None:
    lines = waterfall_lines(TWICE, 120, ascii_only=True)
    assert text_of(lines).isascii()
    assert len({cell.text.strip()[0] for each in lines[1:] for cell in each[3:4]}) == 4
