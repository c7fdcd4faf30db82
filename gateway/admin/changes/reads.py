"""Calls that look at what changed."""

from typing import Final, get_args

from aiohttp import web

from gateway.admin.operations import Call, json_response
from gateway.admin.problem import Problem, ProblemReason
from gateway.wire.changes import IncidentKind

INCIDENT_LIMIT: Final = 1000
"""Most incidents one call returns."""
WINDOW_S: Final = 300
LONGEST_WINDOW_S: Final = 6 * 3600

_INCIDENT_KEYS: Final = frozenset({"since", "kind", "limit"})
_REVISION_KEYS: Final = frozenset({"window_s"})
_KINDS: Final[frozenset[str]] = frozenset(get_args(IncidentKind))
_FAMILIES: Final = frozenset(kind.partition("_")[0] for kind in _KINDS)


async def incidents(call: Call) -> web.StreamResponse:
    query = call.request.query
    _refuse_unknown(call.request, _INCIDENT_KEYS)
    since = query.get("since")
    after = None if since is None else _whole_number("since", since, 0, 10**15)
    limit = _whole_number("limit", query.get("limit", "100"), 1, INCIDENT_LIMIT)
    return json_response(call.state.changes.incidents(after, _kinds(query.get("kind", "")), limit))


async def revisions(call: Call) -> web.StreamResponse:
    return json_response(call.state.changes.revisions())


async def revision(call: Call) -> web.StreamResponse:
    _refuse_unknown(call.request, _REVISION_KEYS)
    window_s = _whole_number("window_s", call.request.query.get("window_s", str(WINDOW_S)), 1, LONGEST_WINDOW_S)
    view = await call.state.changes.revision(call.request.match_info["id"], window_s)
    if view is None:
        raise unknown_revision()
    return json_response(view)


async def difference(call: Call) -> web.StreamResponse:
    names = call.request.match_info
    view = await call.state.changes.difference(names["a"], names["b"])
    if view is None:
        raise unknown_revision()
    return json_response(view)


def unknown_revision() -> Problem:
    """For a reference that leads to nothing."""
    return Problem(
        ProblemReason.NOT_FOUND,
        "no revision that is remembered is called so; expected a revision, a sequence, running or previous",
    )


def _kinds(text: str) -> frozenset[str]:
    """Kinds and families, separated by commas; none is all."""
    kinds = frozenset(text.split(",")) if text else frozenset()
    if kinds - _KINDS - _FAMILIES:
        raise Problem(ProblemReason.BAD_REQUEST, f"a kind is not known; there are: {_listed(_KINDS | _FAMILIES)}")
    return kinds


def _refuse_unknown(request: web.Request, keys: frozenset[str]) -> None:
    if set(request.query) - keys:
        raise Problem(ProblemReason.BAD_REQUEST, f"a query parameter is not known; there are: {_listed(keys)}")


def _whole_number(name: str, text: str, least: int, most: int) -> int:
    # isdecimal alone lets other scripts' digits through, and int() refuses very long numbers.
    if text.isascii() and text.isdecimal() and len(text) <= len(str(most)) and least <= int(text) <= most:
        return int(text)
    raise Problem(ProblemReason.BAD_REQUEST, f"{name} must be a number from {least} to {most}")


def _listed(words: frozenset[str]) -> str:
    return ", ".join(sorted(words))
