"""Going back to a revision that ran before."""

from aiohttp import web

from gateway.admin.actions import JSON, YAML, apply_response, read_dry_run, read_if_match, require_media_type
from gateway.admin.changes.reads import unknown_revision
from gateway.admin.operations import Call


async def roll_back(call: Call) -> web.StreamResponse:
    require_media_type(call.request, (JSON, YAML))
    dry_run, if_match = read_dry_run(call.request), read_if_match(call.request)
    reference = call.request.match_info["id"]
    result = await call.state.changes.roll_back(reference, if_match=if_match, dry_run=dry_run, actor=call.actor)
    if result is None:
        raise unknown_revision()
    return apply_response(result)
