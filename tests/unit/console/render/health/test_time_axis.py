"""Errors and changes on one axis."""

from console.render.health.plot import GUTTER
from console.render.health.time_axis import axis_lines
from console.state.health.overview import course_reading
from console.state.model import Model
from tests.support.situations import Situation, course, revision
from tests.unit.console.render.health.test_sentences import local


def lines(height: int) -> list[str]:
    told = course("gateway", "", [(10.0, 0.0)] * 30 + [(10.0, 0.5)] * 30, 5)
    changed = [revision(412, 150), revision(411, 9_000)]
    model = Situation(revisions=changed, more={course_reading(Model()): told}).model()
    drawn = axis_lines(model, 100 + GUTTER + 1, height, ascii_only=True)
    return ["".join(cell.text for cell in line) for line in drawn]


def test_a_change_stands_under_the_moment_at_which_it_came() -> None:
    marks = lines(6)[-1]
    assert marks.index("^rev 412") == GUTTER + 1 + 49
    assert "rev 411" not in marks
    assert marks[GUTTER + 1 :].startswith(local(300))
    assert marks.endswith(local(0))
    errors = lines(6)[1]
    assert errors.rstrip().endswith("|")
    assert errors[GUTTER + 1 : GUTTER + 50].strip() == ""


def test_the_percentile_is_there_where_there_is_room() -> None:
    assert [line.split()[0] for line in lines(12) if "most" in line] == ["errors", "p99"]
    assert [line.split()[0] for line in lines(6) if "most" in line] == ["errors"]
    assert lines(3) == []


def test_a_mark_at_the_edge_takes_the_place_of_the_time_there() -> None:
    told = course("gateway", "", [(10.0, 0.0)] * 60, 5)
    model = Situation(revisions=[revision(412, 1)], more={course_reading(Model()): told}).model()
    marks = "".join(cell.text for cell in axis_lines(model, 109, 6, ascii_only=True)[-1])
    assert marks.endswith("  ^rev 412")
