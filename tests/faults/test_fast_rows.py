"""The rows of the fault matrix that take a few seconds each are tests like any other; `make faults` plays all of them."""

import os

import pytest

from tests.faults.matrix import all_rows, play
from tests.faults.row import Row, State

FAST = [row for row in all_rows() if row.fast]


@pytest.mark.parametrize("row", FAST, ids=lambda row: row.key)
def test_the_gateway_holds(row: Row) -> None:
    verdict = play(row)
    if verdict.state is State.NOT_RUN and os.environ.get("REQUIRE_REAL") != "1":
        pytest.skip("; ".join(verdict.why))
    assert verdict.state is State.HELD, (verdict.why, verdict.figures)
    assert verdict.figures, "a row owes a figure"
