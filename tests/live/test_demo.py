"""`sightline demo` as its users run it: it ends by itself with agreeing counts, and leaves nothing behind."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from gateway.demo.config_text import config_text
from gateway.demo.ports import HOST, Ports
from tests.support.waiting import wait_until

DEMO: Final = [sys.executable, "-m", "gateway", "demo", "--port-base", "0"]


def start_demo(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """A demo whose temporary files are in `folder`, so that its processes can be told from those of others."""
    return subprocess.Popen(
        [*DEMO, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(folder)},
        start_new_session=True,
    )


def processes_of(folder: Path) -> list[str]:
    """Command lines of the processes that were started with this folder for their temporary files."""
    mark = f"TMPDIR={folder}".encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (process / "environ").read_bytes().split(b"\0"):
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return found


@pytest.mark.timeout(120)
def test_the_demo_ends_by_itself_and_all_accounts_of_its_traffic_agree(tmp_path: Path) -> None:
    demo = start_demo(tmp_path, "--for", "4s")
    output, errors = demo.communicate(timeout=100)
    assert demo.returncode == 0, output + errors
    assert output.count("agrees for every route, method and code") == 2
    assert f"http://{HOST}:" in output
    assert "Ends by itself after 4 seconds." in output
    assert processes_of(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.timeout(120)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_demo_ends_everything_it_started(tmp_path: Path, number: signal.Signals) -> None:
    demo = start_demo(tmp_path)
    assert demo.stdout is not None
    while "Ctrl-C ends everything." not in (line := demo.stdout.readline()):
        assert line, demo.communicate()
    assert len(processes_of(tmp_path)) >= 8
    demo.send_signal(number)
    output, errors = demo.communicate(timeout=100)
    assert demo.returncode == 130, output + errors
    assert processes_of(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.timeout(120)
def test_a_demo_that_is_killed_takes_its_processes_with_it(tmp_path: Path) -> None:
    demo = start_demo(tmp_path)
    assert demo.stdout is not None
    while "Ctrl-C ends everything." not in (line := demo.stdout.readline()):
        assert line, demo.communicate()
    demo.kill()
    demo.communicate(timeout=20)
    wait_until(lambda: processes_of(tmp_path) == [], "no process of the demo is left", 30.0)


def test_the_demos_configuration_is_valid(tmp_path: Path) -> None:
    file = tmp_path / "gateway.yaml"
    file.write_text(config_text(Ports()))
    check = subprocess.run(
        [sys.executable, "-m", "gateway", "check", "-c", str(file)], capture_output=True, text=True, check=False
    )
    assert check.returncode == 0, check.stdout + check.stderr
