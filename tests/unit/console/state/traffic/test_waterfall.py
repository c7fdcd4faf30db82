"""Where the time of an exchange went, laid out."""

from hypothesis import given
from hypothesis import strategies as st

from console.state.traffic.waterfall import span_of, steps_of
from gateway.wire.live import LineAttempt, LinePhases
from tests.support.exchanges import line


def test_the_steps_of_one_attempt_follow_each_other_and_end_with_the_exchange() -> None:
    phases = LinePhases(
        read_head_ms=1.0, pool_wait_ms=2.0, connect_ms=3.0, send_ms=4.0, ttfb_ms=50.0, transfer_ms=6.0, write_ms=5.0
    )
    attempt = LineAttempt("10.0.1.7:9001", status=200, ttfb_ms=50.0, ms=65.0, connect_ms=3.0)
    steps = steps_of(line(duration_ms=75.0, phases=phases, attempts=(attempt,)))
    assert [(step.label, step.by, step.start_ms, step.length_ms) for step in steps] == [
        ("read head", "client", 0.0, 1.0),
        ("gateway", "gateway", 1.0, 4.0),
        ("try 1 10.0.1.7:9001", "attempt", 5.0, 65.0),
        ("waits for a place", "gateway", 5.0, 2.0),
        ("connects", "upstream", 7.0, 3.0),
        ("sends", "upstream", 10.0, 4.0),
        ("first byte", "upstream", 14.0, 50.0),
        ("transfers", "upstream", 64.0, 6.0),
        ("client reads", "client", 70.0, 5.0),
    ]


def test_attempts_are_lanes_with_what_became_of_each() -> None:
    attempts = (
        LineAttempt("10.0.1.7:9001", reason="connect_refused", ms=101.0, connect_ms=101.0),
        LineAttempt("10.0.1.9:9001", status=200, ttfb_ms=190.0, ms=200.0),
    )
    steps = steps_of(line(duration_ms=305.0, phases=LinePhases(transfer_ms=10.0), attempts=attempts))
    lanes = [(step.start_ms, step.note, step.is_failed) for step in steps if step.by == "attempt"]
    assert lanes == [(4.0, "connect_refused -> retry", True), (105.0, "200", False)]
    assert [(step.label, step.start_ms) for step in steps if step.depth] == [
        ("connects", 4.0), ("first byte", 105.0), ("transfers", 295.0)
    ]  # fmt: skip


def test_where_the_number_of_tries_is_known_a_retry_says_how_many_of_them_are_used() -> None:
    refused = LineAttempt("10.0.1.7:9001", reason="connect_refused", ms=100.0)
    attempts = (refused, refused, LineAttempt("10.0.1.9:9001", status=200, ttfb_ms=190.0, ms=200.0))
    steps = steps_of(line(duration_ms=405.0, phases=LinePhases(), attempts=attempts), tries=3)
    assert [step.note for step in steps if step.by == "attempt"] == [
        "connect_refused -> retry (1 of 3 tries used)", "connect_refused -> retry (2 of 3 tries used)", "200"
    ]  # fmt: skip


def test_what_a_route_holds_back_is_told_apart_from_the_gateways_own_time() -> None:
    attempt = LineAttempt("10.0.1.7:9001", status=200, ttfb_ms=50.0, ms=50.0)
    steps = steps_of(line(duration_ms=260.0, fault="delay", fault_ms=200.0, phases=LinePhases(), attempts=(attempt,)))
    assert [(step.label, step.start_ms, step.length_ms, step.note) for step in steps if not step.depth] == [
        ("held back", 0.0, 200.0, "on purpose, by the route"),
        ("gateway", 200.0, 10.0, ""),
        ("try 1 10.0.1.7:9001", 210.0, 50.0, "200"),
    ]


def test_without_an_attempt_all_of_it_is_the_gateways_and_says_what_it_answered() -> None:
    steps = steps_of(line(duration_ms=0.2, phases=LinePhases(), attempts=(), status=404, reason="no_route"))
    assert [(step.label, step.length_ms, step.note) for step in steps] == [("gateway", 0.2, "404 no_route")]


@given(st.floats(0, 1e6), st.floats(0, 1e6), st.integers(1, 300), st.floats(0, 1e5))
def test_a_bar_is_seen_and_stays_on_its_axis(start: float, length: float, width: int, rest: float) -> None:
    offset, cells = span_of(start, length, start + length + rest, width)
    assert offset >= 0
    assert cells >= 1
    assert offset + cells <= width


def test_bars_are_as_long_as_their_time() -> None:
    assert span_of(0.0, 50.0, 100.0, 40) == (0, 20)
    assert span_of(50.0, 50.0, 100.0, 40) == (20, 20)
    assert span_of(99.9, 0.1, 100.0, 40) == (39, 1)


def test_attempts_stand_where_they_began_with_the_back_off_between_them() -> None:
    attempts = (
        LineAttempt("10.0.1.7:9001", status=503, reason="upstream_status", ttfb_ms=5.0, ms=5.0, at_ms=1.0),
        LineAttempt("10.0.1.9:9001", status=200, ttfb_ms=10.0, ms=10.0, at_ms=20.0),
    )
    steps = steps_of(line(duration_ms=30.0, phases=LinePhases(), attempts=attempts))
    assert [(step.label, step.start_ms, step.length_ms, step.note) for step in steps if not step.depth] == [
        ("gateway", 0.0, 1.0, ""),
        ("try 1 10.0.1.7:9001", 1.0, 5.0, "503 -> retry"),
        ("backs off", 6.0, 14.0, ""),
        ("try 2 10.0.1.9:9001", 20.0, 10.0, "200"),
    ]


def test_two_attempts_at_once_lie_beside_each_other_in_the_order_in_which_they_began() -> None:
    attempts = (
        LineAttempt("10.0.1.9:9001", reason="superseded", ms=10.0, at_ms=51.0),
        LineAttempt("10.0.1.7:9001", status=200, ttfb_ms=60.0, ms=60.0, at_ms=1.0),
    )
    steps = steps_of(line(duration_ms=61.0, phases=LinePhases(), attempts=attempts))
    assert [(step.label, step.start_ms, step.note, step.is_failed) for step in steps if step.by == "attempt"] == [
        ("try 1 10.0.1.7:9001", 1.0, "200", False),
        ("try 2 10.0.1.9:9001", 51.0, "superseded", False),
    ]
    assert "backs off" not in [step.label for step in steps]
