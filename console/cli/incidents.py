"""`sightline incidents`: configurations applied and rejected, workers that died, endpoints that changed, drains."""

import argparse
from typing import Any

from console.cli.options import whole_number
from console.cli.twin import Reading, Twin
from console.render.incidents import render_incidents
from gateway.wire.changes import IncidentListView


class IncidentsTwin(Twin):
    name = "incidents"
    help = "list what changed and what happened, oldest first"

    def configure_own(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--kind", help="only these, as `worker_died`, or a family of them, as `config`")
        parser.add_argument("--since", metavar="ID", type=whole_number, help="only those after this one")
        parser.add_argument("--limit", metavar="N", type=whole_number, help="at most so many, the newest")

    def reading(self, arguments: argparse.Namespace) -> Reading[Any]:
        return Reading("incidents", IncidentListView, render_incidents, objects="incidents")

    def query(self, arguments: argparse.Namespace) -> dict[str, str]:
        asked = {"kind": arguments.kind, "since": arguments.since, "limit": arguments.limit}
        return {name: str(value) for name, value in asked.items() if value is not None}


command = IncidentsTwin()
