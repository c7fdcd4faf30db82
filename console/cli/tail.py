"""`sightline tail`: exchanges as they end. Failed and slow ones are all shown, the others as the rate allows."""

import argparse
import sys
from typing import Any, Final

from console.cli.options import checked_filter, target_of, whole_number
from console.cli.rows import RowPrinter
from console.cli.traffic.following import Following
from console.cli.twin import Reading, Twin
from console.client.problems import WrongUsage
from console.render.traffic.exchanges import counts_sentence, exchange_line
from gateway.wire.exit_codes import ExitCode
from gateway.wire.live import decode_line
from gateway.wire.views import ExchangeListView

_LAST: Final = 10


class TailTwin(Twin):
    name = "tail"
    help = "follow requests as they end, those that match a filter"

    def configure_own(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "filter", nargs="*", metavar="FILTER", help="as in `route:orders status:5xx latency:>500ms`"
        )
        parser.add_argument(
            "--last", metavar="N", type=whole_number, default=_LAST, help=f"begin with the last N (default: {_LAST})"
        )
        parser.add_argument(
            "--rate",
            metavar="N",
            type=whole_number,
            help="at most so many a second of those that are neither failed nor slow",
        )
        parser.add_argument(
            "--no-follow", dest="follow", action="store_false", help="the last ones alone, newest first"
        )

    def ask(self, arguments: argparse.Namespace) -> int:
        if not arguments.follow:
            return super().ask(arguments)
        if arguments.format == "json":
            raise WrongUsage("a stream has no end and is no JSON document; use --format ndjson or csv, or --no-follow")
        query = {"filter": checked_filter(" ".join(arguments.filter)), "last": str(arguments.last)}
        query |= {} if arguments.rate is None else {"rate": str(arguments.rate)}
        following = Following(target_of(arguments), {name: value for name, value in query.items() if value})
        printer, printed = RowPrinter(arguments), 0
        try:
            for shown, data in following.events():
                printed += 1
                if arguments.format == "table":
                    print(exchange_line(shown.exchange, shown.weight), flush=True)
                else:
                    printer.print([data.encode()])
        finally:
            if following.counts is not None:
                print(counts_sentence(printed, following.counts), file=sys.stderr)
        return ExitCode.OK

    def reading(self, arguments: argparse.Namespace) -> Reading[Any]:
        def told(view: ExchangeListView) -> str:
            lines = [exchange_line(decode_line(bytes(each))) for each in view.exchanges]
            return "\n".join(lines or ["; ".join(filter(None, ("no recent exchange matches", view.sampling)))])

        return Reading("exchanges", ExchangeListView, told, objects="exchanges")

    def query(self, arguments: argparse.Namespace) -> dict[str, str]:
        query = {"limit": str(arguments.last)}
        return query | ({"filter": checked_filter(" ".join(arguments.filter))} if arguments.filter else {})


command = TailTwin()
