"""Draining an endpoint, giving it back, weighing it; or telling what that would do."""

from typing import Final, get_args

import msgspec
from aiohttp import web

from gateway.admin.actions import JSON, plain_reason, read_options, require_media_type
from gateway.admin.operations import Call, json_response
from gateway.admin.problem import Problem, ProblemReason
from gateway.admin.state import Expected, NotAsExpected
from gateway.wire.actions import EndpointAction, EndpointActionRequest

HEAVIEST: Final = 1_000_000
"""As in the configuration."""

_ACTIONS: Final[dict[str, EndpointAction]] = {name: name for name in get_args(EndpointAction)}
_DIGITS: Final = 18

_decoder = msgspec.json.Decoder(EndpointActionRequest)


async def act(call: Call) -> web.StreamResponse:
    """What to do is the last part of the path."""
    require_media_type(call.request, (JSON,))
    names = call.request.match_info
    action = _ACTIONS[call.request.path.rpartition("/")[2]]
    wanted = _wanted(await call.request.read(), action)
    options = read_options(call.request)
    try:
        view = call.state.actions.endpoints.act(
            (names["name"], names["address"]),
            action,
            msgspec.structs.replace(wanted, reason=plain_reason(wanted.reason) or options.reason),
            expected=read_expected(call.request),
            dry_run=options.dry_run,
            actor=call.actor,
        )
    except NotAsExpected as other:
        detail = "something has changed since this was looked at; look again before changing it"
        etag = {"ETag": f'"{other.etag}"'}
        raise Problem(ProblemReason.CONFLICT, detail, headers=etag, sequence=other.sequence) from other
    if view is None:
        raise Problem(ProblemReason.NOT_FOUND, "the running configuration has no such endpoint")
    return json_response(view, headers={"ETag": f'"{view.etag}"'})


def read_expected(request: web.Request) -> Expected | None:
    """What If-Match says: `"3"`, the sequence of the configuration, or `"3.7"`, as a preview has it. Raises Problem."""
    field = request.headers.get("If-Match", "*").strip()
    if field == "*":
        return None
    tag = field[1:-1] if len(field) >= 2 and field[0] == field[-1] == '"' else field
    sequence, dot, version = tag.partition(".")
    if _is_number(sequence) and (_is_number(version) or not dot):
        return Expected(int(sequence), int(version) if dot else None)
    raise Problem(ProblemReason.BAD_REQUEST, "If-Match must be a sequence, or the ETag of a preview")


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= _DIGITS


def _wanted(body: bytes, action: EndpointAction) -> EndpointActionRequest:
    try:
        wanted = _decoder.decode(body or b"{}")
    except msgspec.ValidationError as error:
        raise Problem(ProblemReason.INVALID_REQUEST, str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Problem(ProblemReason.BAD_REQUEST, "the body is not JSON") from error
    if (wanted.weight is not msgspec.UNSET) != (action == "weight"):
        raise Problem(
            ProblemReason.INVALID_REQUEST, "a weight, or null for the configured one, goes with `weight` alone"
        )
    if isinstance(wanted.weight, int) and not 1 <= wanted.weight <= HEAVIEST:
        detail = f"a weight is a number from 1 to {HEAVIEST}; to give an endpoint nothing, drain it"
        raise Problem(ProblemReason.INVALID_REQUEST, detail)
    return wanted
