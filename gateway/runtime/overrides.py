"""What operators have decided about single endpoints while the gateway runs, beside the configuration: drained, or of
another weight.

They stay through reloads while the endpoint exists, and through an upgrade of the program. They end with the gateway: the
next start is from the configuration alone.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import structlog

from gateway.model.snapshot import Snapshot
from gateway.wire.control import EndpointOverride

Key: TypeAlias = tuple[str, str]
"""Upstream and address of an endpoint."""

_log = structlog.get_logger("sightline.admin")


@dataclass(frozen=True, slots=True)
class Decision:
    """Who decided something, why in their words, and when in Unix seconds."""

    actor: str
    reason: str
    at_s: float


@dataclass(frozen=True, slots=True)
class Override:
    """Of one endpoint. A drain keeps the weight for when it ends. weight: None for the configured one."""

    drained: Decision | None = None
    weight: int | None = None
    weighed: Decision | None = None
    """Who set the weight, where it is set."""

    @property
    def is_none(self) -> bool:
        return self.drained is None and self.weight is None

    def weight_in_force(self, configured: int) -> int:
        """0 while it is drained."""
        if self.drained is not None:
            return 0
        return configured if self.weight is None else self.weight


NOTHING = Override()


class Overrides:
    """All that stand, at most one an endpoint. `version` grows with each change."""

    def __init__(self, tell: Callable[[list[EndpointOverride]], None]) -> None:
        """tell: hands all of them to the workers."""
        self.version = 0
        self.also_tell: Callable[[], None] = _nobody
        """Called after each change."""
        self._tell = tell
        self._standing: dict[Key, Override] = {}

    @property
    def standing(self) -> Mapping[Key, Override]:
        return self._standing

    def restore(self, standing: Mapping[Key, Override]) -> None:
        """All of them at once, as they stood in the program before this one."""
        self._standing = dict(standing)
        self._changed()

    def of(self, key: Key) -> Override:
        return self._standing.get(key, NOTHING)

    def set(self, key: Key, override: Override) -> None:
        """From now on; one that says nothing leaves the endpoint to the configuration."""
        if override.is_none:
            self._standing.pop(key, None)
        else:
            self._standing[key] = override
        self._changed()

    def follow(self, snapshot: Snapshot) -> None:
        """This snapshot runs: what stood for endpoints it does not have is forgotten."""
        if not self._standing:
            return
        there = {
            (upstream.name, endpoint.address) for upstream in snapshot.upstreams for endpoint in upstream.endpoints
        }
        gone = self._standing.keys() - there
        for upstream, address in gone:
            _log.warning("override_ended", upstream=upstream, endpoint=address, because="the endpoint is gone")
            del self._standing[upstream, address]
        if gone:
            self._changed()

    def _changed(self) -> None:
        self.version += 1
        self._tell(
            [
                EndpointOverride(upstream, address, override.drained is not None, override.weight)
                for (upstream, address), override in self._standing.items()
            ]
        )
        self.also_tell()


def _nobody() -> None:
    pass
