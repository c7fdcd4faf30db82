"""One time line of revisions and incidents, newest first, each told once."""

from msgspec.structs import replace

from console.state.changing.timeline import timeline
from tests.support.changes import DETAIL, drained, revision


def test_revisions_and_incidents_are_in_one_order_and_nothing_is_told_twice() -> None:
    applied = replace(drained(3, minute=1), kind="config_applied")
    found = timeline([revision(2, minute=5), revision(1, minute=0)], [applied, drained(4, minute=3)], {2: DETAIL})
    assert [change.key for change in found] == ["rev:2", "inc:4", "rev:1"]
    assert [change.who for change in found] == ["ana", "ben", "ana"]
    before, after = found[0].effect
    assert before is not None
    assert after is not None
    assert (before.error_ratio, after.error_ratio) == (0.0005, 0.0041)
    assert found[2].effect == (None, None)
