"""When which endpoint is asked: one heap and one loop for all of them, and never more at once than the supervisor bears.

The same check of the same address in several upstreams is made once. Where there are more checks than may be begun in a
second, they come later than configured, each as much as the others, and the log says so.
"""

import asyncio
import heapq
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeAlias

import structlog

from gateway.model.clock import SECOND_NS
from gateway.model.health import ActiveCheck, Question
from gateway.model.snapshot import Snapshot
from gateway.model.upstream import Endpoint, Upstream
from gateway.runtime.health.checking import Checker, Finding
from gateway.runtime.health.verdict import Verdict
from gateway.runtime.resolver import Resolved, needs_lookup

AT_ONCE: Final = 256
PER_SECOND: Final = 400
"""A check costs the supervisor some 0.3 ms, so these take an eighth of a processor."""
_TURN_S: Final = 0.05
_FIRST_WITHIN_S: Final = 1.0
"""The first checks of a new configuration are spread over so long, or over their interval if that is shorter."""
_TOLD_EVERY_S: Final = 60.0

Key: TypeAlias = tuple[str, str]
"""Upstream and address of an endpoint."""

_log = structlog.get_logger("sightline.health")


class Asker(Protocol):
    """See `checking.Checker`."""

    async def check(self, endpoint: Endpoint, addresses: Sequence[str], check: ActiveCheck) -> Finding: ...

    async def close(self) -> None: ...


class VerdictObserver(Protocol):
    """The place where states are decided."""

    def checked(self, key: Key, verdict: Verdict, finding: Finding) -> None:
        """A check was made; `verdict` has been renewed by it."""
        ...


@dataclass(eq=False, slots=True)
class Target:
    """An address that is asked, for all endpoints that are that address and are to be checked alike."""

    endpoint: Endpoint
    check: ActiveCheck
    verdict: Verdict
    is_named: bool
    keys: set[Key] = field(default_factory=set)
    is_gone: bool = False


class Prober:
    """Begins with the first snapshot it follows, once `run` runs."""

    def __init__(self, observer: VerdictObserver, asker: Asker | None = None) -> None:
        self._observer = observer
        self._asker = asker or Checker()
        self._targets: dict[ActiveCheck, dict[str, Target]] = {}
        """By check and address."""
        self._due: list[tuple[float, int, Target]] = []
        self._sequence = 0
        self._resolved: Resolved = {}
        self._running: set[asyncio.Task[None]] = set()
        self._something_due = asyncio.Event()
        self._told_late_s = -_TOLD_EVERY_S
        self._remembered: Mapping[Key, tuple[bool, Finding]] = {}

    def remember(self, verdicts: Mapping[Key, tuple[bool, Finding]]) -> None:
        """What the program before this one found, each with the last evidence: until the first checks say otherwise."""
        self._remembered = verdicts

    @property
    def verdicts(self) -> Mapping[Key, tuple[bool, Finding]]:
        """The same of this program; endpoints that have not been judged yet are left out."""
        judged = ((target.keys, target.verdict.is_up, target.verdict.last) for target in self._every())
        return {
            key: (is_up, last) for keys, is_up, last in judged if is_up is not None and last is not None for key in keys
        }

    def follow(self, snapshot: Snapshot) -> Mapping[Key, Verdict]:
        """From now on check what this snapshot wants checked, at once what is new; what is known of an endpoint whose
        question and thresholds stay is kept. The verdict of each endpoint that is checked."""
        wanted: dict[ActiveCheck, dict[str, Target]] = {}
        asked: dict[Question, dict[str, Target]] = {}
        for known, targets in self._targets.items():
            asked.setdefault(known.question, {}).update(targets)
        for upstream in snapshot.upstreams:
            check = upstream.health.active
            if check is not None:
                self._want(upstream, check, wanted.setdefault(check, {}), asked.get(check.question, {}))
        for known, targets in self._targets.items():
            staying = wanted.get(known, {})
            for address, target in targets.items():
                target.is_gone = address not in staying
        self._targets, self._remembered = wanted, {}
        return {key: target.verdict for target in self._every() for key in target.keys}

    def _every(self) -> Iterator[Target]:
        return (target for targets in self._targets.values() for target in targets.values())

    def _want(
        self, upstream: Upstream, check: ActiveCheck, wanted: dict[str, Target], asked: Mapping[str, Target]
    ) -> None:
        there = self._targets.get(check, {})
        for endpoint in upstream.endpoints:
            target = wanted.get(endpoint.address)
            if target is None:
                target = there.get(endpoint.address) or self._begin(endpoint, check, asked.get(endpoint.address))
                wanted[endpoint.address] = target
                target.keys = set()
            key = (upstream.name, endpoint.address)
            target.keys.add(key)
            if target.verdict.is_up is None and key in self._remembered:
                target.verdict.is_up, target.verdict.last = self._remembered[key]

    def _begin(self, endpoint: Endpoint, check: ActiveCheck, known: Target | None) -> Target:
        """One that was not there like this. known: one that was asked the same in another rhythm; what is known stays."""
        target = Target(endpoint, check, Verdict(check), is_named=needs_lookup(endpoint))
        if known is not None:
            target.verdict.is_up, target.verdict.last = known.verdict.is_up, known.verdict.last
        self._schedule(target, random.uniform(0.0, min(check.interval_ns / SECOND_NS, _FIRST_WITHIN_S)))
        return target

    def resolved(self, addresses: Resolved) -> None:
        """IP addresses of endpoints that are names."""
        self._resolved = addresses

    async def run(self) -> None:
        """Until cancelled."""
        try:
            while True:
                await self._until_due()
                self._begin_what_is_due()
                await asyncio.sleep(_TURN_S)
        finally:
            for task in self._running:
                task.cancel()
            await self._asker.close()

    async def _until_due(self) -> None:
        self._something_due.clear()
        wait_s = self._due[0][0] - self._now_s() if self._due else None
        if wait_s is not None and wait_s <= 0:
            return
        try:
            async with asyncio.timeout(wait_s):
                await self._something_due.wait()
        except TimeoutError:
            return

    def _begin_what_is_due(self) -> None:
        now_s = self._now_s()
        room = min(AT_ONCE - len(self._running), round(PER_SECOND * _TURN_S))
        while room > 0 and self._due and self._due[0][0] <= now_s:
            due_s, _, target = heapq.heappop(self._due)
            if target.is_gone:
                continue
            room -= 1
            self._tell_if_late(now_s - due_s, target)
            task = asyncio.ensure_future(self._ask(target, now_s))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _ask(self, target: Target, began_s: float) -> None:
        try:
            addresses = self._addresses_of(target)
            if addresses:
                self._note(target, await self._asker.check(target.endpoint, addresses, target.check))
        finally:
            self._schedule(target, self._pause_s(target) - (self._now_s() - began_s))

    def _addresses_of(self, target: Target) -> Sequence[str]:
        """Empty for a name without one, which the resolver tells of: there is nobody to be asked."""
        endpoint = target.endpoint
        return self._resolved.get(endpoint.address, ()) if target.is_named else (endpoint.host,)

    def _note(self, target: Target, finding: Finding) -> None:
        if target.is_gone:
            return
        target.verdict.take(finding)
        for key in target.keys:
            self._observer.checked(key, target.verdict, finding)

    def _pause_s(self, target: Target) -> float:
        check = target.check
        interval_ns = check.unhealthy_interval_ns if target.verdict.is_up is False else check.interval_ns
        return interval_ns / SECOND_NS * (1 + check.jitter_ratio * random.uniform(-1.0, 1.0))

    def _schedule(self, target: Target, in_s: float) -> None:
        self._sequence += 1
        heapq.heappush(self._due, (self._now_s() + max(0.0, in_s), self._sequence, target))
        if self._due[0][2] is target:
            self._something_due.set()

    def _tell_if_late(self, late_s: float, target: Target) -> None:
        now_s = self._now_s()
        if late_s > target.check.interval_ns / SECOND_NS and now_s - self._told_late_s > _TOLD_EVERY_S:
            self._told_late_s = now_s
            _log.warning("health_checks_late", late_s=round(late_s, 1), endpoints=sum(map(len, self._targets.values())))

    def _now_s(self) -> float:
        return asyncio.get_running_loop().time()
