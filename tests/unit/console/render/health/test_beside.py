"""What stands beside a list."""

import pytest

from console.render.blocks import Lines, wrapped
from console.render.cells import Cell
from console.render.health.beside import endpoint_beside, route_beside
from console.render.table import width_of
from console.state.health.endpoint_page import endpoint_page
from console.state.health.route_page import route_page
from tests.support.console import NOW_S
from tests.unit.console.screens.health.test_route_detail import slow_route
from tests.unit.console.screens.health.test_upstreams import trouble


def texts(lines: Lines) -> list[str]:
    return ["".join(cell.text for cell in line) for line in lines]


def test_a_line_is_broken_between_words_and_keeps_its_looks() -> None:
    line = [Cell(" x", "crit"), Cell(" one two  three", "warn")]
    assert wrapped(line, 20) == [line]
    assert texts(wrapped(line, 9)) == [" x one", "  two", "  three"]
    assert {cell.severity for cell in wrapped(line, 9)[1]} == {"plain", "warn"}


def test_a_word_that_is_wider_than_the_line_stays_whole() -> None:
    assert texts(wrapped([Cell("abc " + "b" * 30)], 9)) == ["abc", "  " + "b" * 30]


@pytest.mark.parametrize("width", [70, 100])
@pytest.mark.parametrize("height", [10, 60])
def test_a_page_in_short_has_lines_of_its_width_and_says_what_the_page_says(width: int, height: int) -> None:
    page = route_page(slow_route().model(), "search")
    assert page is not None
    lines = texts(route_beside(page, width, height, NOW_S, ascii_only=False))
    told = " ".join(" ".join(lines).split())
    assert max(map(width_of, lines)) <= width
    assert "search p99 812ms" in told.replace("▲ ", "").replace("✖ ", "")

    assert len(lines) <= max(height, 20)


@pytest.mark.parametrize("width", [70, 100])
def test_an_endpoint_in_short_has_what_happened_to_it_and_its_course(width: int) -> None:
    page = endpoint_page(trouble().model(), "up", "10.0.1.7:9001")
    assert page is not None
    lines = texts(endpoint_beside(page, width, 40, NOW_S, ascii_only=False))
    told = " ".join(" ".join(lines).split())
    assert max(map(width_of, lines)) <= width
    for each in ("10.0.1.7:9001 of up is failing: connect_refused x12", "draining", "errors 90"):
        assert each in told
    assert not any("most" in line for line in texts(endpoint_beside(page, width, 10, NOW_S, ascii_only=False)))
