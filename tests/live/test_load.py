"""locust on the demo's gateway: both count the same."""

import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[2]


@pytest.mark.timeout(120)
def test_locust_and_the_gateway_count_the_same(tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    command = [sys.executable, "-m", "perf.load", "--users", "15", "--for", "4s", "--html", str(report)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=110, check=False)
    assert "DIFFERS" not in run.stdout
    total = next(line for line in run.stdout.splitlines() if line.startswith("all "))
    sent, recorded = total.split()[1:]
    assert sent == recorded
    assert int(sent) > 100
    assert "<html" in report.read_text()
