"""Going back to a revision that ran before."""

from aiohttp import web

from gateway.admin.actions import JSON, YAML, apply_response, read_if_match, read_options, require_media_type
from gateway.admin.changes.reads import unknown_revision
from gateway.admin.operations import Call


async def roll_back(call: Call) -> web.StreamResponse:
    require_media_type(call.request, (JSON, YAML))
    options, if_match = read_options(call.request), read_if_match(call.request)
    reference = call.request.match_info["id"]
    result = await call.state.changes.roll_back(
        reference, if_match=if_match, dry_run=options.dry_run, actor=call.actor, reason=options.reason
    )
    if result is None:
        raise unknown_revision()
    return apply_response(result)
