"""Before and after, from the rolling windows."""

import pytest

from gateway.runtime.changes.figures import HistoryFigures
from gateway.wire.changes import FiguresView
from tests.unit.gateway.telemetry.history.windows import NOW, Scene, route_delta


def test_a_span_is_told_in_figures() -> None:
    scene = Scene()
    for number in range(20):
        scene.report(route_delta(count=3, ms=10 if number < 10 else 40, failed=1))
        scene.pass_s()
    figures = HistoryFigures(scene.history)
    before = figures.between("route", "orders", NOW + 0.4, NOW + 10.4)
    assert before is not None
    assert before == FiguresView(
        seconds=9.0, requests=36, rate=4.0, error_ratio=0.25, p50_ms=before.p50_ms, p99_ms=before.p99_ms
    )
    after = figures.between("gateway", "", NOW + 10, NOW + 20)
    assert after is not None
    assert before.p99_ms == pytest.approx(10, rel=0.044)
    assert after.p50_ms == pytest.approx(40, rel=0.044)


def test_a_span_without_a_whole_window_is_not_known() -> None:
    scene = Scene()
    scene.pass_s(10)
    figures = HistoryFigures(scene.history)
    assert figures.between("gateway", "", NOW + 5.1, NOW + 5.9) is None
    assert figures.between("gateway", "", NOW - 100, NOW - 50) is None
