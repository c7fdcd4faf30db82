"""Row 4: the whole program replaced by another one, again and again, while mixed traffic runs."""

from typing import Final

from tests.faults.row import fault
from tests.faults.stage import Stage
from tests.live.restarts import play

TIMES: Final = 20


@fault(
    4,
    f"the whole program replaced {TIMES} times under 500 requests/s, sockets handed over",
    "failed 0, refused 0, of N",
    limit_s=200.0,
)
def program_replaced(stage: Stage) -> None:
    figures = play("upgrade", TIMES)
    stage.figure(str(figures))
    stage.check(not figures.failed, f"{len(figures.failed)} requests failed, such as {next(iter(figures.failed), '')}")
    stage.check(not figures.refused, f"{figures.refused} connections were refused")
