"""Failures of an endpoint in a row, as one worker sees them: told at once, judged elsewhere."""

from collections.abc import Callable
from typing import Final, TypeAlias

from gateway.model.exchange import Attempt
from gateway.model.outcome import Reason, is_endpoint_failure
from gateway.upstreams.endpoint import LiveEndpoint

SuspectTold: TypeAlias = Callable[[str, str, int, Reason], None]
"""Upstream, endpoint, how often it failed in a row, and why the last time."""

_NONE: Final = Reason.NONE


class FailureRun:
    """Of one endpoint. After `limit` failures in a row it is told, and the counting begins anew."""

    __slots__ = ("_run", "_told", "limit")

    def __init__(self, limit: int, told: SuspectTold) -> None:
        self.limit = limit
        self._told = told
        self._run = 0

    def attempt_ended(self, endpoint: LiveEndpoint, attempt: Attempt) -> None:
        reason = attempt.reason
        if reason is _NONE:
            self._run = 0
        elif is_endpoint_failure(reason):
            self._run += 1
            if self._run >= self.limit:
                self._run = 0
                self._told(endpoint.upstream, endpoint.address, self.limit, reason)


def watch_failures(endpoint: LiveEndpoint, limit: int | None, told: SuspectTold) -> None:
    """Have them told from now on after so many, or no more; what was counted so far is kept while the limit stays."""
    current = next((each.limit for each in endpoint.watchers if isinstance(each, FailureRun)), None)
    if current != limit:
        endpoint.watch(FailureRun, None if limit is None else FailureRun(limit, told))
