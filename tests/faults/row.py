"""A row of the fault matrix: which fault, the figure it owes, and the function that injects it into a real gateway."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

from tests.faults.stage import Stage

Need: TypeAlias = Callable[[], str]
"""What a machine must have: the empty string where it has it, else why it cannot be had (see `needs`)."""

Play: TypeAlias = Callable[[Stage], None]


class State(StrEnum):
    HELD = "held"
    FAILED = "failed"
    NOT_RUN = "not run"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a row. figures: what was measured, also where it failed. why: what did not hold, or what is missing."""

    state: State
    figures: tuple[str, ...] = ()
    why: tuple[str, ...] = ()
    took_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Row:
    """number: that of the matrix; several rows may share it. fault: what is done. asks: the figure to report.

    limit_s: it is ended and has failed if it takes longer. peers: whether it also runs against HAProxy and nginx, because
    it asks `Stage.subject` for its gateway. alone: whether it runs without a comparison, too. fast: it runs in `make test`, and takes under three seconds.
    """

    number: int
    fault: str
    asks: str
    play: Play
    limit_s: float
    needs: tuple[Need, ...]
    peers: bool
    fast: bool
    alone: bool = True

    @property
    def key(self) -> str:
        """Tells it from every other row: `17-stopped_upstream`."""
        return f"{self.number}-{self.play.__name__}"


ROWS: Final[list[Row]] = []
"""Every row whose module has been imported; `matrix.all_rows` imports them all."""


def fault(
    number: int,
    fault: str,
    asks: str,
    *,
    limit_s: float = 60.0,
    needs: tuple[Need, ...] = (),
    peers: bool = False,
    fast: bool = False,
    alone: bool = True,
) -> Callable[[Play], Play]:
    """Put a function into the matrix. It says what it measured (`stage.figure`) and what must hold (`stage.check`); an
    exception is a failure too, but for NotRun."""

    def register(play: Play) -> Play:
        ROWS.append(Row(number, fault, asks, play, limit_s, needs, peers, fast, alone))
        return play

    return register
