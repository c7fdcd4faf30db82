"""The stream of live traffic as server-sent events, to one connection, for as long as it reads."""

import asyncio
from typing import Final

from aiohttp import web

from gateway.admin.live.queries import filter_of, refuse_unknown, whole_number
from gateway.admin.operations import Call
from gateway.admin.problem import Problem, ProblemReason
from gateway.admin.state import TooManyFollowers, Wanted

MEDIA_TYPE: Final = "text/event-stream"
DEFAULT_RATE: Final = 50
HIGHEST_RATE: Final = 1000
MOST_LAST: Final = 500

_HEARTBEAT_S: Final = 5.0
_STALL_S: Final = 30.0
"""A connection that takes nothing for so long is closed; what waited for it was counted as lost before."""
_KEYS: Final = ("topics", "filter", "rate", "last", "last_event_id")
_LONGEST_ID: Final = 400


async def stream(call: Call) -> web.StreamResponse:
    wanted = _wanted(call)
    response = web.StreamResponse(headers={"Content-Type": MEDIA_TYPE, "X-Accel-Buffering": "no"})
    if call.request.method == "HEAD":
        await response.prepare(call.request)
        return response
    try:
        following = call.state.live.follow(wanted)
    except TooManyFollowers:
        detail = "as many follow live traffic as can; try again when one of them has gone"
        raise Problem(ProblemReason.TOO_MANY_FOLLOWERS, detail, headers={"Retry-After": "5"}) from None
    try:
        await response.prepare(call.request)
        while not following.is_closed:
            data = await following.read(_HEARTBEAT_S)
            async with asyncio.timeout(_STALL_S):
                await response.write(data)
        await response.write(await following.read(0.0))
    except (TimeoutError, ConnectionError):
        # Whoever does not read, or has gone, is told nothing more; the connection ends with this call.
        response.force_close()
        if call.request.transport is not None:
            call.request.transport.abort()
    finally:
        following.end()
    return response


def _wanted(call: Call) -> Wanted:
    request = call.request
    refuse_unknown(request, _KEYS)
    topics = tuple(dict.fromkeys(request.query.get("topics", "exchanges").split(",")))
    known = call.state.live.topics
    if not set(topics) <= set(known):
        raise Problem(ProblemReason.BAD_REQUEST, f"a topic is not known; there are: {', '.join(known)}")
    return Wanted(
        topics=topics,
        filter=filter_of(request),
        rate=whole_number(request, "rate", DEFAULT_RATE, HIGHEST_RATE),
        last=whole_number(request, "last", 0, MOST_LAST, least=0),
        last_event_id=request.headers.get("Last-Event-ID", request.query.get("last_event_id", ""))[:_LONGEST_ID],
    )
