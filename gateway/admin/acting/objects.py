"""One route or upstream of the running configuration, as text to be read and replaced."""

from typing import Final, get_args

from aiohttp import web

from gateway.admin.actions import (
    YAML,
    apply_response,
    read_if_match,
    read_options,
    read_text,
    require_media_type,
)
from gateway.admin.operations import Call, json_response
from gateway.admin.problem import Problem, ProblemReason
from gateway.admin.state import EditableKind, NotEditable

_KINDS: Final[dict[str, EditableKind]] = {kind: kind for kind in get_args(EditableKind)}


async def read(call: Call) -> web.StreamResponse:
    names = call.request.match_info
    try:
        view = await call.state.actions.objects.read(_kind(names["kind"]), names["name"])
    except NotEditable as verdict:
        raise Problem(ProblemReason.INVALID_REQUEST, str(verdict)) from verdict
    if view is None:
        raise _unknown()
    return json_response(view, headers={"ETag": f'"{view.sequence}"'})


async def replace(call: Call) -> web.StreamResponse:
    require_media_type(call.request, (YAML,))
    names, options, if_match = call.request.match_info, read_options(call.request), read_if_match(call.request)
    try:
        result = await call.state.actions.objects.replace(
            _kind(names["kind"]), names["name"], await read_text(call.request), if_match=if_match,
            dry_run=options.dry_run, actor=call.actor, reason=options.reason,
        )  # fmt: skip
    except NotEditable as verdict:
        raise Problem(ProblemReason.INVALID_REQUEST, str(verdict)) from verdict
    if result is None:
        raise _unknown()
    return apply_response(result)


def _kind(name: str) -> EditableKind:
    if name not in _KINDS:
        raise Problem(ProblemReason.NOT_FOUND, "only a route or an upstream can be read and replaced by itself")
    return _KINDS[name]


def _unknown() -> Problem:
    return Problem(ProblemReason.NOT_FOUND, "the running configuration has no object of this kind and name")
