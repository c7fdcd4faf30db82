"""How long a worker that died waits for its replacement: not at all at first, longer with each early death."""

import random
from typing import Final

_FREE: Final = 2
"""Deaths in a row that are answered at once: a worker killed by hand or by the kernel is back within a second."""

_FIRST_S: Final = 0.1
_CAP_S: Final = 15.0
_STABLE_S: Final = 5.0
"""A worker that served so long has shown that it can."""


class BackOff:
    """Of one worker's place. Doubles up to a cap, with jitter so that workers dying together do not return together."""

    def __init__(self) -> None:
        self._deaths = 0

    def after(self, served_s: float) -> float:
        """Seconds to wait after a worker died that had served for `served_s`, 0 if it never did."""
        if served_s >= _STABLE_S:
            self._deaths = 0
        self._deaths += 1
        if self._deaths <= _FREE:
            return 0.0
        delay_s: float = min(_FIRST_S * 2.0 ** (self._deaths - _FREE - 1), _CAP_S)
        return delay_s * random.uniform(0.8, 1.0)
