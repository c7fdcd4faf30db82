"""What an action would mean: who is left, what they carry, and how carefully it is to be confirmed."""

import pytest

from gateway.runtime.actions.preview import Effect, Standing
from gateway.wire.actions import EndpointAction, EndpointEffectView
from tests.support.call_count import CallCount


def drained(*endpoints: Standing, action: EndpointAction = "drain") -> EndpointEffectView:
    """Of the first one; 14 attempts are there now."""
    return Effect(action, "orders", endpoints[0], endpoints, 14).view("3.0")


def kept(name: str, rate: float = 10.0, weight: int = 1) -> Standing:
    return Standing(name, weight, weight, rate)


def test_a_drain_shares_out_the_rate_of_now_among_those_that_stay() -> None:
    view = drained(Standing("a", 1, 0, 12.0), kept("b"), kept("c", 8.0), kept("d"))
    assert (view.available_before, view.available_after, view.share_removed, view.tier) == (4, 3, 0.25, 1)
    assert (view.rate, view.highest_before, view.in_flight) == (40.0, 12.0, 14)
    assert view.highest_after == pytest.approx(40 / 3, abs=0.01)
    assert view.loads[0].rate_after == 0
    assert (
        view.summary
        == "removes 1 of 4; 3 left, the busiest at an estimated 13.3/s (12/s now); 14 in flight will finish"
    )


def test_more_than_a_quarter_of_the_capacity_is_of_the_second_tier() -> None:
    assert drained(Standing("a", 2, 0, 1.0), kept("b"), kept("c"), kept("d")).tier == 2
    assert drained(Standing("a", 1, 0, 1.0), kept("b"), kept("c"), kept("d", weight=2)).tier == 1


def test_the_last_available_endpoint_is_of_the_second_tier_and_says_what_clients_will_get() -> None:
    view = drained(Standing("a", 1, 0, 5.0), Standing("b", 0, 0, 0.0))
    assert (view.tier, view.available_after, view.highest_after) == (2, 0, 0.0)
    assert "503" in view.summary


def test_giving_back_is_always_of_the_first_tier() -> None:
    view = drained(Standing("a", 0, 1, 0.0), kept("b", 30.0), action="undrain")
    assert (view.tier, view.share_removed) == (1, 0.0)
    assert (view.highest_before, view.highest_after) == (30.0, 15.0)
    assert view.summary.startswith("gives it back: 2 of 2 available")


@pytest.mark.parametrize(("weight", "tier", "share"), [(2, 1, 0.4), (5, 2, 0.625)])
def test_a_weight_is_judged_by_the_traffic_it_moves(weight: int, tier: int, share: float) -> None:
    view = drained(Standing("a", 1, weight, 10.0), kept("b"), kept("c"), kept("d", weight=1), action="weight")
    moved = weight / (weight + 3) - 0.25
    assert view.tier == tier
    assert view.share_removed == pytest.approx(moved, abs=0.001)
    assert view.loads[0].share_after == pytest.approx(share, abs=0.001)


def test_many_endpoints_are_told_up_to_a_bound_and_the_rest_are_counted() -> None:
    view = drained(Standing("a", 1, 0, 0.0), *(kept(str(number)) for number in range(99)))
    assert (len(view.loads), view.loads_left_out, view.endpoints) == (50, 50, 100)


def test_an_endpoint_that_gets_nothing_anyway_takes_nothing_along() -> None:
    view = drained(Standing("a", 0, 0, 0.0), kept("b"), kept("c"))
    assert view.summary.startswith("removes 0 of 2; 2 left")
    assert view.tier == 1


def test_a_weight_of_an_endpoint_that_gets_nothing_is_kept_for_later() -> None:
    view = drained(Standing("a", 0, 0, 0.0), kept("b"), action="weight")
    assert view.summary == "it gets nothing now, with any weight; this one is kept for when it is available again"


def test_thousands_of_endpoints_are_looked_at_once_each() -> None:
    def looked_at(count: int) -> tuple[EndpointEffectView, int]:
        others = [kept(str(number), 1.0) for number in range(count)]
        with CallCount() as calls:
            view = drained(Standing("a", 1, 0, 1.0), *others)
        return view, calls.number

    view, calls = looked_at(5000)
    # Each with each would be a hundred times as much work.
    assert calls < 15 * looked_at(500)[1]
    assert view.highest_after == pytest.approx(5001 / 5000, abs=0.001)
