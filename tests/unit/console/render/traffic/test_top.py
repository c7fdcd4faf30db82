"""Rankings from exchanges with weights."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.render.grid_text import grid_text
from console.render.traffic import top
from console.render.traffic.top import KEYS, OTHERS, SORTS, Tally, tally_of, top_grid, weighted_quantile
from console.state.tail import Tail
from gateway.wire.live import AccessLine, HelloEvent


def line(route: str = "a", status: int = 200, duration_ms: float = 1.0) -> AccessLine:
    return AccessLine(route=route, status=status, duration_ms=duration_ms)


def test_an_exchange_counts_for_as_many_as_it_stands_for() -> None:
    tally = Tally(KEYS["route"])
    tally.add(line("a"), 10.0)
    tally.add(line("b", 503), 1.0)
    tally.add(line("b"), 3.0)
    first, second = tally.rows(2.0, SORTS["rate"])
    assert (first.key, first.requests, first.rate, first.error_ratio) == ("a", 10, 5, 0)
    assert (second.key, second.requests, second.rate, second.error_ratio) == ("b", 4, 2, 0.25)


def test_an_error_is_what_the_filter_err_and_the_metrics_take_for_one() -> None:
    tally = Tally(KEYS["route"])
    for status, reason in [
        (200, "upstream_reset"),
        (499, "client_disconnect"),
        (404, "none"),
        (0, "client_disconnect"),
    ]:
        exchange = AccessLine(route="a", status=status, reason=reason)
        tally.add(exchange, 1.0)
    assert [row.error_ratio for row in tally.rows(1.0, SORTS["rate"])] == [0.25]


def test_errors_are_ranked_by_their_number() -> None:
    tally = Tally(KEYS["route"])
    tally.add(line("many"), 100.0)
    tally.add(line("many", 500), 10.0)
    tally.add(line("few", 500), 1.0)
    assert [row.key for row in tally.rows(1.0, SORTS["errors"])] == ["many", "few"]


def test_keys_beyond_the_bound_are_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(top, "MOST_KEYS", 2)
    tally = Tally(KEYS["route"])
    for name in "abcda":
        tally.add(line(name), 1.0)
    assert {row.key: row.requests for row in tally.rows(1.0, SORTS["rate"])} == {"a": 2, "b": 1, OTHERS: 2}


@given(st.lists(st.tuples(st.floats(0, 1e6), st.integers(1, 5)), min_size=1), st.floats(0.01, 1))
def test_a_weighted_quantile_is_that_of_the_values_written_out(values: list[tuple[float, int]], share: float) -> None:
    written_out = sorted(value for value, weight in values for _ in range(weight))
    found = weighted_quantile([(value, float(weight)) for value, weight in values], share)
    at_or_below = sum(value <= found for value in written_out)
    below = sum(value < found for value in written_out)
    assert at_or_below >= share * len(written_out) > below


def test_nothing_is_said_in_words() -> None:
    assert grid_text(top_grid("route", [], Tally(KEYS["route"]))) == "no exchange has ended meanwhile"


def test_a_live_ranking_looks_at_the_last_minute_and_at_nothing_that_was_replayed() -> None:
    tail = Tail()
    tail.begin(HelloEvent(1, ("exchanges",), "", 20, "e"), 100.0)
    tail.add('{"weight":1,"replay":true,"exchange":{"route":"old"}}', 100.0)
    tail.add('{"weight":5,"exchange":{"route":"early"}}', 101.0)
    tail.add('{"weight":5,"exchange":{"route":"late"}}', 163.0)
    tally, seconds = tally_of(tail, "route", 165.0)
    assert [(row.key, row.requests) for row in tally.rows(seconds, SORTS["rate"])] == [("late", 5)]
    assert seconds == 60.0


def test_a_tail_that_has_just_begun_gives_rates_over_the_time_it_runs() -> None:
    tail = Tail()
    tail.begin(HelloEvent(1, ("exchanges",), "", 20, "e"), 100.0)
    tail.add('{"weight":40,"exchange":{"route":"a"}}', 101.0)
    tally, seconds = tally_of(tail, "route", 104.0)
    assert [row.rate for row in tally.rows(seconds, SORTS["rate"])] == [10.0]
