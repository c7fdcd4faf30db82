"""`sightline top`: who or what makes the traffic of these seconds, by rate, failures or time; from a sample with weights."""

import argparse
import sys
import time
from typing import Final

import msgspec

from console.cli.options import add_gateway, add_row_format, checked_filter, seconds, target_of, whole_number
from console.cli.rows import RowPrinter, check_fields
from console.cli.traffic.following import Following
from console.cli.twin import run_asking
from console.render.grid_text import grid_text
from console.render.traffic.top import KEYS, SORTS, Tally, TopRow, top_grid
from gateway.wire.exit_codes import ExitCode

_RATE: Final = 1000
_SECONDS: Final = 5.0


class TopTwin:
    name = "top"
    help = "rank routes, clients, paths or endpoints by the traffic of the next seconds"

    def configure(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "by", nargs="?", choices=tuple(KEYS), default="route", help="what is ranked (default: route)"
        )
        parser.add_argument("--filter", metavar="FILTER", default="", help="only these, as in `status:5xx`")
        parser.add_argument("--sort", choices=tuple(SORTS), default="rate", help="(default: rate)")
        parser.add_argument(
            "--for", dest="for_s", metavar="DURATION", type=seconds, default=_SECONDS, help=f"(default: {_SECONDS:g}s)"
        )
        parser.add_argument(
            "--limit", metavar="N", type=whole_number, default=20, help="lines of the table (default: 20)"
        )
        add_row_format(parser)
        add_gateway(parser)

    def run(self, arguments: argparse.Namespace) -> int:
        return run_asking(lambda: self._ask(arguments))

    def _ask(self, arguments: argparse.Namespace) -> int:
        check_fields(arguments)
        query = {"rate": str(_RATE)} | ({"filter": checked_filter(arguments.filter)} if arguments.filter else {})
        following = Following(target_of(arguments), query)
        tally, started_s = Tally(KEYS[arguments.by]), time.monotonic()
        for shown in following.exchanges(until_s=started_s + arguments.for_s):
            tally.add(shown.exchange, shown.weight)
        rows = tally.rows(time.monotonic() - started_s, SORTS[arguments.sort])[: arguments.limit]
        self._print(arguments, rows, tally)
        if following.counts is not None and following.counts.lost:
            print(f"{following.counts.lost} exchanges were lost: the figures are too low", file=sys.stderr)
        return ExitCode.OK

    def _print(self, arguments: argparse.Namespace, rows: list[TopRow], tally: Tally) -> None:
        if arguments.format == "table":
            print(grid_text(top_grid(arguments.by, rows, tally)))
        elif arguments.format == "json":
            print(msgspec.json.format(msgspec.json.encode(rows)).decode())
        else:
            RowPrinter(arguments).print(msgspec.json.encode(row) for row in rows)


command = TopTwin()
