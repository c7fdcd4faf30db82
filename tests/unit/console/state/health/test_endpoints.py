"""What an endpoint is called, by as much as is known of it."""

from collections import Counter
from typing import Any, Final

import pytest

from console.state.endpoint_counts import Recently
from console.state.health.endpoints import assess
from gateway.wire.history import RecentView
from gateway.wire.upstream_views import EndpointView
from tests.support.situations import endpoint, figures, upstream

QUICK: Final = endpoint("b:1", figures(10.0, 0.0, 8.0))


def word(one: EndpointView, recently: Recently | None = None, peer: EndpointView = QUICK) -> str:
    return assess(upstream("up", one, peer), one, dict[Any, Counter[str]](), recently).word


def answers(number: int, *, p50: float, p95: float, p99: float) -> RecentView:
    return RecentView(
        seconds=60, rate=number / 60, requests=number, error_ratio=0.0, p50_ms=p50, p95_ms=p95, p99_ms=p99
    )


@pytest.mark.parametrize(
    ("recent", "expected"),
    [
        (answers(60, p50=2.0, p95=4.0, p99=900.0), "up"),  # One answer of sixty.
        (answers(60, p50=2.0, p95=900.0, p99=900.0), "slow"),
        (answers(600, p50=2.0, p95=4.0, p99=900.0), "slow"),
        (answers(10, p50=2.0, p95=900.0, p99=900.0), "up"),
        (answers(10, p50=700.0, p95=900.0, p99=900.0), "slow"),
        (answers(4, p50=700.0, p95=900.0, p99=900.0), "up"),
    ],
)
def test_one_late_answer_does_not_make_an_endpoint_slow(recent: RecentView, expected: str) -> None:
    assert word(endpoint("a:1", recent)) == expected


def test_it_is_compared_with_those_that_have_answered_often_enough() -> None:
    assert (
        word(
            endpoint("a:1", answers(600, p50=500.0, p95=600.0, p99=900.0)),
            peer=endpoint("b:1", answers(2, p50=1.0, p95=1.0, p99=1.0)),
        )
        == "up"
    )


def test_who_answers_again_does_not_fail_any_more_though_the_window_knows_of_it() -> None:
    failed = endpoint("a:1", figures(1.0, 0.5))
    assert word(failed) == "failing"
    assert word(failed, Recently(9.0, 3, 0)) == "up"
    assert assess(upstream("up", failed, QUICK), failed, {}, Recently(9.0, 3, 0)).was == "failing"
