"""`sightline status` and `sightline overview`: is the gateway well, and what does it run? Exit code 1 if it is not ready."""

import argparse
from typing import Any

from console.cli.twin import Reading, Twin
from console.render.status import render_status
from gateway.wire.views import StatusView


class StatusTwin(Twin):
    name = "status"
    help = "tell whether a gateway is ready, what it runs, and how its workers are"

    def reading(self, arguments: argparse.Namespace) -> Reading[Any]:
        return Reading("status", StatusView, render_status, holds=lambda status: status.ready)


command = StatusTwin()
