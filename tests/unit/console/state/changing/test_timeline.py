"""One time line of revisions and incidents, newest first, each told once."""

from msgspec.structs import replace

from console.state.changing.timeline import reach_of, timeline
from tests.support.changes import DETAIL, drained, revision
from tests.support.gateway_views import status, worker


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


def test_a_configuration_has_reached_the_workers_that_serve_it() -> None:
    assert reach_of(status(worker(1, sync="synced"), worker(2, sync="stale"), worker(3, sync="rejected"))) == "1/3"
    assert reach_of(None) == ""
