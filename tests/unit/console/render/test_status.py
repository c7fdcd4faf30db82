"""A gateway at a glance: what it runs, since when and by whom, how it does, and what is wrong."""

from console.render.status import render_status
from gateway.wire.history import RecentView
from gateway.wire.views import LastChangeView, StatusView


def status(**changes: object) -> StatusView:
    facts: dict[str, object] = {
        "version": "1", "service_name": "edge", "pid": 7, "started_at": "2026-01-31T08:00:00Z", "uptime_s": 60.0,
        "revision": "c6c690490d0a", "sequence": 2, "source": "file:gateway.yaml", "ready": True,
        "not_ready_because": [], "draining": False, "workers": [], "listeners": [],
    }  # fmt: skip
    return StatusView(**(facts | changes))  # type: ignore[arg-type]


def test_it_tells_what_changed_last_and_how_the_gateway_does() -> None:
    told = render_status(
        status(
            recent=RecentView(seconds=62, rate=97.5, error_ratio=0.031, p50_ms=0.75, p99_ms=177.4, overhead_p99_ms=0.9),
            last_change=LastChangeView(revision="c6c690490d0a", sequence=2, age_s=130, trigger="api", actor="ci"),
            incidents_last_hour={"worker_died": 1, "config_applied": 2},
        )
    )
    assert "applied 2m10s ago by ci" in told
    assert "last 60 s: 98/s, 3.1% errors, p50 0.8ms, p99 177ms, of which p99 of the gateway's own part 0.9ms" in told
    assert "last hour: 2 config applied, 1 worker died" in told


def test_a_file_that_would_not_give_what_runs_is_said() -> None:
    assert "THE FILE DIFFERS" in render_status(status(source_differs=True))
    handed_in = render_status(status(source_differs=True, source="api", pid=77))
    assert "it stays until the content of the file changes" in handed_in
    assert "kill -HUP 77" in handed_in
    assert "THE FILE DIFFERS" not in render_status(status())
