"""How much to turn away so that a loop keeps up: a share that follows how far it lags behind.

A proxy cannot refuse a small request much cheaper than it forwards it, so shedding alone would not keep the goodput of a
processor that is asked for twice what it can do. What keeps it are connections that are not let in: they wait in the
kernel, or are turned away before a byte of them is read. So the delay closes the gate first (see gate), and the share is for
those who are inside already.
"""

import math
from typing import Final

_SMOOTHING_S: Final = 0.2
_SLOPE: Final = 0.1
"""Of the share, over how many times too late the loop is beyond twice. It need not be much: each of those who are turned away
loses its connection and so leaves the circle of those who come again at once."""
_MOST: Final = 0.5
_CALM_S: Final = 1.0


class DelayControl:
    """target_s: the smoothed delay that is not to be exceeded; math.inf for any."""

    __slots__ = ("_calm_s", "is_over", "share", "smoothed_s", "target_s")

    def __init__(self, target_s: float) -> None:
        self.target_s = target_s
        self.smoothed_s = 0.0
        self.share = 0.0
        """Of the requests inside, to be turned away."""
        self.is_over = False
        """Whether it exceeded the target, and has not been well beneath it for a while since."""
        self._calm_s = 0.0

    def sample(self, delay_s: float, passed_s: float) -> None:
        """A timer of the loop fired so late. passed_s: since the last sample."""
        weight = 1 - math.exp(-passed_s / _SMOOTHING_S)
        self.smoothed_s += weight * (delay_s - self.smoothed_s)
        ratio = self.smoothed_s / self.target_s
        # The gate is closed by then, and it was not enough.
        self.share = min(_MOST, _SLOPE * max(0.0, ratio - 2))
        if ratio > 1:
            self.is_over = True
            self._calm_s = 0.0
        elif self.is_over and ratio < 0.5:
            self._calm_s += passed_s
            self.is_over = self._calm_s < _CALM_S
