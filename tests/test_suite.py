"""What a run of all tests makes of a few that fail: they get another try where that is asked for, and only they do."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests import suite

FAILS_ONCE: Final = """
from pathlib import Path
import pytest

@pytest.mark.parametrize("number", range({}))
def test_it(number):
    seen = Path(__file__).with_name(str(number))
    was_there = seen.exists()
    seen.touch()
    assert was_there
"""
FAILS: Final = "def test_it(): assert False"
DIES_ONCE: Final = """
import os
from pathlib import Path

def test_it():
    seen = Path(__file__).with_name("seen")
    if not seen.exists():
        seen.touch()
        os._exit(1)
"""
IS_BROKEN: Final = "nothing"


def play(folder: Path, text: str, *arguments: str) -> tuple[int, list[str]]:
    """Exit code and lines of a run in a project that has these tests and one that holds."""
    (folder / "tests").mkdir()
    shutil.copy(suite.__file__, folder / "tests")
    (folder / "test_given.py").write_text(text)
    (folder / "test_other.py").write_text("def test_it(): pass")
    run = subprocess.run(
        [sys.executable, "-m", "tests.suite", *arguments],
        cwd=folder,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": "-p no:cacheprovider -p xdist"},
        capture_output=True,
        text=True,
        check=False,
    )
    return run.returncode, run.stdout.splitlines()


def test_a_few_that_hold_when_they_are_tried_alone_are_named_at_the_end(tmp_path: Path) -> None:
    code, lines = play(tmp_path, FAILS_ONCE.format(3), "--once-more", ".")
    assert code == 0, lines
    assert lines[-3:] == [f"unsteady, to be mended: test_given.py::test_it[{number}]" for number in range(3)]


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        pytest.param(FAILS, ("--once-more", "."), id="it fails twice"),
        pytest.param(
            FAILS_ONCE.format(suite.MOST_TRIED_AGAIN + 1), ("--once-more", "."), id="they are more than a few"
        ),
        pytest.param(DIES_ONCE, ("--once-more",), id="one of the processes dies"),
        pytest.param(IS_BROKEN, ("--once-more", "."), id="it cannot be read"),
        pytest.param(FAILS_ONCE.format(1), (".",), id="nobody asked for another try"),
    ],
)
def test_everything_else_is_a_failure(tmp_path: Path, text: str, arguments: tuple[str, ...]) -> None:
    code, lines = play(tmp_path, text, *arguments)
    assert code != 0, lines
    assert not any("unsteady" in line for line in lines)


def test_a_file_that_cannot_be_read_is_not_made_good_by_another_that_holds_when_it_is_tried_again(
    tmp_path: Path,
) -> None:
    (tmp_path / "test_broken.py").write_text(IS_BROKEN)
    code, lines = play(tmp_path, FAILS_ONCE.format(1), "--once-more", "-n", "2", ".")
    assert code != 0, lines
    assert not any("unsteady" in line for line in lines)
