"""Differences as people say them."""

from console.render.changes.differences import difference_text, summary
from gateway.wire.diff import ConfigDiffView, KeyChangeView, ObjectChangeView
from tests.support.changes import CHANGES


def test_each_key_has_its_line_and_says_what_it_was_and_is() -> None:
    assert difference_text(CHANGES).splitlines() == [
        "~ route orders  changed",
        "    ~ timeouts.first_byte  15s -> 30ms",
        "    ~ rewrite.headers.set.authorization  REDACTED -> REDACTED  (secret)",
        "    - priority  5",
        "+ endpoint 10.0.0.9:9001 of orders  added",
        "~ route new  renamed from old",
    ]


def test_in_one_line_the_first_is_told_and_the_others_are_counted() -> None:
    assert summary(CHANGES) == "route orders timeouts.first_byte  15s -> 30ms and 2 more, 2 more"
    assert summary(ConfigDiffView(objects=[])) == "nothing differs"
    assert difference_text(ConfigDiffView(objects=[])) == "nothing differs"


def test_values_are_short_and_move_no_cursor() -> None:
    keys = [KeyChangeView(key="respond.body", change="added", new="\x1b[2J" + "x" * 99)]
    change = ObjectChangeView(kind="route", name="a\nb", change="changed", keys=keys, keys_left_out=4)
    lines = difference_text(ConfigDiffView(objects=[change], objects_left_out=2)).splitlines()
    assert lines[0] == "~ route a?b  changed"
    assert lines[1].startswith("    + respond.body  ?[2J")
    assert len(lines[1]) < 90
    assert lines[2:] == ["    4 more keys differ", "2 more objects differ"]
