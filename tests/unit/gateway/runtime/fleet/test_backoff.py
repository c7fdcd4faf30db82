"""How long a replacement waits."""

from gateway.runtime.fleet.backoff import BackOff


def test_the_first_deaths_are_answered_at_once() -> None:
    back_off = BackOff()
    assert [back_off.after(0.0) for _ in range(2)] == [0.0, 0.0]


def test_five_kills_in_a_row_are_each_answered_within_half_a_second() -> None:
    back_off = BackOff()
    assert all(back_off.after(1.0) <= 0.5 for _ in range(5))


def test_a_crash_loop_waits_longer_each_time_up_to_a_cap() -> None:
    back_off = BackOff()
    delays = [back_off.after(0.0) for _ in range(30)]
    assert delays[3] < delays[5] < delays[7]
    assert all(12.0 <= delay <= 15.0 for delay in delays[15:])


def test_a_worker_that_served_for_a_while_starts_anew() -> None:
    back_off = BackOff()
    for _ in range(10):
        back_off.after(0.0)
    assert back_off.after(60.0) == 0.0
