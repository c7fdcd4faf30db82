"""`sightline trace`: the spans of one trace that this gateway knows, as a tree with bars."""

import argparse
from typing import Any

from console.cli.traffic.req import width
from console.cli.twin import Reading, Twin
from console.render.grid_text import grid_text
from console.render.traffic.traces import trace_grid, trace_title
from console.state import reading
from console.state.traffic.traces import lines_of, traces_of
from gateway.wire.views import ExchangeListView


class TraceTwin(Twin):
    name = "trace"
    help = "show the spans of a trace that this gateway knows: requests, attempts, and what each waited for"

    def configure_own(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("id", metavar="ID", help="a trace id, or the id of one of its requests")

    def reading(self, arguments: argparse.Namespace) -> Reading[Any]:
        def told(view: ExchangeListView) -> str:
            traces = traces_of(lines_of(view.exchanges))
            return "\n\n".join(f"{trace_title(trace)}\n{grid_text(trace_grid(trace, width()))}" for trace in traces)

        return Reading(reading.exchange(arguments.id).path, ExchangeListView, told, objects="exchanges")


command = TraceTwin()
