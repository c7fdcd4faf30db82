"""The rows of the fault matrix that take a few seconds each are tests like any other; `make faults` plays all of them."""

import os

import pytest

from tests.faults.matrix import all_rows
from tests.faults.row import Row, State
from tests.faults.stage import OURS
from tests.faults.supervised import supervise

MOST_S = 45.0
FAST = [row for row in all_rows() if row.fast]


@pytest.mark.parametrize("row", FAST, ids=lambda row: row.key)
def test_the_gateway_holds(row: Row) -> None:
    # In a process of its own, as by `make faults`: what it leaves to the garbage collector is not the next test's affair.
    verdict = supervise(row, OURS, min(row.limit_s, MOST_S))
    if verdict.state is State.NOT_RUN and os.environ.get("REQUIRE_REAL") != "1":
        pytest.skip("; ".join(verdict.why))
    assert verdict.state is State.HELD, (verdict.why, verdict.figures)
    assert verdict.figures, "a row owes a figure"
