"""Failures nobody caught, told often enough and not more."""

import asyncio

import pytest

from gateway.runtime.worker import faults
from gateway.runtime.worker.faults import FaultNotices
from gateway.wire.control import Notice


def test_a_failure_is_told_with_where_it_happened() -> None:
    told: list[Notice] = []
    loop = asyncio.new_event_loop()
    notices = FaultNotices(told.append)
    notices.on_loop_exception(loop, {"message": "a callback failed", "exception": ValueError("here")})
    loop.close()
    [notice] = told
    assert (notice.level, notice.event, notice.fields["what"]) == ("error", "worker_fault", "a callback failed")
    assert "ValueError: here" in str(notice.fields["exception"])


def test_a_flood_is_counted_instead_of_told(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Notice] = []
    now_ns = 1_000_000_000_000
    monkeypatch.setattr(faults, "monotonic_ns", lambda: now_ns)
    loop = asyncio.new_event_loop()
    notices = FaultNotices(told.append)
    for _ in range(100):
        notices.on_loop_exception(loop, {"message": "again"})
    assert len(told) == 5
    now_ns += 11_000_000_000
    notices.on_loop_exception(loop, {"message": "again"})
    loop.close()
    assert told[-1].fields["suppressed"] == 95
