"""Looking through the ring: filters, pages, and how far the answer reaches."""

import json
from typing import Any

from gateway.model.outcome import Reason, Source
from gateway.runtime.live.ring import ExchangeRing, parse_position
from gateway.runtime.live.search import find, search
from gateway.telemetry.access_line import LineEncoder, line_ending
from gateway.wire.filter import compile_filter, parse_filter
from gateway.wire.views import ExchangeListView
from tests.unit.gateway.telemetry.samples import make_exchange

TIMING = (0, 0, 0, 0, 0, 0, 0, 0, 0)
PLAIN = (Source.UPSTREAM, Reason.NONE)


def encode(**facts: Any) -> bytes:
    return json.dumps(facts).encode() + b"\n"


def ring_of(*lines: bytes) -> ExchangeRing:
    """Each line in an arrival of its own."""
    ring = ExchangeRing()
    for line in lines:
        ring.add(line, 1, b"")
    return ring


def searched(ring: ExchangeRing, text: str = "", limit: int = 10, before: str = "") -> ExchangeListView:
    wanted = parse_filter(text)
    return search(ring, wanted, compile_filter(wanted), limit, parse_position(before) if before else None)


def ids(view: ExchangeListView) -> list[str]:
    return [json.loads(bytes(line))["request_id"] for line in view.exchanges]


TEN = [
    encode(request_id=str(number), **{"http.response.status_code": 200 + 300 * (number % 2)}) for number in range(10)
]


def test_the_newest_that_satisfy_the_filter_are_found() -> None:
    view = searched(ring_of(*TEN), "status:5xx", limit=2)
    assert ids(view) == ["9", "7"]
    assert view.filter == "status:5xx"


def test_pages_follow_one_another_without_gap_or_repetition() -> None:
    ring = ring_of(*TEN)
    found, before = [], ""
    for _ in range(4):
        view = searched(ring, limit=3, before=before)
        found += ids(view)
        before = view.next or ""
    assert found == [str(number) for number in range(9, -1, -1)]
    assert before == ""


def test_an_answer_says_how_many_lines_were_looked_at_and_since_when_there_are_some() -> None:
    ring = ring_of(encode(**{"@timestamp": "2026-01-31T08:00:00.000Z"}), *TEN)
    view = searched(ring, "status:404")
    assert (view.exchanges, view.scanned, view.since, view.next) == ([], 11, "2026-01-31T08:00:00.000Z", None)


def test_a_line_that_is_no_exchange_satisfies_nothing() -> None:
    assert searched(ring_of(b"[]\n"), "!err").exchanges == []


def test_exchanges_are_found_by_request_id_and_all_of_a_trace_by_its_id() -> None:
    ring = ring_of(
        encode(request_id="a", trace_id="t1"),
        encode(request_id="b", trace_id="t1"),
        encode(request_id="c", trace_id="t2", **{"url.path": "/t1"}),
    )
    assert ids(find(ring, "c")) == ["c"]
    assert ids(find(ring, "t1")) == ["b", "a"]
    assert find(ring, "d").scanned == 3


def test_lines_about_exchanges_that_go_on_are_no_exchanges_but_are_found_by_their_id() -> None:
    going_on = LineEncoder().encode_open(make_exchange(request_id="open"), "start", 5_000_000_000, 0)
    over = LineEncoder().encode(make_exchange(request_id="event"), TIMING, line_ending(None, "GET", 200, *PLAIN))
    ring = ring_of(going_on, over)
    assert ids(searched(ring)) == ["event"]
    assert searched(ring).scanned == 1
    assert len(find(ring, "open").exchanges) == 1
