"""Figures of before and after, from the rolling windows."""

from math import ceil, floor

from gateway.runtime.changes.comparing import Kind
from gateway.telemetry.history.history import History
from gateway.wire.changes import FiguresView


class HistoryFigures:
    """Implements Figures. Spans are cut to whole windows, so that nothing from outside of them is counted."""

    def __init__(self, history: History) -> None:
        self._history = history

    def between(self, kind: Kind, name: str, from_s: float, to_s: float) -> FiguresView | None:
        point = self._history.summary((kind, name), ceil(from_s), floor(to_s))
        if not point.seconds:
            return None
        return FiguresView(
            seconds=float(point.seconds),
            requests=point.requests,
            rate=point.rate,
            error_ratio=point.error_ratio,
            p50_ms=point.p50_ms,
            p99_ms=point.p99_ms,
        )
