"""What a collector took a batch without, as it says in its answer."""

from typing import Any


class Rejections:
    """Spans of the batch under way that the collector took the batch without (OTLP's partial success).

    The SDK's exporters look at the status alone; this looks at the answer. Used from the exporter's thread only.
    """

    def __init__(self) -> None:
        self._count = 0

    def note(self, answer: Any) -> None:
        """An ExportTraceServiceResponse."""
        self._count = max(int(answer.partial_success.rejected_spans), 0)

    def take(self) -> int:
        count, self._count = self._count, 0
        return count
