"""Calls that look at recent traffic."""

from typing import Final

from aiohttp import web

from gateway.admin.live.queries import filter_of, refuse_unknown, whole_number
from gateway.admin.operations import Call, json_response
from gateway.admin.problem import Problem, ProblemReason

EXCHANGE_LIMIT: Final = 1000
"""Most access lines one call returns."""
UNMATCHED_LIMIT: Final = 512

_EXCHANGES: Final = ("filter", "limit", "before", "route", "status", "reason", "min_duration_ms")
_LONGEST_ID: Final = 128


async def exchanges(call: Call) -> web.StreamResponse:
    refuse_unknown(call.request, _EXCHANGES)
    wanted = filter_of(call.request)
    limit = whole_number(call.request, "limit", 100, EXCHANGE_LIMIT)
    try:
        return json_response(call.state.live.exchanges(wanted, limit, call.request.query.get("before", "")))
    except ValueError:
        raise Problem(ProblemReason.BAD_REQUEST, "before must be the `next` of an earlier answer") from None


async def exchange(call: Call) -> web.StreamResponse:
    wanted = call.request.match_info["id"]
    view = call.state.live.exchange(wanted[:_LONGEST_ID])
    if not view.exchanges:
        since = f", back to {view.since}," if view.since else ""
        detail = "; ".join(
            filter(None, (f"none of the {view.scanned} exchanges kept{since} has this id", view.sampling))
        )
        raise Problem(ProblemReason.NOT_FOUND, detail)
    return json_response(view)


async def in_flight(call: Call) -> web.StreamResponse:
    refuse_unknown(call.request, ("filter", "limit", "route", "min_duration_ms"))
    wanted = filter_of(call.request)
    limit = whole_number(call.request, "limit", 100, EXCHANGE_LIMIT)
    return json_response(call.state.live.in_flight(wanted, limit))


async def unmatched(call: Call) -> web.StreamResponse:
    refuse_unknown(call.request, ("limit",))
    return json_response(call.state.live.unmatched(whole_number(call.request, "limit", 50, UNMATCHED_LIMIT)))
