"""What endpoints did in the last seconds, from the counters of successive readings: the windows of the gateway are longer."""

from collections import deque
from typing import Final, NamedTuple

from gateway.wire.upstream_views import UpstreamListView

_LOOK_BACK_S: Final = 5.5
_LONGEST_S: Final = 60.0
_KEPT: Final = 64
FEWEST: Final = 3
"""Attempts that tell something: where there is little traffic, one looks back for so many."""


class _Counted(NamedTuple):
    at_s: float
    requests: int
    failures: int


class Recently(NamedTuple):
    """Attempts at one endpoint over some seconds."""

    seconds: float
    requests: int
    failures: int


class EndpointCounts:
    """By upstream and address; endpoints that are gone are forgotten."""

    def __init__(self) -> None:
        self._counted: dict[tuple[str, str], deque[_Counted]] = {}

    def take(self, view: UpstreamListView, at_s: float) -> None:
        known, self._counted = self._counted, {}
        for upstream in view.upstreams:
            for endpoint in upstream.endpoints:
                key = upstream.name, endpoint.address
                counted = known.get(key) or deque[_Counted](maxlen=_KEPT)
                if counted and (endpoint.requests < counted[-1].requests or at_s < counted[-1].at_s):
                    counted.clear()  # The gateway began anew.
                counted.append(_Counted(at_s, endpoint.requests, endpoint.failures))
                self._counted[key] = counted

    def still(self) -> "EndpointCounts":
        """As it is now."""
        still = EndpointCounts()
        still._counted = {key: counted.copy() for key, counted in self._counted.items()}
        return still

    def recently(self, upstream: str, address: str) -> Recently | None:
        """The last five seconds or what is known of them, and up to a minute where hardly anything came in them; None where less
        than two readings are."""
        counted = self._counted.get((upstream, address))
        if counted is None or len(counted) < 2:
            return None
        newest = counted[-1]
        oldest = newest
        for each in reversed(counted):
            back_s = newest.at_s - each.at_s
            is_enough = newest.requests - oldest.requests >= FEWEST
            if back_s > (_LOOK_BACK_S if is_enough else _LONGEST_S):
                break
            oldest = each
        if oldest is newest:
            return None
        return Recently(newest.at_s - oldest.at_s, newest.requests - oldest.requests, newest.failures - oldest.failures)
