"""Retries and faults of a route in words."""

from msgspec.structs import replace

from console.render.cells import Cell
from console.render.policies import faults_in_words, policies_line
from gateway.wire.views import FaultView, RetriesView
from tests.support.situations import route

RETRIES = RetriesView(
    attempts=3, on=["reset", "503"], methods="idempotent", backoff_first_ms=25.0, backoff_max_ms=250.0, budget_ratio=0.2,
    body_buffer=65_536, budget_left=0.5, used=19, allowed=38.4,
)  # fmt: skip
DELAY = FaultView(kind="delay", share=0.01, delay_ms=200.0)
ABORT = FaultView(kind="abort", share=0.02, status=503, is_conditional=True)


def test_faults_are_told_as_such() -> None:
    assert faults_in_words([DELAY, ABORT]) == "holds 1.0% back for 200ms, answers 2.0% with 503 where headers match"
    assert faults_in_words([]) == ""


def test_a_budget_that_is_used_up_and_a_fault_stand_out() -> None:
    told = " 3 attempts on reset, 503, budget 20.0%"
    assert policies_line(route("orders", retries=RETRIES)) == [Cell(f"{told} (50.0% left); 19 retries in 10s", "dim")]
    spent = replace(RETRIES, used=38, budget_left=0.01)
    assert policies_line(route("orders", retries=spent)) == [Cell(f"{told} (1.0% left); 38 retries in 10s", "warn")]
    quiet = replace(RETRIES, used=0, budget_left=1.0)
    assert policies_line(route("orders", retries=quiet, faults=[DELAY])) == [
        Cell(f"{told} (100% left)", "dim"), Cell("; on purpose it holds 1.0% back for 200ms", "warn"),
    ]  # fmt: skip
    assert policies_line(route("orders")) == []
