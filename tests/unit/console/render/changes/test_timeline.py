"""The time line as rows: newest first, with its effect, searchable by what changed."""

from msgspec.structs import replace

from console.render.changes.timeline import effect_text, severity_of, suspect, timeline_grid, told
from console.state.changing.timeline import timeline
from tests.support.changes import DETAIL, drained, revision

CHANGES = timeline([revision(2, 5, running=True), revision(1, 0, trigger="start")], [drained(4, 3)], {2: DETAIL})


def test_a_revision_tells_what_it_changed_and_what_came_of_it() -> None:
    newest, incident, first = CHANGES
    assert told(newest) == "route orders timeouts.first_byte  15s -> 30ms and 2 more, 2 more"
    assert told(first) == "the first one"
    assert effect_text(newest) == "err 0.05% -> 0.41%, p99 80ms -> 812ms"
    assert [severity_of(change) for change in CHANGES] == ["warn", "draining", "accent"]
    assert effect_text(incident) == ""
    row = timeline_grid(CHANGES).rows[0]
    texts = [cell.text for cell in row.cells]
    assert (texts[2], texts[3], texts[4]) == ("rev 2 runs", "0.05% -> 0.41%", "80ms -> 812ms")


def test_the_running_one_says_how_many_workers_it_has_reached() -> None:
    whats = [row.cells[2].text for row in timeline_grid(CHANGES, reach="1/2").rows]
    assert whats == ["rev 2 runs 1/2", "endpoint draining", "rev 1"]


def test_a_filter_finds_what_changed_and_what_it_happened_to() -> None:
    def found(wanted: str) -> list[str]:
        return [row.key for row in timeline_grid(CHANGES, wanted).rows]

    assert found("10.0.0.9") == ["rev:2"]
    assert found("10.0.0.7:9001") == found("BEN") == ["inc:4"]
    assert found("orders") == ["rev:2", "inc:4"]
    assert found("nothing") == []
    assert timeline_grid(CHANGES, "nothing").empty == "No change has 'nothing' in it; 3 were looked at"


def test_a_marked_line_says_so() -> None:
    assert timeline_grid(CHANGES, marked="rev:1").rows[2].cells[0].text == "m"


def test_why_is_told_where_somebody_said_it() -> None:
    (change,) = timeline([replace(revision(2, 5), reason="too slow")], [], {2: DETAIL})
    assert told(change).endswith("2 more (too slow)")


def test_what_made_it_worse_is_looked_at_first_then_the_newest_revision() -> None:
    assert suspect(CHANGES) == "rev:2"
    newer = timeline(
        [revision(3, 9, running=True), revision(2, 5), revision(1, 0, trigger="start")], [drained(4, 10)], {}
    )
    assert suspect(newer) == "rev:3"
    assert suspect(timeline([revision(3, 9), revision(2, 5)], [], {2: DETAIL})) == "rev:2"
    assert suspect(timeline([revision(1, 0, trigger="start")], [drained(4, 3)], {})) == "inc:4"
    assert suspect([]) == ""
