"""What stands beside a list of requests or traces, about the one under its cursor."""

from console.render.blocks import Lines, grid_lines, wrapped
from console.render.cells import Cell
from console.render.traffic.request import request_lines
from console.render.traffic.traces import trace_grid, trace_title
from console.render.traffic.verdicts import Known
from console.state.traffic.traces import Trace
from gateway.wire.live import AccessLine


def request_beside(line: AccessLine, width: int, *, ascii_only: bool) -> Lines:
    """Why this status, and where the time went, as far as its line tells."""
    return [list(each) for each in request_lines(Known(line), width, ascii_only=ascii_only)]


def trace_beside(trace: Trace, width: int, *, ascii_only: bool) -> Lines:
    """Its tree, then its first request."""
    title = Cell(f" {trace_title(trace)}", "crit" if trace.has_failed else "strong")
    tree = grid_lines(trace_grid(trace, width, ascii_only=ascii_only), width)
    return [*wrapped([title], width), *tree, [], *request_beside(trace.lines[0], width, ascii_only=ascii_only)]
