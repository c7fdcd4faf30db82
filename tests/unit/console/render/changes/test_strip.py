"""Errors and changes on one axis."""

from console.render.changes.strip import error_strip
from console.render.changes.timeline import severity_of
from console.state.changing.timeline import timeline
from tests.support.changes import drained, history, revision

CHANGES = timeline([revision(2, 5), revision(1, 0)], [drained(4, 3), drained(5, 5)], {})
SEVERITIES = [severity_of(change) for change in CHANGES]


def test_what_changed_stands_under_the_errors_of_that_time() -> None:
    bars, marks = (
        "".join(cell.text for cell in line)
        for line in error_strip(history(5), CHANGES, SEVERITIES, 100, ascii_only=True)
    )
    lead = bars.index("  ") + 2
    assert bars.startswith(" err, highest 50.0% of 10m")
    assert bars.rstrip()[-1] == "@"
    place = bars.index("@")
    assert marks[place] == "^"
    assert marks[lead] == "^"
    assert marks.count("d") == 1


def test_what_is_selected_is_seen_where_several_fall_together() -> None:
    _, marks = error_strip(history(5), CHANGES, SEVERITIES, 40, selected="inc:5", ascii_only=True)
    assert [(cell.text, cell.severity) for cell in marks if cell.severity == "accent"] == [("d", "accent")]


def test_without_a_history_it_says_so() -> None:
    bars, _ = error_strip(None, CHANGES, SEVERITIES, 80)
    assert "waiting" in bars[0].text
