"""A gateway as its status tells it, for tests of what shows it."""

from typing import Any

from gateway.wire.logs import LogLevel, LogRecordView
from gateway.wire.views import NodeView, ProcessView, StatusView, WorkerView

REVISION = "3f2a9c0d81be"


def worker(index: int, **changes: Any) -> WorkerView:
    """One that serves what it should."""
    facts: dict[str, Any] = {
        "index": index, "pid": 4711 + index, "state": "serving", "revision": REVISION, "sequence": 3, "sync": "synced",
        "connections": 31, "in_flight": 2, "uptime_s": 86.2, "last_seen_s": 0.1, "rate": 212.0, "cpu_ratio": 0.25,
        "rss_bytes": 40 * 1024 * 1024, "fds": 70, "loop_lag_p99_ms": 1.2 * index,
    }  # fmt: skip
    return WorkerView(**(facts | changes))


def status(*workers: WorkerView, **changes: Any) -> StatusView:
    """Of a gateway with two workers, unless they are given; its clock says 2026-01-31T08:00:00Z."""
    facts: dict[str, Any] = {
        "version": "0.1.0", "service_name": "orders-gw", "pid": 4711, "started_at": "2026-01-31T07:58:33.600Z", "uptime_s": 86.4,
        "revision": REVISION, "sequence": 3, "source": "file:a.yaml", "ready": True, "not_ready_because": [], "draining": False,
        "workers": list(workers) or [worker(1), worker(2)], "listeners": [],
        "node": NodeView(name="gw-1", host="gw-1", cores=2, memory_limit_bytes=2 * 1024**3),
        "supervisor": ProcessView(pid=4711, cpu_ratio=0.02, rss_bytes=92 * 1024 * 1024, fds=31),
    }  # fmt: skip
    return StatusView(**(facts | changes))


def record(number: int, level: LogLevel = "info", event: str = "ready", at: str = "", **fields: Any) -> LogRecordView:
    """One a second from 08:00 on; `actor` is no field."""
    actor = fields.pop("actor", "")
    at = at or f"2026-01-31T{8 + number // 3600:02d}:{number // 60 % 60:02d}:{number % 60:02d}.250184Z"
    return LogRecordView(
        id=number, at=at, level=level, event=event, logger="sightline.workers", node="gw-1", actor=actor, fields=fields
    )
