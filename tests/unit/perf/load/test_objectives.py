"""Objectives of the load: what decides its exit code."""

from dataclasses import dataclass

import pytest

from perf.load.objectives import OBJECTIVES, broken_objectives


@dataclass
class Seen:
    num_requests: int = 1000
    num_failures: int = 0
    p99_ms: float = 1.0

    def get_response_time_percentile(self, percent: float) -> float:
        assert percent == 0.99
        return self.p99_ms


def test_nothing_is_said_where_every_objective_is_kept() -> None:
    assert list(broken_objectives({scenario: Seen() for scenario in OBJECTIVES})) == []


@pytest.mark.parametrize(
    ("seen", "sentence"),
    [
        (Seen(num_failures=2), "browse: 0.20% failed, at most 0.10% may"),
        (Seen(p99_ms=301), "browse: p99 301 ms, at most 300 ms"),
        (Seen(num_requests=0), "browse: nothing was sent"),
    ],
)
def test_an_objective_that_is_missed_is_named(seen: Seen, sentence: str) -> None:
    measured = {scenario: Seen() for scenario in OBJECTIVES} | {"browse": seen}
    assert list(broken_objectives(measured)) == [sentence]


def test_a_scenario_that_did_not_take_place_is_named() -> None:
    assert "websocket: nothing was sent" in list(broken_objectives({}))
