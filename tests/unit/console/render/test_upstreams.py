"""One upstream as text: what protects it stands above its endpoints, and times are told to the second."""

from msgspec.structs import replace

from console.render.amounts import clock
from console.render.upstreams import render_upstream
from gateway.wire.upstream_views import CheckView
from tests.support.situations import at, endpoint, figures, upstream


def test_its_panic_is_said_first_and_of_each_endpoint_that_is_not_well_since_and_until_when() -> None:
    last = CheckView(at=at(4), result="ok", evidence="200 in 3 ms")
    out = endpoint("a:1", figures(0.0), state="ejected", reason="passive", note="5 failures in a row", since=at(30),
                   ejected_until=at(20), last_check=last)  # fmt: skip
    told = render_upstream(replace(upstream("up", out, endpoint("b:1")), panic=True, panic_below=0.6)).splitlines()
    assert told[2] == "PANIC: 1 of 2 endpoints usable, less than 60%: the others get traffic all the same"
    since, until, checked = (f" {_clock(age)}" for age in (30, 20, 4))
    assert told[-1] == (
        f"a:1 ejected, passive, 5 failures in a row, since{since}, until{until}; last check 200 in 3 ms at{checked}"
    )


def test_one_that_is_well_again_says_what_it_was() -> None:
    last = CheckView(at=at(4), result="ok", evidence="200 in 3 ms")
    back = endpoint("a:1", figures(0.0), reason="bad_status", note="200 in 2 ms", since=at(30), last_check=last)
    assert render_upstream(upstream("up", back)).splitlines()[-1] == (
        f"a:1 healthy, was bad_status; 200 in 2 ms, since {_clock(30)}; last check 200 in 3 ms at {_clock(4)}"
    )


def _clock(seconds_ago: float) -> str:
    return clock(at(seconds_ago))
