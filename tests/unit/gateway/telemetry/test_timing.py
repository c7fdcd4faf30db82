"""Phases from stamps: of plain attempts, of attempts cut short, and what is left as overhead."""

from gateway.model.outcome import Reason, Source
from gateway.telemetry.timing import measure, measure_attempt
from tests.unit.gateway.telemetry.samples import (
    MS,
    STARTED_NS,
    failed_attempt,
    make_attempt,
    make_exchange,
    refused_exchange,
    stamp,
)

ENDED_NS = stamp(15)


def in_ms(timing: tuple[int, ...]) -> tuple[float, ...]:
    return tuple(spent / MS for spent in timing)


def test_the_phases_of_a_plain_attempt() -> None:
    assert in_ms(measure_attempt(make_attempt(), ENDED_NS)) == (0, 0, 1, 10, 2)


def test_connecting_is_not_waiting() -> None:
    attempt = make_attempt(1, sent_ms=9, connecting_ns=stamp(3), connected_ns=stamp(6), leased_ns=stamp(7))
    assert in_ms(measure_attempt(attempt, ENDED_NS)) == (3, 3, 2, 3, 2)


def test_a_connection_that_was_being_opened_already_makes_no_negative_wait() -> None:
    attempt = make_attempt(3, sent_ms=9, connecting_ns=stamp(1), connected_ns=stamp(6), leased_ns=stamp(7))
    assert in_ms(measure_attempt(attempt, ENDED_NS))[:2] == (0, 5)


def test_an_attempt_that_never_connected_has_only_waited_and_connected() -> None:
    assert in_ms(measure_attempt(failed_attempt(), ENDED_NS)) == (0, 1, 0, 0, 0)


def test_an_attempt_without_an_answer_waited_for_its_first_byte() -> None:
    assert in_ms(measure_attempt(make_attempt(first_ms=0), ENDED_NS)) == (0, 0, 1, 12, 0)


def test_an_attempt_that_ended_while_sending_has_only_sent() -> None:
    assert in_ms(measure_attempt(make_attempt(sent_ms=0, first_ms=0), ENDED_NS)) == (0, 0, 13, 0, 0)


def test_an_answer_before_the_end_of_the_request_ends_the_sending() -> None:
    assert in_ms(measure_attempt(make_attempt(sent_ms=13), ENDED_NS)) == (0, 0, 11, 0, 2)
    assert in_ms(measure_attempt(make_attempt(sent_ms=0), ENDED_NS)) == (0, 0, 11, 0, 2)


def test_overhead_is_what_neither_client_nor_upstream_caused() -> None:
    total, overhead, *phases = in_ms(measure(make_exchange()))
    assert (total, overhead) == (15, 3)  # 1 before the attempt, 1 sending without a body, 1 after it
    assert phases == [0, 0, 0, 1, 10, 2, 0]


def test_reading_the_head_and_a_slow_reader_are_not_overhead() -> None:
    exchange = make_exchange(attempts=[make_attempt(5, sent_ms=6)], head_ns=stamp(4), write_stall_ns=1 * MS)
    assert in_ms(measure(exchange)) == (15, 2, 4, 0, 0, 1, 6, 2, 1)


def test_sending_a_body_is_not_overhead() -> None:
    assert in_ms(measure(make_exchange(request_body_ns=stamp(2))))[1] == 2


def test_a_body_that_never_came_to_its_end_is_not_overhead() -> None:
    exchange = make_exchange(attempts=[make_attempt(sent_ms=0, first_ms=0)])
    assert in_ms(measure(exchange))[1] == 2


def test_waiting_for_a_place_in_the_pool_is_overhead() -> None:
    exchange = make_exchange(attempts=[make_attempt(1, sent_ms=5, leased_ns=stamp(4))])
    assert in_ms(measure(exchange)) == (15, 6, 0, 3, 0, 1, 7, 2, 0)


def test_phases_are_sums_over_the_attempts() -> None:
    exchange = make_exchange(attempts=[failed_attempt(), make_attempt(3, sent_ms=4)])
    assert in_ms(measure(exchange)) == (15, 3, 0, 0, 1, 1, 8, 2, 0)


def test_a_back_off_between_attempts_is_not_overhead() -> None:
    at_once = make_exchange(attempts=[failed_attempt(), make_attempt(2, sent_ms=4)])
    later = make_exchange(attempts=[failed_attempt(), make_attempt(4, sent_ms=4)])
    assert in_ms(measure(at_once))[1] >= in_ms(measure(later))[1]


def test_of_two_attempts_at_once_the_first_counts_for_as_long_as_it_was_alone() -> None:
    slow, quick = (
        make_attempt(1, sent_ms=1, first_ms=0, ended_ms=13),
        make_attempt(8, sent_ms=8, first_ms=12, ended_ms=13),
    )
    won = make_exchange(attempts=[slow, quick])
    assert in_ms(measure(won))[6:8] == (7 + 4, 1)
    lost = make_exchange(attempts=[quick, make_attempt(1, sent_ms=1, first_ms=11, ended_ms=13)])
    assert in_ms(measure(lost))[6:8] == (10, 2)


def test_a_refusal_before_the_end_of_the_head_has_read_all_the_time() -> None:
    assert in_ms(measure(refused_exchange(head_ns=0)))[:3] == (15, 0, 15)


def test_a_body_read_without_an_attempt_is_not_overhead() -> None:
    assert in_ms(measure(refused_exchange(request_body_ns=stamp(9))))[1] == 6


def test_a_client_that_sent_no_body_to_its_end_is_not_overhead() -> None:
    late = refused_exchange(source=Source.CLIENT, reason=Reason.CLIENT_TIMEOUT)
    assert in_ms(measure(late))[1] == 0


def test_overhead_is_never_negative() -> None:
    assert in_ms(measure(make_exchange(write_stall_ns=50 * MS)))[1] == 0


def test_stamps_are_relative_to_nothing() -> None:
    assert measure(make_exchange())[0] == stamp(15) - STARTED_NS
