"""The runner of the fault matrix: what it says of rows that held, failed, were not run, or did not come to an end."""

import os
from pathlib import Path

import pytest

from tests.faults import supervised
from tests.faults.__main__ import main
from tests.faults.matrix import all_rows, play
from tests.faults.report import last_line, table
from tests.faults.row import Row, State, Verdict
from tests.faults.stage import OURS, NotRun, Stage

ROWS = all_rows()


def a_row(number: int, play: object) -> Row:
    return Row(number, f"fault {number}", "a figure", play, 5.0, (), peers=False, fast=False)  # type: ignore[arg-type]


def holding(stage: Stage) -> None:
    stage.figure("3 ms")
    stage.check(stage.is_ours, "it is not ours")


def breaking(stage: Stage) -> None:
    stage.figure("5 ms")
    stage.check(not stage.is_ours, "it is ours")
    raise ValueError("and more")


def refusing(stage: Stage) -> None:
    raise NotRun("no such thing here")


def test_a_row_says_what_held_what_did_not_and_what_it_measured() -> None:
    assert play(a_row(1, holding)).figures == ("3 ms",)
    assert play(a_row(1, holding)).state is State.HELD
    broken = play(a_row(1, breaking))
    assert (broken.state, broken.figures) == (State.FAILED, ("5 ms",))
    assert broken.why == ("it is ours", "ValueError: and more")
    assert (play(a_row(1, refusing)).state, play(a_row(1, refusing)).why) == (State.NOT_RUN, ("no such thing here",))


def test_the_table_has_a_line_for_each_row_and_the_last_line_counts_them() -> None:
    rows = [a_row(1, holding), a_row(2, breaking), a_row(3, refusing)]
    verdicts = {(row.key, OURS): play(row) for row in rows}
    lines = table(rows, [OURS], verdicts).splitlines()
    assert lines[2:] == [
        "| 1 | fault 1 | 3 ms | held |",
        "| 2 | fault 2 | 5 ms; **failed:** it is ours; **failed:** ValueError: and more | failed |",
        "| 3 | fault 3 | no such thing here | not run |",
    ]
    assert last_line(rows, verdicts) == "rows held 1, failed 1, not run 1: 3 fault 3 (no such thing here)"
    assert last_line(rows[:1], verdicts) == "rows held 1, failed 0, not run 0"


def test_a_row_that_does_not_come_to_an_end_has_failed_and_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(supervised, "_CLEARING_S", 0.0)
    verdict = supervised.supervise(ROWS[0], OURS, 0.1)
    assert (verdict.state, verdict.why) == (State.FAILED, ("it was not over within 0 s",))


@pytest.mark.parametrize(
    ("state", "is_complete_asked", "code"),
    [(State.HELD, "1", 0), (State.FAILED, "0", 1), (State.NOT_RUN, "0", 0), (State.NOT_RUN, "1", 1)],
)
def test_the_exit_code_tells_failures_and_where_everything_is_asked_for_what_was_not_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], state: State, is_complete_asked: str, code: int
) -> None:
    monkeypatch.setenv("REQUIRE_REAL", is_complete_asked)
    monkeypatch.setattr("tests.faults.__main__.supervise", lambda *_: Verdict(state, why=("so",)))
    assert main(["--rows", str(ROWS[0].number)]) == code
    assert capsys.readouterr().out.splitlines()[-1].startswith("rows held")


def test_no_two_rows_have_the_same_key() -> None:
    assert len({row.key for row in ROWS}) == len(ROWS)


def test_every_module_of_rows_is_found() -> None:
    folder = Path(__file__).parent / "rows"
    modules = {row.play.__module__.rpartition(".")[2] for row in ROWS}
    assert modules == {path.stem for path in folder.glob("*.py")}


def test_without_time_left_a_row_is_not_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--rows", str(ROWS[0].number), "--within", "0"]) == int(os.environ.get("REQUIRE_REAL") == "1")
    assert "the time of the whole run was up" in capsys.readouterr().out
