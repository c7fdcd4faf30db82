"""The filter language of live views, lists and streams: one parser for gateway, console and command line.

    route:orders status:5xx,429 latency:>500ms path~"^/v1/" (err | slow) !client:10.0.0.0/8

A space means and, `|` or, `!` not; commas list alternatives. README and `docs` of the console say more; errors say where.
"""

from gateway.wire.filter.errors import FilterError
from gateway.wire.filter.expression import EVERYTHING, Expression, all_of, render
from gateway.wire.filter.parser import parse_filter
from gateway.wire.filter.predicate import Predicate, compile_filter

__all__ = [
    "EVERYTHING",
    "Expression",
    "FilterError",
    "Predicate",
    "all_of",
    "compile_filter",
    "parse_filter",
    "render",
]
