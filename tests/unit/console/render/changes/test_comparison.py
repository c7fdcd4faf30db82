"""Before and after, and incidents in full."""

from msgspec.structs import replace

from console.render.changes.comparison import comparison_lines, incident_lines
from console.render.traffic.lines import text_of
from tests.support.changes import DETAIL, drained


def test_before_and_after_stand_side_by_side() -> None:
    told = text_of(comparison_lines(replace(DETAIL, routes_left_out=3)))
    assert told.splitlines()[0] == "1m before -> 1m after"
    for part in ("all routes", "err 0.05% -> 0.41%", "p99 80ms -> 812ms", "rate 10/s -> 10/s", "3 more routes"):
        assert part in told
    half = replace(DETAIL.figures[0], before=None, kind="route", name="orders")
    assert "err - -> 0.41%" in text_of(comparison_lines(replace(DETAIL, figures=[half])))
    assert "no figures" in text_of(comparison_lines(replace(DETAIL, figures=[])))


def test_an_incident_is_told_with_all_its_facts() -> None:
    told = text_of(incident_lines(replace(drained(4, 3), detail={"evidence": "disk"})))
    assert "is draining" in told
    assert "evidence    disk" in told
    assert "by          ben" in told
