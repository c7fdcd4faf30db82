"""Finding and running subcommands."""

import argparse
import subprocess
import sys
import tomllib
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import pytest

import gateway.proxy.lifecycle
from gateway import __version__, is_compiled
from gateway.cli import main as main_module
from gateway.cli.command import UsageError
from gateway.cli.main import OWN_COMMANDS, main
from gateway.wire.exit_codes import ExitCode

ROOT: Final = Path(__file__).resolve().parents[4]


class Echo:
    """A command from elsewhere that does what a test tells it."""

    name = "echo"
    help = "say it again"

    def __init__(self, run: Callable[[argparse.Namespace], int]) -> None:
        self._run = run

    def configure(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("words", nargs="*")

    def run(self, arguments: argparse.Namespace) -> int:
        return self._run(arguments)


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[argparse.Namespace], int]], None]:
    """Make the entry points of the group lead to one command `echo`."""

    def install_it(run: Callable[[argparse.Namespace], int]) -> None:
        point: Any = SimpleNamespace(name="echo", load=lambda: Echo(run))
        monkeypatch.setattr(main_module, "entry_points", lambda group: [point])

    return install_it


def test_the_version_is_the_distributions(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == ExitCode.OK
    assert capsys.readouterr().out.startswith(f"sightline {__version__} (")


def test_the_version_names_the_build(capsys: pytest.CaptureFixture[str]) -> None:
    assert is_compiled() == gateway.proxy.lifecycle.__file__.endswith(".so")
    assert main(["--version"]) == ExitCode.OK
    assert capsys.readouterr().out.endswith(" (compiled data path)\n" if is_compiled() else " (plain Python)\n")


def test_help_lists_every_command_on_stdout(capsys: pytest.CaptureFixture[str], install: Callable[..., None]) -> None:
    install(lambda arguments: 0)
    assert main(["--help"]) == ExitCode.OK
    out = capsys.readouterr().out
    assert "echo       say it again" in out
    assert all(f"\n  {name} " in out for name in OWN_COMMANDS)


@pytest.mark.parametrize("words", [[], ["nonsense"], ["--nonsense"], ["check"], ["check", "-c"], ["schema", "more"]])
def test_wrong_usage_is_told_on_stderr(capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    assert main(words) == ExitCode.USAGE
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "usage" in captured.err or "there is no command" in captured.err


def test_a_command_from_elsewhere_runs_with_its_own_arguments(install: Callable[..., None]) -> None:
    seen: list[list[str]] = []

    def run(arguments: argparse.Namespace) -> int:
        seen.append(arguments.words)
        return 7

    install(run)
    assert main(["echo", "a", "b"]) == 7
    assert seen == [["a", "b"]]


def test_a_command_that_makes_no_sense_of_its_arguments_is_wrong_usage(
    capsys: pytest.CaptureFixture[str], install: Callable[..., None]
) -> None:
    def run(arguments: argparse.Namespace) -> int:
        raise UsageError("there is nothing to say")

    install(run)
    assert main(["echo"]) == ExitCode.USAGE
    assert capsys.readouterr().err.endswith("sightline echo: there is nothing to say\n")


def test_an_interrupt_ends_with_130(install: Callable[..., None]) -> None:
    def run(arguments: argparse.Namespace) -> int:
        raise KeyboardInterrupt

    install(run)
    assert main(["echo"]) == 130


def test_an_output_that_nobody_reads_to_its_end_is_no_crash() -> None:
    command = f"{sys.executable} -m gateway schema | head -c 1"
    run = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert (run.stdout, run.stderr) == ("{", "")


def test_the_commands_are_those_of_the_distribution_and_the_rest_are_the_consoles() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = project["entry-points"]["sightline.commands"]
    assert {name: place for name, place in declared.items() if place.startswith("gateway.")} == OWN_COMMANDS
    assert all(place.startswith("console.") for name, place in declared.items() if name not in OWN_COMMANDS)


@pytest.mark.parametrize("name", ["check", "schema", "explain"])
def test_every_command_is_what_its_entry_point_says(name: str) -> None:
    command = EntryPoint(name, OWN_COMMANDS[name], "sightline.commands").load()
    assert command.name == name
    assert command.help


def test_only_the_chosen_command_is_imported() -> None:
    code = (
        "import sys; from gateway.cli.main import main; main(['schema']); "
        "loaded = {name for name in sys.modules if name.startswith(('gateway.', 'aiohttp', 'uvloop', 'opentelemetry'))}; "
        "print(sorted(loaded & {'gateway.cli.explain', 'gateway.cli.check', 'gateway.runtime', 'aiohttp', 'uvloop', "
        "'opentelemetry'}), file=sys.stderr)"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=30, check=True)
    assert run.stderr == "[]\n"


def test_the_module_is_the_command() -> None:
    command = [sys.executable, "-m", "gateway", "--version"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=True)
    assert run.stdout.startswith(f"sightline {__version__} (")
