"""Endpoints ejected for what comes of their traffic: how many at most, for how long, and when they come back."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from typing import Final

from gateway.model.health import CheckKind, CheckResult
from gateway.model.snapshot import Snapshot
from gateway.runtime.health.ejections import Proof
from gateway.runtime.health.outliers import Outliers
from gateway.runtime.overrides import Key
from gateway.runtime.vitals.endpoint_states import EndpointStates
from gateway.wire.control import Suspect
from gateway.wire.report import Report

_JUDGED_EVERY_S: Final = 1.0
_SOONEST_S: Final = 0.05


class Ejecting:
    """clock: monotonic seconds."""

    def __init__(self, states: EndpointStates, clock: Callable[[], float] = time.monotonic) -> None:
        self._states = states
        self._clock = clock
        self._outliers = Outliers()
        self._until_s: dict[Key, float] = {}
        """Of those that are ejected now."""
        self._ejected: Counter[str] = Counter()
        """How many of each upstream."""

    def follow(self, snapshot: Snapshot) -> None:
        """The states follow this snapshot already."""
        self._outliers.follow(snapshot)
        self._until_s = {
            key: record.current.until_s for key, record in self._states.ejections.items() if record.current is not None
        }
        self._ejected = Counter(upstream for upstream, _ in self._until_s)

    def take(self, report: Report) -> None:
        self._outliers.take(report, self._clock())

    def suspected(self, suspect: Suspect) -> None:
        """A worker has seen an endpoint fail so many times in a row."""
        evidence = f"{suspect.failures} failures in a row, at last {suspect.reason}"
        self.eject((suspect.upstream, suspect.endpoint), Proof("passive", f"passive x{suspect.failures}", evidence))

    def judge(self) -> None:
        """Eject who stands out, and let back who has been out for long enough."""
        now_s = self._clock()
        for key in [key for key, until_s in self._until_s.items() if until_s <= now_s]:
            self._return(key, now_s)
        for key, proof in list(self._outliers.judge(now_s)):
            self.eject(key, proof)

    def eject(self, key: Key, proof: Proof) -> None:
        """Unless it is out already, or too many of its upstream would be."""
        known = self._states.known_of(key)
        group = self._states.group(key[0])
        if known is None or group is None or known.ejections is None or known.health.passive is None:
            return
        if key in self._until_s:
            return
        check = known.health.passive
        if self._ejected[key[0]] + 1 > len(group.addresses) * check.max_ejected_ratio:
            self._states.count_check(key, CheckKind.PASSIVE, CheckResult.SPARED)
            return
        self._until_s[key] = known.ejections.eject(check, proof, self._clock()).until_s
        self._ejected[key[0]] += 1
        self._outliers.forget(key)
        self._states.count_check(key, CheckKind.PASSIVE, CheckResult.EJECTED)
        self._states.reconsider(key)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self.judge()
            soonest_s = min(self._until_s.values(), default=float("inf")) - self._clock()
            await asyncio.sleep(max(_SOONEST_S, min(_JUDGED_EVERY_S, soonest_s)))

    def _return(self, key: Key, now_s: float) -> None:
        del self._until_s[key]
        self._ejected[key[0]] -= 1
        self._outliers.forget(key)
        known = self._states.known_of(key)
        if known is not None and known.ejections is not None:
            known.ejections.end(now_s)
            self._states.reconsider(key)
