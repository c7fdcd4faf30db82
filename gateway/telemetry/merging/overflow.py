"""Endpoints beyond the limit share one label, so that a configuration cannot make series without end."""

from itertools import chain
from typing import Final

from gateway.model.snapshot import Snapshot
from gateway.telemetry.labels import OVERFLOW

MAX_ENDPOINTS: Final = 2000
"""Endpoints with series of their own, in the order of the file. (Routes: `metrics.max_routes`, kept by the workers.)"""


class EndpointLabels:
    """The label of each endpoint: its address, or `_overflow` for those that came too late."""

    def __init__(self) -> None:
        self._beyond: frozenset[tuple[str, str]] = frozenset()

    def configure(self, snapshot: Snapshot) -> None:
        """Judge the endpoints of this snapshot; those of older ones keep their own label until they are gone."""
        every = chain.from_iterable(((up.name, point.address) for point in up.endpoints) for up in snapshot.upstreams)
        self._beyond = frozenset(list(every)[MAX_ENDPOINTS:])

    def of(self, upstream: str, address: str) -> str:
        return OVERFLOW if self._beyond and (upstream, address) in self._beyond else address
