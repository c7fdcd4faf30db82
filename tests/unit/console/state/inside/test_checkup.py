"""What is looked at between an operator and a gateway."""

from email.utils import formatdate

import pytest

from console.state.inside.checkup import Check, exit_code, of_answer, of_clock, of_rights, of_terminal, of_token
from gateway.wire.actions import MeView
from gateway.wire.exit_codes import ExitCode
from tests.support.console import NOW_S
from tests.support.situations import status


@pytest.mark.parametrize(
    ("columns", "encoding", "kind", "advice"),
    [
        (80, "utf-8", "xterm-256color", ""),
        (80, "UTF-8", "", "needs TERM"),
        (79, "utf-8", "xterm", "needs 80x24"),
        (80, "ANSI_X3.4-1968", "xterm", "signs are ASCII"),
    ],
)
def test_a_terminal_that_is_too_little_for_the_console_is_told(
    columns: int, encoding: str, kind: str, advice: str
) -> None:
    check = of_terminal(columns, 24, encoding, kind)
    assert check.verdict == ("warn" if advice else "ok")
    assert advice in check.advice


def test_a_token_that_others_may_read_is_told() -> None:
    assert of_token("of the file x", 0o100600).verdict == of_token("", None).verdict == "ok"
    check = of_token("of the file x", 0o100644)
    assert (check.verdict, check.told) == ("warn", "of the file x, which others may use (mode 644)")


def test_another_version_is_told() -> None:
    assert of_answer(status(), 0.003, status().version).told == "version 0.1.0, pid 7, answers in 3 ms"
    assert of_answer(status(), 0.003, "0.2.0").verdict == "warn"


@pytest.mark.parametrize(("ahead_s", "told"), [(-1.0, ""), (0.0, ""), (60.0, "s ahead of"), (-60.0, "s behind")])
def test_a_clock_that_is_off_is_told_by_how_much(ahead_s: float, told: str) -> None:
    check = of_clock(formatdate(NOW_S + ahead_s, usegmt=True), NOW_S, NOW_S + 0.2)
    assert check.verdict == ("warn" if told else "ok")
    assert told in check.told


def test_an_answer_that_took_long_says_nothing_about_the_clock() -> None:
    assert of_clock(formatdate(NOW_S + 5.0, usegmt=True), NOW_S, NOW_S + 9.0).verdict == "ok"


@pytest.mark.parametrize("date", ["", "soon"])
def test_an_answer_without_a_time_is_no_fault(date: str) -> None:
    assert of_clock(date, NOW_S, NOW_S).verdict == "ok"


def test_rights_are_told_with_what_takes_them_away() -> None:
    viewer = MeView(name="grafana", role="viewer", read_only=True, because="the token is one for viewers")
    assert of_rights(viewer, is_read_only=False).told.endswith("may change nothing: the token is one for viewers")
    operator = MeView(name="ana", role="operator", read_only=False)
    assert of_rights(operator, is_read_only=False).told == "ana is operator"
    assert "begins read-only" in of_rights(operator, is_read_only=True).told


def test_the_exit_code_is_that_of_the_worst() -> None:
    well, odd = Check(verdict="ok", name="a", told=""), Check(verdict="warn", name="b", told="")
    broken = Check(verdict="fail", name="c", told="")
    assert exit_code([well, odd], ExitCode.OK) == ExitCode.OK
    assert exit_code([odd, broken], ExitCode.OK) == ExitCode.FAILED
    assert exit_code([broken], ExitCode.DENIED) == ExitCode.DENIED
