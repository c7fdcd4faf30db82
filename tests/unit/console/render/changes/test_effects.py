"""Previews and results in words."""

from msgspec.structs import replace

from console.render.cells import Cell
from console.render.changes.effects import (
    applied_text,
    apply_lines,
    effect_lines,
    effect_title,
    error_lines,
    wrapped,
)
from console.render.traffic.lines import text_of
from gateway.admin.acting.examples import EFFECT
from gateway.wire.views import ApplyResult, ConfigErrorView
from tests.support.changes import CHANGES

RESULT = ApplyResult(outcome="valid", revision="b" * 12, running_revision="a" * 12, running_sequence=3, changes=CHANGES)


def test_a_preview_says_who_is_left_and_what_they_would_carry() -> None:
    told = text_of(effect_lines(EFFECT))
    assert effect_title(EFFECT) == "drain 10.0.0.7:9001 of orders"
    assert told.splitlines()[0] == EFFECT.summary
    assert "available 4 -> 3 of 4" in told
    assert "weight 1 -> 0  25.0% -> 0%  9.9/s -> 0/s" in told
    assert "3 more endpoints" in told
    assert "started anew" in told


def test_what_would_change_nothing_says_only_that() -> None:
    told = effect_lines(replace(EFFECT, outcome="unchanged", summary="it is drained already"))
    assert text_of(told) == "it is drained already"
    assert text_of(apply_lines(replace(RESULT, outcome="unchanged"))) == f"revision {'b' * 12} runs already"


def test_a_configuration_is_previewed_by_what_differs_and_told_by_what_runs() -> None:
    told = text_of(apply_lines(RESULT))
    assert told.startswith(f"revision {'a' * 12} -> {'b' * 12}\n~ route orders  changed\n")
    assert (
        applied_text(replace(RESULT, outcome="applied", running_sequence=4)) == f"revision {'a' * 12} runs, sequence 4"
    )


def test_errors_name_their_line() -> None:
    error = ConfigErrorView(file="route orders", line=3, key="match.path", message="expected a path")
    assert text_of(error_lines([error])) == "route orders:3: match.path: expected a path"
    whole = ConfigErrorView(file="", line=0, key="", message="overtaken by a newer configuration")
    assert text_of(error_lines([whole])) == "overtaken by a newer configuration"


def test_what_is_too_long_for_the_screen_goes_on_below_itself() -> None:
    line = [Cell(" "), Cell("removes 1 of 4; 3 left, the busiest at an estimated 13.3/s", "warn")]
    found = wrapped([line, [Cell("short")]], 40)
    assert [[cell.text for cell in each] for each in found] == [
        [" ", "removes 1 of 4; 3 left, the busiest at"],
        [" ", "an estimated 13.3/s"],
        ["short"],
    ]
    assert found[1][1].severity == "warn"
