"""`sightline inflight`: what is running right now, the oldest first, and what each of them waits for."""

import argparse
import time
from typing import Any, Final

from console.cli.options import checked_filter
from console.cli.twin import Reading, Twin, body_of, show
from console.client.call import decode
from console.render.grid_text import grid_text
from console.render.traffic.in_flight import in_flight_grid
from gateway.wire.live import InFlightListView

_PATH: Final = "inflight"
_ASK_AGAIN_S: Final = 0.3
_ASKS: Final = 4
"""Workers tell of young exchanges only while somebody asks: the first answer may not have them yet."""


class InFlightTwin(Twin):
    name = "inflight"
    help = "list the requests that are running now, the oldest first"

    def configure_own(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("filter", nargs="*", metavar="FILTER", help="as in `route:orders latency:>500ms`")

    def ask(self, arguments: argparse.Namespace) -> int:
        query = self.query(arguments)
        for _ in range(_ASKS if arguments.replay is None else 0):
            if decode(body_of(arguments, _PATH, query), InFlightListView).is_complete:
                break
            time.sleep(_ASK_AGAIN_S)
        return show(arguments, self.reading(arguments), query)

    def reading(self, arguments: argparse.Namespace) -> Reading[Any]:
        return Reading(_PATH, InFlightListView, lambda view: grid_text(in_flight_grid(view)), objects="exchanges")

    def query(self, arguments: argparse.Namespace) -> dict[str, str]:
        return {"filter": checked_filter(" ".join(arguments.filter))} if arguments.filter else {}


command = InFlightTwin()
