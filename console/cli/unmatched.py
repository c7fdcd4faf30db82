"""`sightline unmatched`: where requests go that no route takes."""

import argparse
from typing import Any

from console.cli.twin import Reading, Twin
from console.render.grid_text import grid_text
from console.render.traffic.unmatched import unmatched_grid
from gateway.wire.live import UnmatchedListView


class UnmatchedTwin(Twin):
    name = "unmatched"
    help = "rank the requests that no route took, by host and path"

    def reading(self, arguments: argparse.Namespace) -> Reading[Any]:
        return Reading("unmatched", UnmatchedListView, lambda view: grid_text(unmatched_grid(view)), objects="paths")


command = UnmatchedTwin()
