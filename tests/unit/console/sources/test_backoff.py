"""Waits between tries."""

from console.sources.backoff import FIRST_S, LONGEST_S, Backoff


def test_waits_double_up_to_the_longest_each_off_by_up_to_a_fifth() -> None:
    backoff = Backoff()
    waits = [backoff.next_s() for _ in range(8)]
    for wait_s, plain_s in zip(waits, [0.5, 1, 2, 4, 8, 15, 15, 15], strict=True):
        assert plain_s * 0.8 <= wait_s <= plain_s * 1.2
    assert len({wait_s / LONGEST_S for wait_s in waits[-3:]}) > 1


def test_only_what_was_heard_for_a_while_was_a_success() -> None:
    now_s = 0.0
    backoff = Backoff(lambda: now_s)
    for _ in range(4):
        backoff.heard()
        backoff.next_s()
    backoff.heard()
    assert backoff.next_s() > 4
    backoff.heard()
    now_s = 6.0
    backoff.heard()
    assert backoff.next_s() <= FIRST_S * 1.2
