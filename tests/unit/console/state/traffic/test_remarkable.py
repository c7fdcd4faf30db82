"""The newest row that did not go well."""

from collections.abc import Callable

from console.state.tail import Shown
from console.state.traffic.remarkable import NewestRemarkable
from tests.support.exchanges import line


def rows(first: int, *statuses: int) -> list[Shown]:
    return [Shown(number, line(number, status=status), 1.0, "") for number, status in enumerate(statuses, first)]


def failed(shown: Shown) -> bool:
    return shown.line.status >= 500


def after(newest: NewestRemarkable, rows: list[Shown], about: tuple[str], judge: Callable[[Shown], bool]) -> int | None:
    """Number of the one that is found once these were looked at."""
    newest.look(rows, about, judge)
    return None if newest.found is None else newest.found.number


def test_each_row_is_looked_at_once_and_the_newest_that_failed_stays_until_a_newer_one_does() -> None:
    looked: list[int] = []

    def judge(shown: Shown) -> bool:
        looked.append(shown.number)
        return failed(shown)

    newest = NewestRemarkable()
    assert after(newest, rows(1, 200, 502, 200), ("a",), judge) == 2
    assert after(newest, rows(1, 200, 502, 200, 200), ("a",), judge) == 2
    assert after(newest, rows(1, 200, 502, 200, 200, 503), ("a",), judge) == 5
    assert looked == [3, 2, 4, 5]


def test_rows_of_another_tail_are_looked_at_from_the_beginning() -> None:
    newest = NewestRemarkable()
    assert after(newest, rows(1, 200, 200, 502), ("a",), failed) == 3
    assert after(newest, rows(1, 502, 200, 200, 200), ("b",), failed) == 1
    assert after(newest, rows(1, 200, 200), ("b",), failed) is None
    assert after(newest, [], ("b",), failed) is None


def test_what_is_not_kept_any_more_is_not_the_newest() -> None:
    newest = NewestRemarkable()
    assert after(newest, rows(1, 502, 200), ("a",), failed) == 1
    assert after(newest, rows(2, 200, 200), ("a",), failed) is None
