"""`sightline upstreams` (`ups`): every endpoint, the troubled ones first; or all about one upstream."""

import argparse
from typing import Any
from urllib.parse import quote

from console.cli.options import add_look, look_query
from console.cli.twin import Reading, Twin
from console.render.upstreams import render_upstream, render_upstreams
from gateway.wire.views import UpstreamListView, UpstreamView


class UpstreamsTwin(Twin):
    name = "upstreams"
    help = "show the endpoints of each upstream, the troubled ones first"

    def configure_own(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("upstream", nargs="?", metavar="NAME", help="this upstream alone")
        add_look(parser)

    def query(self, arguments: argparse.Namespace) -> dict[str, str]:
        return look_query(arguments)

    def reading(self, arguments: argparse.Namespace) -> Reading[Any]:
        if arguments.upstream is not None:
            return Reading(f"upstreams/{quote(arguments.upstream, safe='')}", UpstreamView, render_upstream)
        return Reading("upstreams", UpstreamListView, render_upstreams, objects="upstreams")


command = UpstreamsTwin()
