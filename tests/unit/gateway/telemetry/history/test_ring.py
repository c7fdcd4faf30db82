"""Packed windows: found again by time, let go of by age."""

from gateway.telemetry.history.ring import Ring
from gateway.wire.history import WindowData

NOW = 1_800_000_000


def filled(count: int, step_s: int = 1, keep: int = 300) -> Ring:
    ring = Ring(step_s, keep)
    for number in range(count):
        ring.append(NOW + number * step_s, WindowData(requests=number, buckets={number: 1}))
    return ring


def starts(ring: Ring, start_s: int, end_s: int) -> list[int]:
    return [at_s - NOW for at_s, _ in ring.between(start_s, end_s)]


def test_a_window_comes_back_as_it_was() -> None:
    ring = Ring(1, 300)
    window = WindowData(3, 1, 2, 10, 20, 999, {5: 2, 300: 1}, 7, {0: 3}, {"upstream/connect_refused": 1})
    ring.append(NOW, window)
    assert list(ring.between(NOW, NOW + 1)) == [(NOW, window)]


def test_only_windows_of_the_time_asked_for_are_read() -> None:
    ring = filled(10, 10)
    assert starts(ring, NOW + 20, NOW + 50) == [20, 30, 40]
    assert starts(ring, NOW - 100, NOW + 1) == [0]
    assert starts(ring, NOW + 95, NOW + 900) == []


def test_old_windows_go_and_the_others_are_still_found() -> None:
    ring = filled(400)
    ring.expire(NOW + 400)
    assert starts(ring, 0, NOW + 1000) == list(range(98, 400))
    ring.append(NOW + 500, WindowData(requests=7))
    assert [window.requests for _, window in ring.between(NOW + 399, NOW + 501)] == [399, 7]


def test_it_weighs_less_without_windows() -> None:
    ring = filled(300)
    full = ring.bytes
    ring.clear()
    assert (len(ring), list(ring.between(0, NOW * 2))) == (0, [])
    assert ring.bytes < full / 5


def test_windows_that_expire_are_weighed_no_more() -> None:
    ring = filled(300)
    full = ring.bytes
    ring.expire(NOW + 100_000)
    assert (len(ring), ring.bytes < full / 5) == (0, True)
