"""`sightline apply` and `sightline rollback`: another configuration for a running gateway."""

import argparse
import sys
from pathlib import Path

from msgspec.structs import replace

from console.cli.changing.confirming import Changing
from console.client.problems import WrongUsage
from console.render.changes.effects import STAYS, applied_text, apply_lines
from console.render.traffic.lines import text_of
from console.state.changing.acting import Action, Tier, apply_text, rollback
from gateway.wire.views import ApplyResult, ConfigErrorView


class _Configuring(Changing):
    view = ApplyResult

    def tier(self, preview: ApplyResult) -> Tier:
        return 1

    def etag(self, preview: ApplyResult) -> str:
        return str(preview.running_sequence)

    def told(self, preview: ApplyResult) -> str:
        return text_of(apply_lines(preview))

    def result(self, done: ApplyResult) -> str:
        return f"{applied_text(done)}\n{STAYS}" if done.outcome == "applied" else applied_text(done)


class ApplyCommand(_Configuring):
    name = "apply"
    help = "run another configuration, until the file changes or the gateway restarts"

    def configure_own(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", help="`-` for stdin, which needs --yes or --dry-run")

    def action(self, arguments: argparse.Namespace) -> Action:
        try:
            return apply_text(sys.stdin.read() if arguments.file == "-" else Path(arguments.file).read_text("utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise WrongUsage(f"{arguments.file} cannot be read: {error}") from error

    def placed(self, arguments: argparse.Namespace, error: ConfigErrorView) -> ConfigErrorView:
        # The gateway knows only that it was handed in.
        return replace(error, file="stdin" if arguments.file == "-" else arguments.file) if error.line else error


class RollbackCommand(_Configuring):
    name = "rollback"
    help = "run a configuration again that ran before"

    def configure_own(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("reference", metavar="REF", help="a revision, a sequence, or `previous`")

    def action(self, arguments: argparse.Namespace) -> Action:
        return rollback(arguments.reference)

    def tier(self, preview: ApplyResult) -> Tier:
        return 2


apply = ApplyCommand()
rollback_command = RollbackCommand()
