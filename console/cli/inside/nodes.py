"""`sightline nodes`: does every node run the same thing, and how are its processes? Exit code 1 where not all is synced."""

import argparse
from typing import Any

from console.cli.twin import Reading, Twin
from console.render.grid_text import grid_text
from console.render.inside.nodes import node_grid, worker_grid
from console.state.inside.nodes import Heard, verdict
from gateway.wire.views import StatusView

_JUST_NOW = Heard(0.0)


class NodesTwin(Twin):
    name = "nodes"
    help = "tell of each node and worker what it runs, what it takes and when it was heard"

    def reading(self, arguments: argparse.Namespace) -> Reading[Any]:
        return Reading("status", StatusView, render_nodes, "workers", holds=_is_synced)


def render_nodes(status: StatusView) -> str:
    """A sentence, the node, and its processes."""
    _, told = verdict(status, _JUST_NOW)
    return "\n\n".join([told, grid_text(node_grid(status, _JUST_NOW)), grid_text(worker_grid(status, _JUST_NOW))])


def _is_synced(status: StatusView) -> bool:
    return all(worker.sync == "synced" for worker in status.workers)


command = NodesTwin()
