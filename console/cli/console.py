"""`sightline console`: the operator's window into a running gateway."""

import argparse
import importlib

from console.cli.options import add_gateway, target_of
from console.cli.twin import run_asking


class ConsoleCommand:
    name = "console"
    help = "look into a running gateway, and act, in the terminal"

    def configure(self, parser: argparse.ArgumentParser) -> None:
        add_gateway(parser)
        parser.add_argument("--read-only", action="store_true", help="refuse everything that would change something")

    def run(self, arguments: argparse.Namespace) -> int:
        return run_asking(lambda: _open(arguments))


def _open(arguments: argparse.Namespace) -> int:
    target = target_of(arguments)
    # By name: the other commands start without what a console needs.
    opening = importlib.import_module("console.app.opening")
    code: int = opening.open_console(target, is_read_only=arguments.read_only)
    return code


command = ConsoleCommand()
