"""How many retries a route may make, so that an upstream that fails is not given more to do for it.

Over the last ten seconds retries are at most a share of the first tries plus a few per second. Pure: the clock is passed in.
"""

from collections import deque
from typing import Final

from gateway.model.clock import SECOND_NS
from gateway.model.retry import BUDGET_FLOOR_PER_S, BUDGET_WINDOW_NS

SLOT_NS: Final = SECOND_NS // 2
_SLOTS: Final = BUDGET_WINDOW_NS // SLOT_NS


class RetryBudget:
    """Of one route in one worker. ratio: retries for each first try. floor: retries in the window beside that.

    The window moves by half a second, and to the safe side: first tries are counted over a little less than ten seconds,
    retries over a little more.
    """

    __slots__ = ("_firsts", "_past", "_past_firsts", "_past_retries", "_retries", "_slot_ends_ns", "floor", "ratio")

    def __init__(self, ratio: float, floor: float) -> None:
        self.ratio = ratio
        self.floor = floor
        self._slot_ends_ns = 0
        self._firsts = 0
        self._retries = 0
        self._past: deque[tuple[int, int]] = deque()
        """First tries and retries of the slots before this one, oldest first; _SLOTS at most."""
        self._past_firsts = 0
        """Of all of them but the oldest, when there are as many as there may be."""
        self._past_retries = 0

    def tried(self, now_ns: int) -> None:
        """A request has been sent for the first time."""
        if now_ns >= self._slot_ends_ns:
            self._turn_to(now_ns)
        self._firsts += 1

    def take(self, now_ns: int) -> bool:
        """Take what one retry costs; False if that is not there."""
        if not self.has_room(now_ns):
            return False
        self._retries += 1
        return True

    def has_room(self, now_ns: int) -> bool:
        """Whether one more retry may be made."""
        used, allowed = self.use(now_ns)
        return used + 1 <= allowed

    def use(self, now_ns: int) -> tuple[int, float]:
        """Retries made in the window, and how many may have been made in it."""
        if now_ns >= self._slot_ends_ns:
            self._turn_to(now_ns)
        allowed = self.ratio * (self._past_firsts + self._firsts) + self.floor
        return self._past_retries + self._retries, allowed

    def _turn_to(self, now_ns: int) -> None:
        """Begin the slot that this time lies in."""
        skipped = (now_ns - self._slot_ends_ns) // SLOT_NS
        self._slot_ends_ns = (now_ns // SLOT_NS + 1) * SLOT_NS
        if skipped > _SLOTS:
            self._past.clear()
        else:
            self._past.append((self._firsts, self._retries))
            self._past.extend([(0, 0)] * skipped)
        while len(self._past) > _SLOTS:
            self._past.popleft()
        self._firsts = self._retries = 0
        self._past_retries = sum(retries for _, retries in self._past)
        recent = list(self._past)[-(_SLOTS - 1) :]
        self._past_firsts = sum(firsts for firsts, _ in recent)


class RetryBudgets:
    """Those of a worker by the name of the route. workers: how many share the floor of each.

    A route that stays has the same budget after a reload, of another size perhaps: what it has used is not given to it
    again.
    """

    def __init__(self, workers: int) -> None:
        self._floor = BUDGET_FLOOR_PER_S * BUDGET_WINDOW_NS / SECOND_NS / max(workers, 1)
        self._active: dict[str, RetryBudget] = {}

    def of_route(self, route: str, ratio: float) -> RetryBudget:
        """The budget for a configuration in preparation: today's, whose ratio stays as it is until `activate`."""
        return self._active.get(route) or RetryBudget(ratio, self._floor)

    def activate(self, budgets: dict[str, tuple[RetryBudget, float]]) -> None:
        """Make these the ones in force, each with this ratio."""
        self._active = {route: budget for route, (budget, _) in budgets.items()}
        for budget, ratio in budgets.values():
            budget.ratio = ratio

    def uses(self, now_ns: int) -> list[tuple[str, int, float]]:
        """Of every route: retries made in the window, and how many may have been made in it."""
        return [(route, *budget.use(now_ns)) for route, budget in self._active.items()]
