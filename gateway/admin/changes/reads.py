"""Calls that look at what changed."""

from typing import Final, get_args

from aiohttp import web

from gateway.admin.operations import Call, json_response
from gateway.admin.problem import Problem, ProblemReason
from gateway.wire.changes import IncidentKind

INCIDENT_LIMIT: Final = 1000
"""Most incidents one call returns."""

_KEYS: Final = frozenset({"since", "kind", "limit"})
_KINDS: Final[frozenset[str]] = frozenset(get_args(IncidentKind))
_FAMILIES: Final = frozenset(kind.partition("_")[0] for kind in _KINDS)


async def incidents(call: Call) -> web.StreamResponse:
    query = call.request.query
    if set(query) - _KEYS:
        raise Problem(ProblemReason.BAD_REQUEST, f"a query parameter is not known; there are: {_listed(_KEYS)}")
    since = query.get("since")
    after = None if since is None else whole_number("since", since, 0, 10**15)
    limit = whole_number("limit", query.get("limit", "100"), 1, INCIDENT_LIMIT)
    return json_response(call.state.changes.incidents(after, _kinds(query.get("kind", "")), limit))


def _kinds(text: str) -> frozenset[str]:
    """Kinds and families, separated by commas; none is all."""
    kinds = frozenset(text.split(",")) if text else frozenset()
    if kinds - _KINDS - _FAMILIES:
        raise Problem(ProblemReason.BAD_REQUEST, f"a kind is not known; there are: {_listed(_KINDS | _FAMILIES)}")
    return kinds


def whole_number(name: str, text: str, least: int, most: int) -> int:
    """A number from a query. Raises Problem."""
    # isdecimal alone lets other scripts' digits through, and int() refuses very long numbers.
    if text.isascii() and text.isdecimal() and len(text) <= len(str(most)) and least <= int(text) <= most:
        return int(text)
    raise Problem(ProblemReason.BAD_REQUEST, f"{name} must be a number from {least} to {most}")


def _listed(words: frozenset[str]) -> str:
    return ", ".join(sorted(words))
