"""`sightline status`: is the gateway well, and what does it run? Exit code 1 if it is not ready."""

import argparse
from typing import Any

from console.cli.options import add_look, look_query
from console.cli.twin import Reading, Twin
from console.render.status import render_status
from gateway.wire.views import StatusView


class StatusTwin(Twin):
    name = "status"
    help = "tell whether a gateway is ready, what it runs, and how its workers are"

    def configure_own(self, parser: argparse.ArgumentParser) -> None:
        add_look(parser)

    def query(self, arguments: argparse.Namespace) -> dict[str, str]:
        return look_query(arguments)

    def reading(self, arguments: argparse.Namespace) -> Reading[Any]:
        return Reading("status", StatusView, render_status, holds=lambda status: status.ready)


command = StatusTwin()
