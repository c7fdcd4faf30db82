"""The matrix: every row, in the order of its numbers, and one of them played to its verdict."""

import importlib
import tempfile
import time
import traceback
from pathlib import Path

from tests.faults.row import ROWS, Row, State, Verdict
from tests.faults.stage import OURS, NotRun, Stage


def all_rows() -> list[Row]:
    """Of every module in tests/faults/rows."""
    for path in sorted((Path(__file__).parent / "rows").glob("[a-z]*.py")):
        importlib.import_module(f"tests.faults.rows.{path.stem}")
    return sorted(ROWS, key=lambda row: row.number)


def play(row: Row, subject: str = OURS) -> Verdict:
    """What becomes of it, here and now; its bound in time is the caller's affair."""
    began_s = time.monotonic()
    missing = tuple(filter(None, (need() for need in row.needs)))
    if missing:
        return Verdict(State.NOT_RUN, why=missing)
    with tempfile.TemporaryDirectory(prefix="sightline-fault-") as folder:
        stage = Stage(Path(folder), subject)
        state, reasons = _played(row, stage)
    return Verdict(state, tuple(stage.figures), reasons, time.monotonic() - began_s)


def _played(row: Row, stage: Stage) -> tuple[State, tuple[str, ...]]:
    try:
        with stage:
            row.play(stage)
    except NotRun as missing:
        return State.NOT_RUN, (str(missing),)
    except Exception as failure:
        traceback.print_exc()
        said = (str(failure).splitlines() or [""])[0][:300]
        return State.FAILED, (*stage.broken, f"{type(failure).__name__}: {said}")
    return (State.FAILED if stage.broken else State.HELD), tuple(stage.broken)
