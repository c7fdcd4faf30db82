"""What a supervisor calls itself in the list of processes, where `sightline upgrade --pid` and people read it."""

import re
from typing import Final, Literal, NamedTuple, TypeAlias

SUPERVISOR: Final = "sightline supervisor"

UpgradeStage: TypeAlias = Literal["runs", "failed", "done"]

_TITLE: Final = re.compile(rf"{SUPERVISOR}(?: \[upgrade (\d+) (runs|failed|done)(?:: (\d+))?\])?")


class UpgradeTold(NamedTuple):
    """The last upgrade of a program: the how manyth it was, its stage, and the process that was started for it.

    number 0: there was none.
    """

    number: int
    stage: str
    pid: int


def upgrade_title(number: int, stage: UpgradeStage, pid: int = 0) -> str:
    return f"{SUPERVISOR} [upgrade {number} {stage}{f': {pid}' if pid else ''}]"


def read_title(title: str) -> UpgradeTold | None:
    """None where this is not the title of a supervisor."""
    found = _TITLE.fullmatch(title)
    if found is None:
        return None
    number, stage, pid = found.groups()
    return UpgradeTold(int(number or 0), stage or "", int(pid or 0))
