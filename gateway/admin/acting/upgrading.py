"""Replacing the running program by what is on disk."""

import msgspec
from aiohttp import web

from gateway.admin.actions import JSON, plain_reason, require_media_type
from gateway.admin.operations import Call, json_response
from gateway.admin.problem import Problem, ProblemReason
from gateway.admin.state import NotUpgradable
from gateway.wire.actions import UpgradeRequest

_decoder = msgspec.json.Decoder(UpgradeRequest)


async def upgrade(call: Call) -> web.StreamResponse:
    require_media_type(call.request, (JSON,))
    try:
        wanted = _decoder.decode(await call.request.read() or b"{}")
    except msgspec.ValidationError as error:
        raise Problem(ProblemReason.INVALID_REQUEST, str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Problem(ProblemReason.BAD_REQUEST, "the body is not JSON") from error
    try:
        return json_response(call.state.actions.upgrades.begin(call.actor, plain_reason(wanted.reason)))
    except NotUpgradable as verdict:
        raise Problem(ProblemReason.NOT_UPGRADABLE, str(verdict)) from verdict
