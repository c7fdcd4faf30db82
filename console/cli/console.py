"""`sightline console`: the operator's window into a running gateway."""

import argparse
import importlib
import os

from console.cli.options import add_gateway
from console.cli.twin import run_asking
from console.client.contexts import Wished, find_context
from console.render.palette import PALETTES


class ConsoleCommand:
    name = "console"
    help = "look into a running gateway, and act, in the terminal"

    def configure(self, parser: argparse.ArgumentParser) -> None:
        add_gateway(parser)
        parser.add_argument("--read-only", action="store_true", help="refuse everything that would change something")
        parser.add_argument(
            "--theme", choices=list(PALETTES), help="colours (default: what the terminal can show; mono with NO_COLOR)"
        )
        parser.add_argument(
            "--ascii", action="store_true", help="signs and bars in ASCII (default: where the locale is not UTF-8)"
        )

    def run(self, arguments: argparse.Namespace) -> int:
        return run_asking(lambda: _open(arguments))


def _open(arguments: argparse.Namespace) -> int:
    wished = Wished(url=arguments.url, token_file=arguments.token_file, context=arguments.context)
    context = find_context(wished, os.environ)
    # By name: the other commands start without what a console needs.
    opening = importlib.import_module("console.app.opening")
    code: int = opening.open_console(
        context, is_read_only=arguments.read_only, theme=arguments.theme, is_ascii=arguments.ascii
    )
    return code


command = ConsoleCommand()
