"""Every objective of every route, and how it stands."""

from collections.abc import Callable, Iterator
from typing import Final

from gateway.model.clock import MILLISECOND_NS
from gateway.model.route import Slo
from gateway.model.snapshot import Snapshot
from gateway.runtime.reading.burning import (
    HALF_AN_HOUR,
    Judged,
    budget_left,
    burn_view,
    burning_since,
    empty_in_s,
    judge,
)
from gateway.runtime.reading.shared import Shared, Slices, Steps
from gateway.telemetry.history.history import History
from gateway.telemetry.history.look import NOW, Look
from gateway.telemetry.history.points import time_text
from gateway.wire.slo import BURN_WINDOWS_S, ObjectiveListView, ObjectiveStateView, Sli

FRESH_S: Final = 5.0
"""To look at six hours of a route takes half a millisecond, and nothing here changes faster than this."""

_TENS: Final = 1
_MINUTES: Final = 2
_SIX_HOURS_S: Final = BURN_WINDOWS_S[-1]
_PLACES: Final[dict[Sli, int]] = {"availability": 0, "latency": 2}
_ORDER: Final = {"page": 0, "ticket": 1, "ok": 2}


class Objectives:
    """Used on the supervisor's loop. `get` answers from what was made within the last five seconds."""

    def __init__(self, history: History, snapshot: Callable[[], Snapshot], sequence: Callable[[], int]) -> None:
        self._history = history
        self._snapshot = snapshot
        self._shared = Shared(self._make, sequence, Slices(), FRESH_S)

    async def get(self) -> ObjectiveListView:
        return await self._shared.get(NOW)

    def _make(self, _look: Look) -> Steps[ObjectiveListView]:
        snapshot = self._snapshot()
        metrics, uncounted = snapshot.telemetry.metrics, 0
        found: list[ObjectiveStateView] = []
        for route in snapshot.routes:
            if route.slo is None:
                continue
            if not metrics.enabled or route.index >= metrics.max_routes:
                uncounted += 1
                continue
            found += self._of_route(route.name, route.slo)
            yield
        found.sort(key=_worst_first)
        return ObjectiveListView(
            revision=snapshot.revision, objectives=found, routes=len(snapshot.routes), uncounted=uncounted
        )

    def _of_route(self, name: str, slo: Slo) -> Iterator[ObjectiveStateView]:
        course = _Course(self._history, name)
        if slo.availability_ratio is not None:
            yield course.objective("availability", slo.availability_ratio, None)
        if slo.latency is not None:
            yield course.objective("latency", slo.latency.target_ratio, slo.latency.under_ns / MILLISECOND_NS)


class _Course:
    """What was judged of one route: in each minute of six hours, and in each ten seconds of the last half hour."""

    def __init__(self, history: History, route: str) -> None:
        self._history = history
        self._route = route
        self._now_s = history.now_s
        self._series = history.find(("route", route))
        self._levels = {
            _TENS: self._counts(_TENS, HALF_AN_HOUR + 10),
            _MINUTES: self._counts(_MINUTES, _SIX_HOURS_S),
        }

    def objective(self, sli: Sli, target: float, under_ms: float | None) -> ObjectiveStateView:
        tens, minutes = (self._judged(level, sli) for level in (_TENS, _MINUTES))
        burns = []
        for window_s in BURN_WINDOWS_S:
            level, judged = (_TENS, tens) if window_s <= HALF_AN_HOUR else (_MINUTES, minutes)
            start_s = Look(window_s).span(self._now_s).start_s
            known_s = self._history.known_seconds(
                max(start_s, self._history.complete_since(self._series, level)), self._now_s
            )
            within = [each for at_s, each in judged.items() if at_s >= start_s]
            total = Judged(sum(each.good for each in within), sum(each.bad for each in within))
            burns.append(burn_view(window_s, known_s, total, target))
        latest, longest = burns[0], burns[-1]
        is_burning = latest.burn is not None and latest.burn > 1
        since_s = burning_since(target, minutes, tens, self._now_s) if is_burning else None
        judgement = judge(sli, target, burns)
        return ObjectiveStateView(
            route=self._route,
            sli=sli,
            target=target,
            under_ms=under_ms,
            state=judgement.state,
            because=judgement.because,
            burns=burns,
            budget_left=budget_left(longest),
            budget_window_s=longest.seconds,
            empty_in_s=empty_in_s(longest, latest),
            since=None if since_s is None else time_text(since_s),
        )

    def _counts(self, level: int, reach_s: int) -> dict[int, list[int]]:
        """Availability good and bad, latency good and bad; what is not packed yet of a minute comes in several pieces."""
        counts: dict[int, list[int]] = {}
        if self._series is None:
            return counts
        start_s = self._now_s - reach_s
        for at_s, window in self._series.counts_between(level, start_s - start_s % 60, self._now_s):
            if window.slo:
                before = counts.get(at_s)
                counts[at_s] = (
                    list(window.slo) if before is None else [a + b for a, b in zip(before, window.slo, strict=True)]
                )
        return counts

    def _judged(self, level: int, sli: Sli) -> dict[int, Judged]:
        place = _PLACES[sli]
        return {at_s: Judged(each[place], each[place + 1]) for at_s, each in self._levels[level].items()}


def _worst_first(objective: ObjectiveStateView) -> tuple[int, float, str, str]:
    worst = max((burn.burn or 0.0 for burn in objective.burns), default=0.0)
    return _ORDER[objective.state], -worst, objective.route, objective.sli
