"""`sightline upstreams` (`ups`): every endpoint, the troubled ones first; or all about one upstream."""

import argparse
from typing import Any, Final
from urllib.parse import quote

from console.cli.knowing import known
from console.cli.options import add_look, look_query
from console.cli.twin import Reading, Twin
from console.render.grid_text import grid_text
from console.render.health.upstream_grid import upstream_grid
from console.render.upstreams import render_upstream, render_upstreams
from console.state.health.endpoints import FAILED_LATELY, courses_of_endpoints, health_of_endpoints
from console.state.health.looking import upstreams_seen
from console.state.model import Model
from console.state.reading import AnyReading, upstreams
from gateway.wire.exit_codes import ExitCode
from gateway.wire.upstream_views import UpstreamListView, UpstreamView

_WINDOW_S: Final = 60


class UpstreamsTwin(Twin):
    name = "upstreams"
    help = "show the endpoints of each upstream, the troubled ones first"

    def configure_own(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("upstream", nargs="?", metavar="NAME", help="this upstream alone")
        add_look(parser)

    def query(self, arguments: argparse.Namespace) -> dict[str, str]:
        return look_query(arguments)

    def ask(self, arguments: argparse.Namespace) -> int:
        if arguments.upstream is not None or arguments.format != "table":
            return super().ask(arguments)
        model = known(arguments, _wanted, _WINDOW_S)
        print(grid_text(upstream_grid(model, "", ascii_only=False)))
        return ExitCode.OK

    def reading(self, arguments: argparse.Namespace) -> Reading[Any]:
        if arguments.upstream is not None:
            return Reading(f"upstreams/{quote(arguments.upstream, safe='')}", UpstreamView, render_upstream)
        return Reading("upstreams", UpstreamListView, render_upstreams, objects="upstreams")


def _wanted(model: Model) -> list[AnyReading]:
    view = upstreams_seen(model)
    found = health_of_endpoints(model, view.upstreams) if view is not None else []
    return [upstreams(model.window_s, model.at_s), FAILED_LATELY, *courses_of_endpoints(found)]


command = UpstreamsTwin()
