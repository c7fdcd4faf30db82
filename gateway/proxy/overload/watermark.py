"""Two marks of something that fills up: above the first less is let in, above the second nothing."""

from enum import StrEnum
from typing import Final

_HYSTERESIS: Final = 0.02
"""What is above a mark stays so until it is this much below it."""


class Level(StrEnum):
    FINE = "fine"
    SHED = "shed"
    REFUSE = "refuse"


class Watermark:
    """shed, refuse: shares of the whole, 0 to 1."""

    __slots__ = ("_refuse", "_shed", "level")

    def __init__(self, shed: float, refuse: float) -> None:
        self._shed = shed
        self._refuse = refuse
        self.level = Level.FINE

    def look(self, share: float) -> Level:
        """The level at this share, given the one before."""
        refuse = self._refuse - (_HYSTERESIS if self.level is Level.REFUSE else 0)
        shed = self._shed - (_HYSTERESIS if self.level is not Level.FINE else 0)
        self.level = Level.REFUSE if share > refuse else Level.SHED if share > shed else Level.FINE
        return self.level
