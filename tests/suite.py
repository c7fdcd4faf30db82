"""Plays all tests: `make test`, or `python -m tests.suite`; with `--once-more`, as `.ci/run` does, a few that fail get another try.

Files are given to processes beside each other, because tests of a running gateway wait more than they compute. Whatever else is
given, such as `tests/unit -k routing`, goes to pytest, which then plays all of it in one process.
"""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[1]
ONCE_MORE: Final = "--once-more"
MOST_TRIED_AGAIN: Final = 6
BESIDE: Final = ("-n", "3", "--dist", "loadfile", "--no-loadscope-reorder", "--max-worker-restart", "0")
"""One of them is with the long proofs for minutes, where those are wanted. One that dies is not replaced: it ends the run."""


class Account:
    """What failed, by the reports of all processes; and whether one of them died or a file could not be read, which no test
    may be blamed for."""

    def __init__(self) -> None:
        self.failed: list[str] = []
        self.is_incomplete = False

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and report.nodeid not in self.failed:
            self.failed.append(report.nodeid)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self.is_incomplete |= report.failed

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, error: object) -> None:
        self.is_incomplete |= error is not None


def main(arguments: Sequence[str]) -> int:
    """The exit code: that of pytest, or 0 where each of the few that failed holds when it is tried alone."""
    given = [argument for argument in arguments if argument != ONCE_MORE]
    account = Account()
    code = int(pytest.main(given or [*BESIDE], plugins=[account]))
    if ONCE_MORE not in arguments or code != pytest.ExitCode.TESTS_FAILED or account.is_incomplete:
        return code
    return _try_again(account.failed) if 1 <= len(account.failed) <= MOST_TRIED_AGAIN else code


def _try_again(failed: Sequence[str]) -> int:
    # Others use the machine of such a run too, and can hold up a test for longer than any deadline that it has. A test that
    # fails twice does not fail for that; and one that fails for that once could be written so that it never does.
    _say(f"\nonce more, alone: {' '.join(failed)}")
    again = subprocess.run([sys.executable, "-m", "pytest", *failed], cwd=ROOT, check=False)
    if again.returncode == 0:
        for test in failed:
            _say(f"unsteady, to be mended: {test}")
    return again.returncode


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
