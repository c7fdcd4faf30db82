"""How long the series of a deleted route, upstream, endpoint or listener are still shown."""

from typing import Final, TypeAlias

from gateway.model.snapshot import Snapshot
from gateway.telemetry.catalog import Instrument
from gateway.telemetry.labels import NO_UPSTREAM, OVERFLOW, UNMATCHED

LINGER_S: Final = 300.0
"""Long enough for every scraper to see the end of a series."""

Owner: TypeAlias = tuple[str, ...]
"""Kind and names of the object a series is about."""

_ALWAYS: Final[frozenset[Owner]] = frozenset(
    {("route", UNMATCHED), ("route", OVERFLOW), ("upstream", NO_UPSTREAM), ("process",)}
)


def owner_of(instrument: Instrument, labels: tuple[str, ...]) -> Owner:
    """The object with which the series goes."""
    names = instrument.labels
    if "endpoint" in names:
        upstream, endpoint = labels[names.index("upstream")], labels[names.index("endpoint")]
        return ("upstream", upstream) if endpoint == OVERFLOW else ("endpoint", upstream, endpoint)
    for kind in ("route", "upstream", "listener"):
        if kind in names:
            return (kind, labels[names.index(kind)])
    return ("process",)


class Lifetimes:
    """Which objects exist, and since when others do not. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._present = _ALWAYS
        self._gone_since: dict[Owner, float] = {}

    def configure(self, snapshot: Snapshot, now_s: float) -> None:
        """The objects of this snapshot exist; those that did and are not among them are gone from now on."""
        present = _ALWAYS | {
            *(("route", route.name) for route in snapshot.routes),
            *(("upstream", upstream.name) for upstream in snapshot.upstreams),
            *(("endpoint", up.name, endpoint.address) for up in snapshot.upstreams for endpoint in up.endpoints),
            *(("listener", listener.name) for listener in snapshot.listeners),
        }
        self._gone_since = {
            owner: since
            for owner, since in self._gone_since.items()
            if owner not in present and now_s - since < 2 * LINGER_S
        }
        self._gone_since |= dict.fromkeys(self._present - present, now_s)
        self._present = present

    @property
    def is_anything_gone(self) -> bool:
        return bool(self._gone_since)

    def is_present(self, owner: Owner) -> bool:
        return owner in self._present

    def has_expired(self, owner: Owner, now_s: float) -> bool:
        """Whether the series of this object are to be shown no longer; an object never heard of lingers from now on."""
        if owner in self._present:
            return False
        return now_s - self._gone_since.setdefault(owner, now_s) >= LINGER_S
