"""The filter language of live views, lists, streams and logs: one parser for gateway, console and command line.

    route:orders status:5xx,429 latency:>500ms path~"^/v1/" (err | slow) !client:10.0.0.0/8

A space means and, `|` or, `!` not; commas list alternatives. README and `docs` of the console say more; errors say where.
"""

from gateway.wire.filter.errors import FilterError
from gateway.wire.filter.expression import EVERYTHING, Expression, all_of, render
from gateway.wire.filter.fields import EXCHANGES, LOGS, Vocabulary
from gateway.wire.filter.log_predicate import LogPredicate, compile_log_filter
from gateway.wire.filter.parser import parse_filter
from gateway.wire.filter.predicate import Predicate, compile_filter

__all__ = [
    "EVERYTHING",
    "EXCHANGES",
    "LOGS",
    "Expression",
    "FilterError",
    "LogPredicate",
    "Predicate",
    "Vocabulary",
    "all_of",
    "compile_filter",
    "compile_log_filter",
    "parse_filter",
    "render",
]
