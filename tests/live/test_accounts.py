"""All accounts of mixed traffic agree, and a killed worker costs no more than its last report."""

import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[2]


def accounts(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "perf.accounts", "--requests", "3000", "--rate", "600", *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=80, check=False)


@pytest.mark.timeout(90)
def test_every_account_agrees_to_the_last_request() -> None:
    run = accounts()
    assert run.returncode == 0, run.stdout
    assert "all accounts agree" in run.stdout


@pytest.mark.timeout(90)
def test_a_killed_worker_costs_no_more_than_it_had_not_reported() -> None:
    run = accounts("--kill")
    assert run.returncode == 0, run.stdout
    assert "not accounted for" in run.stdout
