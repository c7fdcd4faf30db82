"""Commands that change a running gateway: previewed, confirmed on a terminal or by `--yes`, undone by what they name."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.live.conftest import StartOrigin
from tests.support.command_line import sightline
from tests.support.origin import say_target
from tests.support.program import Program
from tests.support.waiting import wait_until

ROOT: Final = Path(__file__).resolve().parents[2]
EXTRA: Final = "  - {name: extra, match: {path: /extra}, respond: {status: 204}}"


@pytest.fixture
def program(tmp_path: Path, start_origin: StartOrigin) -> Iterator[Program]:
    origins = [start_origin(say_target) for _ in range(4)]
    with Program(tmp_path, *(origin.address for origin in origins), workers=1) as started:
        yield started


def words_of(program: Program, words: tuple[str, ...]) -> list[str]:
    url = f"http://127.0.0.1:{program.admin_port}"
    return [sys.executable, "-m", "gateway", words[0], "--url", url, *words[1:]]


def run(program: Program, *words: str) -> subprocess.CompletedProcess[str]:
    return sightline(words[0], "--url", f"http://127.0.0.1:{program.admin_port}", *words[1:])


def typed(program: Program, answer: str, *words: str) -> tuple[int, str]:
    """The exit code and what a terminal shows when this is typed at the question."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(words_of(program, words), cwd=ROOT, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        shown = b""
        while b"to do it: " not in shown:
            shown += os.read(ours, 4096)
        os.write(ours, answer.encode() + b"\n")
        code = process.wait(30)
    while True:
        try:
            more = os.read(ours, 4096)
        except OSError:
            break
        if not more:
            break
        shown += more
    os.close(ours)
    return code, shown.decode()


def endpoints(program: Program) -> list[Any]:
    found: list[Any] = program.call("/api/v1/upstreams/origin")[1]["endpoints"]
    return found


def test_draining_is_previewed_confirmed_told_and_undone(program: Program) -> None:
    address = endpoints(program)[0]["address"]
    dry = run(program, "drain", "origin", address, "--dry-run")
    assert (dry.returncode, "removes 1 of 4; 3 left" in dry.stdout) == (0, True)
    refused = run(program, "drain", "origin", address)
    assert (refused.returncode, "--yes" in refused.stderr, endpoints(program)[0]["state"]) == (2, True, "unknown")

    code, shown = typed(program, "n", "drain", "origin", address)
    assert (code, "nothing was changed" in shown, endpoints(program)[0]["state"]) == (1, True, "unknown")
    code, shown = typed(program, "y", "drain", "origin", address, "--reason", "disk")
    assert (code, f"undo: sightline undrain origin {address}" in shown) == (0, True)
    assert (endpoints(program)[0]["state"], endpoints(program)[0]["note"]) == ("draining", "disk")

    done = run(program, "undrain", "origin", address, "--yes", "--json")
    assert (done.returncode, json.loads(done.stdout)["outcome"]) == (0, "applied")
    heavy = run(program, "weight", "origin", address, "9", "--yes")
    assert (heavy.returncode, "undo: sightline weight origin" in heavy.stdout) == (0, True)
    assert endpoints(program)[0]["weight"] == 9
    assert run(program, "weight", "origin", address, "configured", "--yes").returncode == 0
    assert endpoints(program)[0]["weight"] == 1
    assert run(program, "drain", "origin", "nowhere:1", "--yes").returncode == 1


def test_what_would_leave_nothing_is_confirmed_by_name(program: Program) -> None:
    *others, last = (each["address"] for each in endpoints(program))
    for address in others:
        assert run(program, "drain", "origin", address, "--yes").returncode == 0
    assert typed(program, "y", "drain", "origin", last)[0] == 1
    assert typed(program, last, "drain", "origin", last)[0] == 0
    assert all(each["state"] == "draining" for each in endpoints(program))


def test_configurations_are_applied_rolled_back_told_and_compared(program: Program, tmp_path: Path) -> None:
    file = tmp_path / "next.yaml"
    file.write_text(program.text(more_routes=EXTRA))
    dry = run(program, "apply", str(file), "--dry-run")
    assert (dry.returncode, "+ route extra  added" in dry.stdout) == (0, True)
    applied = run(program, "apply", str(file), "--yes", "--reason", "a new page")
    assert (applied.returncode, "it stays until the content of the file changes" in applied.stdout) == (0, True)
    wait_until(lambda: program.status()["sequence"] == 2, "the second revision")

    told = run(program, "changes")
    assert (told.returncode, "route extra added (a new page)" in told.stdout) == (0, True)
    assert [
        json.loads(line)["key"] for line in run(program, "changes", "extra", "--format", "ndjson").stdout.splitlines()
    ] == ["rev:2"]
    assert "+ route extra" in run(program, "diff", "1", "2").stdout

    assert typed(program, "y", "rollback", "1")[0] == 1
    code, shown = typed(program, "1", "rollback", "1")
    assert (code, "sequence 3" in shown, "- route extra" in shown) == (0, True, True)

    file.write_text("listeners: []\n")
    wrong = run(program, "apply", str(file), "--yes")
    assert (wrong.returncode, wrong.stderr.startswith(f"{file}:1: listeners: ")) == (3, True)
