"""Which of two routes that both match a request wins: one tuple per route and host, smaller is earlier.

The order is the Gateway API's (design section 7), written down here and nowhere else.
"""

from typing import Final, TypeAlias

from gateway.model.route import Match, PathKind, Route
from gateway.routing.templates import Segment, parse_template

ANY_HOST: Final = "*"

Rank: TypeAlias = tuple[int, tuple[int, int], int, tuple[int, ...], int, int, int, int]
"""Priority, host, kind of path, how specific the path is, method, header fields, query parameters, file order."""

_RULES: Final = (
    "higher priority",
    "more specific host",
    "more specific kind of path match",
    "more specific path",
    "names a method",
    "more header predicates",
    "more query predicates",
    "earlier in the configuration",
)
_PATH_KINDS: Final = {
    PathKind.EXACT: 0,
    PathKind.TEMPLATE: 1,
    PathKind.PREFIX: 2,
    PathKind.REGEX: 3,
    PathKind.ANY: 4,
}


def rank_of(route: Route, host: str) -> Rank:
    """The place of a route among those that may take a request for one of its hosts (`*` where it names none)."""
    match = route.match
    return (
        -route.priority,
        _host_rank(host),
        _PATH_KINDS[match.path_kind],
        _path_rank(match),
        0 if match.methods else 1,
        -len(match.headers),
        -len(match.query),
        route.index,
    )


def deciding_rule(winner: Rank, other: Rank) -> str:
    """The first rule of precedence that sets two routes apart, in words that complete "it wins: ..."."""
    for rule, first, second in zip(_RULES, winner, other, strict=True):
        if first != second:
            return rule
    return _RULES[-1]


def _host_rank(host: str) -> tuple[int, int]:
    if host == ANY_HOST:
        return (2, 0)
    return (1, -len(host)) if host.startswith("*.") else (0, 0)


def _path_rank(match: Match) -> tuple[int, ...]:
    """Lengths for prefixes and patterns; for templates, segment by segment: literal, then {name}, then {name*}."""
    if match.path_kind is PathKind.TEMPLATE:
        return tuple(_segment_rank(segment) for segment in parse_template(match.path))
    if match.path_kind is PathKind.PREFIX:
        return (-len(match.path.rstrip("/")),)
    if match.path_kind is PathKind.REGEX:
        return (-len(match.path),)
    return ()


def _segment_rank(segment: Segment) -> int:
    return 2 if segment.takes_rest else int(segment.is_parameter)
