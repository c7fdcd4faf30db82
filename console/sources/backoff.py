"""How long to wait before the next try: longer each time, and not at the same moment as everybody else who was cut off."""

import random
import time
from collections.abc import Callable
from typing import Final

FIRST_S: Final = 0.5
LONGEST_S: Final = 15.0
_WELL_S: Final = 5.0
"""What has lasted so long was a success: the next wait is a short one again."""


class Backoff:
    """From FIRST_S doubling to LONGEST_S, each off by up to a fifth."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._pause_s = FIRST_S
        self._began_s: float | None = None

    def heard(self) -> None:
        """Something came. Being heard for a while is what counts: a gateway may well answer and fall at once."""
        if self._began_s is None:
            self._began_s = self._clock()
        elif self._clock() - self._began_s > _WELL_S:
            self._pause_s = FIRST_S

    def next_s(self) -> float:
        """Seconds to wait now."""
        self._began_s = None
        pause_s, self._pause_s = self._pause_s, min(self._pause_s * 2, LONGEST_S)
        return pause_s * random.uniform(0.8, 1.2)
