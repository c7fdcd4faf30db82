"""What goes wrong in the demo, and that it leaves a visitor's file alone."""

from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.demo.config_text import config_text, with_short_timeout, with_unknown_upstream
from gateway.demo.incidents import INCIDENTS, ROUND_S, ConfigFile, hurried
from gateway.demo.ports import Ports


@pytest.fixture
def path(tmp_path: Path) -> Path:
    written = tmp_path / "gateway.yaml"
    written.write_text("before")
    return written


def test_the_file_is_changed_and_put_right(path: Path) -> None:
    file = ConfigFile(path, "before")
    assert file.change(str.upper)
    assert path.read_text() == "BEFORE"
    assert file.put_right()
    assert path.read_text() == "before"


def test_a_file_that_somebody_else_has_changed_is_theirs(path: Path) -> None:
    file = ConfigFile(path, "before")
    assert file.change(str.upper)
    path.write_text("mine")
    assert not file.put_right()
    assert not file.change(str.upper)
    assert path.read_text() == "mine"


def test_a_visitor_sees_something_soon_and_each_thing_is_over_before_the_next() -> None:
    assert 10 <= INCIDENTS[0].at_s <= 20
    begins = [each.at_s for each in INCIDENTS] + [ROUND_S + INCIDENTS[0].at_s]
    ends = [each.at_s + each.for_s for each in INCIDENTS]
    assert all(end < begin for end, begin in zip(ends, begins[1:], strict=True))


def test_a_hurried_round_keeps_the_proportions() -> None:
    assert [(each.at_s, each.for_s) for each in hurried(ROUND_S / 10)] == [
        pytest.approx((each.at_s / 10, each.for_s / 10)) for each in INCIDENTS
    ]


@pytest.mark.parametrize("changed", [with_unknown_upstream, with_short_timeout])
def test_a_change_that_would_change_nothing_is_an_error(changed: Callable[[str], str]) -> None:
    text = config_text(Ports())
    assert changed(text) != text
    with pytest.raises(ValueError, match="the configuration has no"):
        changed("routes: []")
