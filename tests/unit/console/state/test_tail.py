"""The tail as it comes: what is kept, what is begun anew, and the rates that its counts tell."""

from console.state.tail import KEPT, Tail, TailRates
from gateway.wire.live import CountsEvent, HelloEvent, LostEvent


def begun(expression: str = "", epoch: str = "e", tail: Tail | None = None) -> Tail:
    tail = tail or Tail()
    tail.begin(HelloEvent(1, ("exchanges",), expression, 20, epoch), 100.0)
    return tail


def counts(scanned: int, estimated: float, seen: int, lost: int = 0) -> CountsEvent:
    return CountsEvent(
        scanned=scanned, matched=seen, estimated=estimated, shown=seen, sampled_out=0, lost=lost, lost_weight=0.0
    )


def test_the_oldest_rows_are_forgotten_and_numbers_go_on() -> None:
    tail = begun()
    for _ in range(KEPT + 5):
        tail.add('{"exchange":{}}', 100.0)
    assert (len(tail.rows), tail.rows[0].number, tail.newest) == (KEPT, 6, KEPT + 5)


def test_a_stream_that_is_taken_up_again_goes_on_behind_its_rows() -> None:
    tail = begun("err")
    tail.add('{"exchange":{}}', 100.0)
    begun("err", tail=tail)
    assert len(tail.rows) == 1


def test_another_filter_another_gateway_and_a_stream_asked_for_anew_begin_with_nothing() -> None:
    for expression, epoch, is_renewed in [("slow", "e", False), ("err", "f", False), ("err", "e", True)]:
        tail = begun("err")
        tail.add('{"exchange":{}}', 100.0)
        if is_renewed:
            tail.renew()
        assert len(tail.rows) == 1
        begun(expression, epoch, tail)
        assert (len(tail.rows), tail.filter) == (0, expression)


def test_rates_are_told_over_the_last_seconds() -> None:
    tail = begun()
    assert tail.rates() is None
    for second in range(10):
        tail.count(counts(1000 * second, 900.0 * second, 20 * second), 100.0 + second)
    assert tail.rates() == TailRates(1000.0, 900.0, 20.0, 0.0)


def test_counts_of_another_stream_are_not_compared() -> None:
    tail = begun()
    tail.count(counts(5000, 5000.0, 100), 100.0)
    begun(tail=tail)
    tail.count(counts(10, 10.0, 1), 101.0)
    assert tail.rates() is None


def test_what_was_lost_of_exchanges_is_counted() -> None:
    tail = begun()
    tail.lose(LostEvent(topic="exchanges", why="slow", count=3))
    tail.lose(LostEvent(topic="incidents", why="gone", count=9))
    assert tail.missing == 3


def test_a_still_tail_does_not_move() -> None:
    tail = begun()
    still = tail.still()
    tail.add('{"exchange":{}}', 100.0)
    assert (len(still.rows), still.newest, tail.newest) == (0, 0, 1)
