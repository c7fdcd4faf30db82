"""The command `sightline`: finds the subcommand that is asked for, imports that one alone, and runs it."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import Final

from gateway import __version__, is_compiled
from gateway.cli.command import ENTRY_POINT_GROUP, Command, UsageError
from gateway.wire.exit_codes import ExitCode

PROGRAM: Final = "sightline"

OWN_COMMANDS: Final = {
    "run": "gateway.cli.run:command",
    "check": "gateway.cli.check:command",
    "schema": "gateway.cli.schema:command",
    "explain": "gateway.cli.explain:command",
    "upgrade": "gateway.cli.upgrade:command",
    "demo": "gateway.demo.command:command",
}
"""The same as in pyproject.toml, so that `python -m gateway` works where nothing is installed."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code = _dispatch(words)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        # The reader of our output has left, as `| head` does. What Python still has to flush must not fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.FAILED
    return code


def _dispatch(words: list[str]) -> int:
    if words and not words[0].startswith("-"):
        return _run(words[0], words[1:])
    parser = argparse.ArgumentParser(PROGRAM, description="An observability-first API gateway.", add_help=False)
    parser.add_argument("-h", "--help", action="store_true", help="show the commands")
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__} ({_build()})")
    options = _parsed(parser, words)
    if isinstance(options, int):
        return options
    print(_overview(), file=sys.stdout if options.help else sys.stderr)
    return ExitCode.OK if options.help else ExitCode.USAGE


def _build() -> str:
    return "compiled data path" if is_compiled() else "plain Python"


def _run(name: str, words: list[str]) -> int:
    find = _finders().get(name)
    if find is None:
        print(f"{PROGRAM}: there is no command {name!r}\n\n{_overview()}", file=sys.stderr)
        return ExitCode.USAGE
    command = find()
    parser = argparse.ArgumentParser(f"{PROGRAM} {name}", description=command.help)
    command.configure(parser)
    options = _parsed(parser, words)
    if isinstance(options, int):
        return options
    try:
        return command.run(options)
    except UsageError as error:
        parser.print_usage(sys.stderr)
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return ExitCode.USAGE


def _parsed(parser: argparse.ArgumentParser, words: list[str]) -> argparse.Namespace | int:
    """The options; or the exit code, where argparse has said all there is to say."""
    try:
        return parser.parse_args(words)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else ExitCode.OK


def _finders() -> dict[str, Callable[[], Command]]:
    """How to import each command, by name. What is installed adds to our own and does not replace it."""
    finders: dict[str, Callable[[], Command]] = {
        entry_point.name: entry_point.load for entry_point in entry_points(group=ENTRY_POINT_GROUP)
    }
    own = {name: EntryPoint(name, place, ENTRY_POINT_GROUP).load for name, place in OWN_COMMANDS.items()}
    return {**finders, **own}


def _overview() -> str:
    lines = [f"usage: {PROGRAM} COMMAND [OPTIONS]", f"       {PROGRAM} --version", "", "commands:"]
    for name, find in sorted(_finders().items()):
        lines.append(f"  {name:<10} {_help_of(find)}")
    lines += ["", f"`{PROGRAM} COMMAND --help` tells the options of one."]
    return "\n".join(lines)


def _help_of(find: Callable[[], Command]) -> str:
    try:
        return find().help
    except (ImportError, AttributeError):
        return "(cannot be loaded)"
