"""What stands beside a list, about the row under its cursor: a page in short, as lines of one width."""

from console.render.blocks import Lines, grid_lines, wrapped_all
from console.render.cells import Cell
from console.render.health.endpoint_page import endpoint_lines, endpoint_plots, incident_grid
from console.render.health.route_page import endpoint_grid, head_lines, plots
from console.state.health.endpoint_page import EndpointPage
from console.state.health.route_page import RoutePage

_INCIDENTS = 8
_PLOT = 3
"""Lines below which a plot says nothing."""
_PLOTS = 24
"""Lines beyond which they say no more."""


def route_beside(page: RoutePage, width: int, height: int, now_s: float, *, ascii_only: bool) -> Lines:
    """Its verdict and figures, its endpoints, its course."""
    lines: Lines = [[Cell(f" {page.route.name}", "strong")]]
    lines += wrapped_all(head_lines(page, width, now_s, ascii_only=ascii_only), width)
    lines += [*grid_lines(endpoint_grid(page, ascii_only=ascii_only), width), []]
    room = min(_PLOTS, height - len(lines))
    return [*lines, *plots(page, width, room, ascii_only=ascii_only)] if room >= _PLOT else lines


def endpoint_beside(page: EndpointPage, width: int, height: int, now_s: float, *, ascii_only: bool) -> Lines:
    """Its state and figures, what happened to it last, its course."""
    lines = wrapped_all(endpoint_lines(page, now_s, ascii_only=ascii_only), width)
    grid = incident_grid(page, now_s)
    lines += [[], *grid_lines(grid._replace(rows=grid.rows[:_INCIDENTS]), width), []]
    room = min(_PLOTS, height - len(lines))
    return [*lines, *endpoint_plots(page, width, room, ascii_only=ascii_only)] if room >= _PLOT else lines
