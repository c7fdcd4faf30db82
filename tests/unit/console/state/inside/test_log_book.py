"""Records in the order they were written, whatever the order and the way they came in; jumps in time."""

from console.state.inside.log_book import KEPT, LogBook, jump
from console.state.inside.log_filter import predicate_of
from gateway.wire.logs import LogListView
from tests.support.gateway_views import record


def ids(book: LogBook) -> list[int]:
    return [row.record.id for row in book.rows]


def test_what_the_gateway_remembers_and_what_it_says_now_are_one_list() -> None:
    book = LogBook()
    book.add(record(4))
    book.add(record(5))
    book.add(record(5))
    assert (ids(book), book.is_known) == ([4, 5], False)
    book.merge(LogListView(records=[record(2), record(3), record(4)], last_id=4, dropped={"info": 1, "error": 2}))
    assert (ids(book), book.is_known, book.dropped) == ([2, 3, 4, 5], True, 3)
    numbers = [row.number for row in book.rows]
    assert numbers == sorted(set(numbers))
    book.lose(7)
    assert book.lost == 7


def test_another_gateway_counts_anew_and_its_records_come_behind() -> None:
    book = LogBook()
    book.add(record(40))
    book.add(record(1, at="2026-01-31T08:05:00Z"))
    book.merge(LogListView(records=[record(1, at="2026-01-31T08:05:00Z")], last_id=1))
    assert ids(book) == [40, 1]


def test_records_of_the_same_moment_and_late_ones_have_places_of_their_own() -> None:
    book = LogBook()
    for number, at in (
        (1, "2026-01-31T08:00:01Z"),
        (2, "2026-01-31T08:00:01Z"),
        (3, "2026-01-31T08:00:00Z"),
        (4, "odd"),
    ):
        book.add(record(number, at=at))
    assert ids(book) == [4, 3, 1, 2]
    assert len({row.number for row in book.rows}) == 4


def test_it_is_bounded_and_a_still_one_does_not_move() -> None:
    book = LogBook()
    for number in range(KEPT + 5):
        book.add(record(number))
    still = book.still()
    book.add(record(KEPT + 5))
    assert (len(book.rows), still.rows[-1].record.id) == (KEPT, KEPT + 4)


def test_a_filter_is_worked_out_again_when_something_comes() -> None:
    book = LogBook()
    book.add(record(1, "error"))
    first = book.matching("level:error", predicate_of)
    assert book.matching("level:error", predicate_of) is first
    book.add(record(2, "error"))
    book.add(record(3))
    assert [row.record.id for row in book.matching("level:error", predicate_of)] == [1, 2]
    assert [row.record.id for row in book.matching("", predicate_of)] == [1, 2, 3]
    assert book.matching("level:loud", predicate_of) == []


def test_jumps_go_to_the_record_that_is_so_far_away_in_time() -> None:
    book = LogBook()
    for second in (0, 10, 70, 75, 200):
        book.add(record(second + 1))
    rows = list(book.rows)

    def landed(start: int, seconds: float) -> int | None:
        found = jump(rows, rows[start].number, seconds)
        return None if found is None else rows.index(found)

    assert landed(0, 60) == 2
    assert landed(2, 60) == 4
    assert landed(4, 60) is None
    assert landed(4, -60) == 3
    assert landed(3, -60) == 1
    assert landed(1, -60) == 0
    assert jump([], 0, -60) is None
