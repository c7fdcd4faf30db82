"""Sinks that begin to lose telemetry, and those that lose none any more, told as incidents."""

import asyncio
from collections import Counter
from typing import Final

from gateway.runtime.incidents import Incidents
from gateway.telemetry import catalog
from gateway.telemetry.store import MetricsStore

LOOK_S: Final = 2.0
QUIET_LOOKS: Final = 5
"""A sink that has delivered, and lost nothing in so many looks in a row, has recovered: one that loses now and then is one
trouble, and so is one that is tried once a minute and never takes anything."""
LONG_QUIET_LOOKS: Final = 150
"""So long without a loss is enough by itself: the sink may be gone from the configuration, or have nothing to deliver."""


class SinkTrouble:
    """Compares the losses that are counted anyway with those of the look before; costs the sinks nothing."""

    def __init__(self, store: MetricsStore, incidents: Incidents) -> None:
        self._store = store
        self._incidents = incidents
        self._lost: Counter[tuple[str, str]] = Counter()
        self._before: Counter[tuple[str, str]] = Counter()
        """What each sink had lost when its trouble began."""
        self._quiet: dict[tuple[str, str], int] = {}
        """The sinks in trouble, and for how many looks they have lost nothing."""
        self._delivered: dict[tuple[str, str], float] = {}
        """What each of them had delivered when it lost something last."""

    async def watch(self) -> None:
        """Until cancelled."""
        while True:
            self.look()
            await asyncio.sleep(LOOK_S)

    def look(self) -> None:
        """Once."""
        lost: Counter[tuple[str, str]] = Counter()
        reasons: dict[tuple[str, str], str] = {}
        for (signal, sink, reason), count in self._store.counted(catalog.TELEMETRY_DROPPED).items():
            lost[signal, sink] += int(count)
            if count:
                reasons[signal, sink] = reason
        delivered = self._store.counted(catalog.TELEMETRY_EXPORTED)
        for key, count in lost.items():
            if count > self._lost[key]:
                self._losing(key, count - self._lost[key], reasons[key])
                self._delivered[key] = delivered.get(key, 0)
            elif key in self._quiet:
                self._holding(key, has_delivered=delivered.get(key, 0) > self._delivered[key])
        self._lost = lost

    def _losing(self, key: tuple[str, str], count: int, reason: str) -> None:
        signal, sink = key
        if key not in self._quiet:
            self._before[key] = self._lost[key]
            detail: dict[str, str | int | float] = {"signal": signal, "lost": count, "reason": reason}
            text = f"{sink} loses {signal}s ({reason}): {count} so far"
            self._incidents.add("sink_dropping", sink, text, detail=detail)
        self._quiet[key] = 0

    def _holding(self, key: tuple[str, str], *, has_delivered: bool) -> None:
        self._quiet[key] += 1
        if self._quiet[key] >= (QUIET_LOOKS if has_delivered else LONG_QUIET_LOOKS):
            signal, sink = key
            count = self._lost[key] - self._before[key]
            del self._quiet[key]
            text = f"{sink} loses no {signal}s any more; {count} were lost"
            self._incidents.add("sink_recovered", sink, text, detail={"signal": signal, "lost": count})
