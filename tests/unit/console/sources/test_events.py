"""Server-sent events in whatever pieces they come."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from console.sources.events import EventReader, ServerEvent

STREAM = b': beat\n\nevent: status\nid: 7\ndata: {"a":1}\n\ndata: one\r\ndata: two\r\n\r\nevent: nothing\n\n'
EVENTS = [ServerEvent("status", '{"a":1}', "7"), ServerEvent("message", "one\ntwo", "7")]


@given(st.lists(st.integers(0, len(STREAM)), max_size=8))
def test_events_do_not_depend_on_how_the_bytes_are_cut(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(STREAM)]
    reader = EventReader()
    got = [event for start, end in pairwise(edges) for event in reader.feed(STREAM[start:end])]
    assert got == EVENTS
