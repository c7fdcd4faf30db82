"""How a command that changes something is confirmed: on a terminal by a key or a name, elsewhere by `--yes`."""

import argparse
import sys
from typing import Any

from console.cli.options import add_format, add_gateway, target_of
from console.cli.rows import json_text
from console.cli.twin import run_asking
from console.client.call import decode, send
from console.client.problems import AdminProblem, Refused, WrongUsage
from console.render.changes.effects import error_lines
from console.render.table import plain_lines
from console.render.traffic.lines import text_of
from console.state.changing.acting import Action, Tier
from gateway.wire.exit_codes import ExitCode
from gateway.wire.views import ConfigErrorView


class NotConfirmed(AdminProblem):
    """The operator thought better of it."""


class Changing:
    """A subcommand that previews, asks, and does. Subclasses say what, and how its preview and its result read."""

    name: str
    help: str
    view: type[Any]

    def configure(self, parser: argparse.ArgumentParser) -> None:
        self.configure_own(parser)
        parser.add_argument("--dry-run", action="store_true", help="tell what it would do, and do nothing")
        parser.add_argument("--yes", action="store_true", help="do not ask; needed where there is no terminal")
        parser.add_argument("--reason", metavar="WORDS", default="", help="why: it is kept and shown")
        add_format(parser)
        add_gateway(parser)

    def configure_own(self, parser: argparse.ArgumentParser) -> None:
        """Arguments of its own."""

    def action(self, arguments: argparse.Namespace) -> Action:
        raise NotImplementedError

    def tier(self, preview: Any) -> Tier:
        raise NotImplementedError

    def etag(self, preview: Any) -> str:
        """What guards the preview until it is acted upon."""
        raise NotImplementedError

    def told(self, preview: Any) -> str:
        """The preview for people."""
        raise NotImplementedError

    def result(self, done: Any) -> str:
        """What became of it, for people."""
        raise NotImplementedError

    def placed(self, arguments: argparse.Namespace, error: ConfigErrorView) -> ConfigErrorView:
        """The error with the place it has for who hands this in."""
        return error

    def run(self, arguments: argparse.Namespace) -> int:
        return run_asking(lambda: self._ask(arguments))

    def _ask(self, arguments: argparse.Namespace) -> int:
        action, target = self.action(arguments), target_of(arguments)
        if not (arguments.dry_run or arguments.yes or _is_terminal()):
            raise WrongUsage("there is no terminal to ask on: give --yes, or --dry-run to see what it would do")
        try:
            body = send(target, action.preview())
            preview = decode(body, self.view)
            if arguments.dry_run or preview.outcome == "unchanged":
                _print(arguments, body, self.told(preview))
                return ExitCode.OK
            if not arguments.yes:
                self._confirm(action, preview)
            body = send(target, action.doing(self.etag(preview), arguments.reason))
        except Refused as refused:
            errors = [self.placed(arguments, error) for error in refused.errors]
            print(text_of(error_lines(errors)), file=sys.stderr, end="\n" if refused.errors else "")
            raise
        _print(arguments, body, self.result(decode(body, self.view)))
        return ExitCode.OK

    def _confirm(self, action: Action, preview: Any) -> None:
        print(plain_lines(f"{action.title}\n{self.told(preview)}"), file=sys.stderr)
        wanted = "y" if self.tier(preview) == 1 else action.target
        print(f"type {wanted} to do it: ", file=sys.stderr, end="", flush=True)
        if sys.stdin.readline().strip() != wanted:
            raise NotConfirmed("nothing was changed")


def _is_terminal() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


def _print(arguments: argparse.Namespace, body: bytes, told: str) -> None:
    if arguments.format == "table":
        print(plain_lines(told))
    else:
        print(json_text(body, 2 if arguments.format == "json" else -1))
