"""`sightline demo` as its users run it: it ends by itself with agreeing counts, and leaves nothing behind."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest

from gateway.demo.config_text import config_text, with_short_timeout, with_unknown_upstream
from gateway.demo.incidents import INCIDENTS
from gateway.demo.ports import HOST, Ports
from tests.support.terminal import Terminal
from tests.support.waiting import wait_until

DEMO: Final = [sys.executable, "-m", "gateway", "demo", "--port-base", "0"]


@contextlib.contextmanager
def running_demo(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A demo whose temporary files are in `folder`, so that its processes can be told from those of others."""
    environment = {**os.environ, "TMPDIR": str(folder)}
    with subprocess.Popen(
        [*DEMO, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as demo:
        try:
            yield demo
        finally:
            demo.kill()


def await_page(demo: subprocess.Popen[str]) -> None:
    """Reads the demo's output up to the last line of its page."""
    assert demo.stdout is not None
    assert demo.stderr is not None
    while "Ctrl-C ends everything." not in (line := demo.stdout.readline()):
        assert line, demo.stderr.read()


def processes_of(folder: Path) -> list[str]:
    """Command lines of the processes that have this folder for their temporary files, or a file in it open.

    Both are looked at: a process that has given itself a title has written it over its environment.
    """
    return [
        (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        for process in Path("/proc").glob("[0-9]*")
        if _belongs_to(process, folder)
    ]


def _belongs_to(process: Path, folder: Path) -> bool:
    try:
        if f"TMPDIR={folder}".encode() in (process / "environ").read_bytes().split(b"\0"):
            return True
        return any(str(link.readlink()).startswith(f"{folder}/") for link in (process / "fd").iterdir())
    except OSError:
        return False


@pytest.mark.timeout(120)
def test_the_demo_ends_by_itself_and_all_accounts_of_its_traffic_agree_whatever_went_wrong_meanwhile(
    tmp_path: Path,
) -> None:
    with running_demo(tmp_path, "--for", "6s", "--round", "5s") as demo:
        output, errors = demo.communicate(timeout=100)
    assert demo.returncode == 0, output + errors
    for incident in INCIDENTS:
        assert f"  over: {incident.what}\n" in output
    assert output.count("agrees for every route, method and code") == 2
    assert f"http://{HOST}:" in output
    assert "Ends by itself after 6 seconds." in output
    assert processes_of(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.timeout(120)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_demo_ends_everything_it_started(tmp_path: Path, number: signal.Signals) -> None:
    with running_demo(tmp_path) as demo:
        await_page(demo)
        assert len(processes_of(tmp_path)) >= 8
        demo.send_signal(number)
        output, errors = demo.communicate(timeout=100)
    assert demo.returncode == 130, output + errors
    assert processes_of(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_a_demo_that_is_interrupted_while_it_starts_leaves_nothing_behind(tmp_path: Path) -> None:
    with running_demo(tmp_path) as demo:
        wait_until(lambda: len(processes_of(tmp_path)) >= 2, "the first service has been started")
        demo.send_signal(signal.SIGINT)
        output, errors = demo.communicate(timeout=40)
    assert demo.returncode == 130, output + errors
    assert processes_of(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.timeout(120)
def test_a_demo_that_is_killed_takes_its_processes_with_it(tmp_path: Path) -> None:
    with running_demo(tmp_path) as demo:
        await_page(demo)
        demo.kill()
        demo.communicate(timeout=20)
    wait_until(lambda: processes_of(tmp_path) == [], "no process of the demo is left", 30.0)


@pytest.mark.real("tmux")
@pytest.mark.timeout(120)
@pytest.mark.parametrize("leave", [("C-c",), (":", "q", "Enter")], ids=["interrupt", "command"])
def test_on_a_terminal_the_console_is_open_over_the_demo_and_leaving_it_ends_the_demo(
    tmp_path: Path, leave: tuple[str, ...]
) -> None:
    with Terminal(DEMO, environ={"TMPDIR": str(tmp_path)}) as terminal:
        terminal.await_text(r"\A.* live \d", r"^ 1Over", within_s=40.0)
        terminal.press(*leave)
        assert terminal.await_exit(60.0) == 0
        assert terminal.screen().count("agrees for every route, method and code") == 2
    wait_until(lambda: processes_of(tmp_path) == [], "the terminal too is gone")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("changed", "code"), [(str, 0), (with_short_timeout, 0), (with_unknown_upstream, 3)])
def test_the_configuration_of_the_demo_is_valid_but_for_the_mistake_it_makes(
    tmp_path: Path, changed: Callable[[str], str], code: int
) -> None:
    file = tmp_path / "gateway.yaml"
    file.write_text(changed(config_text(Ports())))
    check = subprocess.run(
        [sys.executable, "-m", "gateway", "check", "--strict", "-c", str(file)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert check.returncode == code, check.stdout + check.stderr
