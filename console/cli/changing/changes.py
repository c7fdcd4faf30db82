"""`sightline changes`: configurations that came to run and what happened between them, with errors and latency before and after."""

import argparse
from urllib.parse import quote

import msgspec

from console.cli.options import add_gateway, add_row_format, target_of, whole_number
from console.cli.rows import RowPrinter, check_fields
from console.cli.twin import API, run_asking
from console.client.call import decode, get
from console.client.contexts import Target
from console.render.changes.timeline import timeline_grid
from console.render.grid_text import grid_text
from console.state.changing.timeline import reach_of, timeline
from gateway.wire.changes import IncidentListView, RevisionDetailView, RevisionListView
from gateway.wire.exit_codes import ExitCode
from gateway.wire.views import StatusView

_COMPARED = 10
"""Revisions whose effect is asked for: each is a call."""


class ChangesTwin:
    name = "changes"
    help = "tell what changed, who did it, and errors and latency before and after"

    def configure(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "words", nargs="?", default="", metavar="TEXT", help="only what has this in it, as a route's name"
        )
        parser.add_argument("--limit", metavar="N", type=whole_number, default=50, help="lines (default: 50)")
        add_row_format(parser)
        add_gateway(parser)

    def run(self, arguments: argparse.Namespace) -> int:
        return run_asking(lambda: _ask(arguments))


def _ask(arguments: argparse.Namespace) -> int:
    check_fields(arguments)
    target = target_of(arguments)
    revisions = decode(get(target, f"{API}/revisions"), RevisionListView)
    incidents = decode(get(target, f"{API}/incidents", {"limit": "500"}), IncidentListView)
    details = {each.sequence: _detail(target, each.sequence) for each in revisions.revisions[:_COMPARED]}
    changes = timeline(revisions.revisions, incidents.incidents, details)
    status = decode(get(target, f"{API}/status"), StatusView)
    grid = timeline_grid(changes, arguments.words, reach=reach_of(status))
    chosen = [row.key for row in grid.rows[: arguments.limit]]
    if arguments.format == "table":
        print(grid_text(grid._replace(rows=grid.rows[: arguments.limit])))
        if any(row.cells[0].text == ">" for row in grid.rows[: arguments.limit]):
            print("\n> the revision that runs")
        if len(grid.rows) > arguments.limit:
            print(f"\n{len(grid.rows) - arguments.limit} older ones; --limit tells more")
        return ExitCode.OK
    told = [change for change in changes if change.key in set(chosen)]
    if arguments.format == "json":
        print(msgspec.json.format(msgspec.json.encode({"changes": told})).decode())
    else:
        RowPrinter(arguments).print(msgspec.json.encode(change) for change in told)
    return ExitCode.OK


def _detail(target: Target, sequence: int) -> RevisionDetailView:
    return decode(get(target, f"{API}/revisions/{quote(str(sequence))}"), RevisionDetailView)


command = ChangesTwin()
