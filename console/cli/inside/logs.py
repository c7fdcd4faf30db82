"""`sightline logs`: what the gateway itself said, and with `--follow` what it says."""

import argparse
import sys
from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec

from console.cli.options import target_of, whole_number
from console.cli.rows import RowPrinter
from console.cli.traffic.following import follow_on
from console.cli.twin import Reading, Twin, body_of, rows_of
from console.client.call import decode
from console.client.problems import WrongUsage
from console.render.inside.logs import log_line
from gateway.wire.exit_codes import ExitCode
from gateway.wire.live import LostEvent
from gateway.wire.logs import LEVELS, LogListView, LogRecordView

_LIMIT: Final = 50


class LogsTwin(Twin):
    name = "logs"
    help = "show what the gateway itself said, and follow it"

    def configure_own(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--follow", action="store_true", help="go on with what it says")
        parser.add_argument("--level", choices=LEVELS, help="this level and all that are worse")
        parser.add_argument(
            "--filter", default="", help="words, `event:worker_*`, `audit`, `worker:2`, any other field by its name"
        )
        parser.add_argument("--since", metavar="ID", type=whole_number, help="only those after this one")
        parser.add_argument(
            "--limit", metavar="N", type=whole_number, default=_LIMIT, help=f"at most N, the newest (default: {_LIMIT})"
        )

    def ask(self, arguments: argparse.Namespace) -> int:
        satisfies = _checked(arguments)
        if not arguments.follow:
            return super().ask(arguments)
        if arguments.replay is not None:
            raise WrongUsage("a recording has ended; leave --follow away")
        if arguments.format == "json":
            raise WrongUsage("a stream has no end and is no JSON document; use --format ndjson or csv")
        return self._follow(arguments, satisfies)

    def _follow(self, arguments: argparse.Namespace, satisfies: Callable[[LogRecordView], bool]) -> int:
        """Those that are kept are asked for once the stream has begun, so that none is missed in between."""
        is_begun, told, printer = False, 0, RowPrinter(arguments)
        for name, data in follow_on(target_of(arguments), {"topics": "logs"}):
            if name == "hello" and not is_begun:
                is_begun, told = True, self._show_kept(arguments, printer)
            elif name == "hello":
                told = 0
            elif name == "lost":
                lost = msgspec.json.decode(data, type=LostEvent)
                number = f"{lost.count} records are" if lost.count else "something is"
                print(f"{number} missing here ({lost.why})", file=sys.stderr)
            elif name == "logs":
                record = msgspec.json.decode(data, type=LogRecordView)
                if record.id > told and satisfies(record):
                    self._show(arguments, printer, [data.encode()], [record])
        return ExitCode.OK

    def _show_kept(self, arguments: argparse.Namespace, printer: RowPrinter) -> int:
        """The id of the newest there is."""
        body = body_of(arguments, "logs", self.query(arguments))
        view = decode(body, LogListView)
        self._show(arguments, printer, rows_of(body, "records"), view.records)
        return view.last_id

    def _show(
        self, arguments: argparse.Namespace, printer: RowPrinter, rows: list[bytes], records: Iterable[LogRecordView]
    ) -> None:
        """rows: the records as they came."""
        if arguments.format == "table":
            for record in records:
                print(log_line(record))
            sys.stdout.flush()
        else:
            printer.print(rows)

    def reading(self, arguments: argparse.Namespace) -> Reading[Any]:
        return Reading("logs", LogListView, render_logs, objects="records")

    def query(self, arguments: argparse.Namespace) -> dict[str, str]:
        asked = {
            "level": arguments.level,
            "filter": arguments.filter or None,
            "since": arguments.since,
            "limit": arguments.limit,
        }
        return {name: str(value) for name, value in asked.items() if value is not None}


def render_logs(view: LogListView) -> str:
    """A line for each record, and what is not among them."""
    dropped = sum(view.dropped.values())
    gone = f"; {dropped} older ones are not remembered" if dropped else ""
    if not view.records:
        matching = f" match {view.filter}" if view.filter else ""
        return f"0 of {view.scanned} records{matching}{gone}"
    lines = [log_line(record) for record in view.records]
    return "\n".join([*lines, "", f"{len(view.records)} of {view.scanned} records looked at{gone}"])


def _checked(arguments: argparse.Namespace) -> Callable[[LogRecordView], bool]:
    """Whether a record is wanted. Raises WrongUsage for a filter that cannot be understood, with a mark under the place."""
    if not (arguments.level or arguments.filter):
        return lambda _record: True
    # Imported here: the parser takes as long to load as all the rest.
    from console.state.inside.log_filter import predicate_of, problem_of  # noqa: PLC0415

    column, message = problem_of(arguments.filter)
    if message:
        raise WrongUsage(f"{arguments.filter}\n{' ' * (column or 0)}^ {message}")
    return predicate_of(f"level:{arguments.level} ({arguments.filter})" if arguments.level else arguments.filter)


command = LogsTwin()
