"""Calls that only look: health, metrics and the views of the gateway's state."""

from typing import Final

from aiohttp import web

from gateway.admin.operations import LARGE, Call, json_response
from gateway.admin.problem import Problem, ProblemReason
from gateway.telemetry.history.look import LONGEST_S, NOW, SHORTEST_S, Look
from gateway.wire.actions import MeView
from gateway.wire.views import HealthView

_LONGEST_NUMBER: Final = 11
_CLOCKS_APART_S: Final = 60
"""What is now elsewhere may be a little later than now here."""


async def healthz(_call: Call) -> web.StreamResponse:
    return json_response(HealthView(status="ok"))


async def readyz(call: Call) -> web.StreamResponse:
    is_ready, reasons = call.state.is_ready()
    if is_ready:
        return json_response(HealthView(status="ready"))
    return json_response(HealthView(status="not_ready", reasons=reasons), status=503)


async def metrics(call: Call) -> web.StreamResponse:
    rendered = await call.state.render_metrics(call.request.headers.get("Accept", ""))
    if rendered is None:
        raise Problem(ProblemReason.METRICS_DISABLED, "metrics are switched off in the configuration")
    body, content_type = rendered
    return web.Response(body=body, headers={"Content-Type": content_type}, zlib_executor_size=LARGE)


async def me(call: Call) -> web.StreamResponse:
    caller = call.caller
    is_refused = bool(caller.refused)
    return json_response(MeView(name=caller.name, role=caller.role.value, read_only=is_refused, because=caller.refused))


async def status(call: Call) -> web.StreamResponse:
    return json_response(await call.state.status_of(_look(call)))


async def routes(call: Call) -> web.StreamResponse:
    return json_response(await call.state.routes(_look(call)))


async def route(call: Call) -> web.StreamResponse:
    name = call.request.match_info["name"]
    view = await call.state.route(name, _look(call))
    if view is None:
        raise Problem(ProblemReason.NOT_FOUND, "the running configuration has no route of this name")
    return json_response(view)


async def upstreams(call: Call) -> web.StreamResponse:
    return json_response(await call.state.upstreams(_look(call)))


async def upstream(call: Call) -> web.StreamResponse:
    name = call.request.match_info["name"]
    view = await call.state.upstream(name, _look(call))
    if view is None:
        raise Problem(ProblemReason.NOT_FOUND, "the running configuration has no upstream of this name")
    return json_response(view)


async def objectives(call: Call) -> web.StreamResponse:
    return json_response(await call.state.objectives())


async def config(call: Call) -> web.StreamResponse:
    view = call.state.config()
    return json_response(view, headers={"ETag": f'"{view.sequence}"'})


def _look(call: Call) -> Look:
    """The window that the query asks for. Other parameters have never been refused here, and are not now."""
    query = call.request.query
    window_s = _whole(query.get("window"), NOW.window_s)
    if window_s is None or not SHORTEST_S <= window_s <= LONGEST_S:
        raise Problem(
            ProblemReason.BAD_REQUEST,
            f"window must be a whole number of seconds from {SHORTEST_S} to {LONGEST_S} (6 hours)",
        )
    at = query.get("at")
    at_s = _whole(at, 0)
    if at_s is None:
        raise Problem(ProblemReason.BAD_REQUEST, "at must be a time in whole Unix seconds")
    if at is None:
        return Look(window_s)
    now_s = call.state.history.now_s
    if at_s > now_s + _CLOCKS_APART_S:
        raise Problem(ProblemReason.BAD_REQUEST, "at must be a time that has come")
    if at_s <= now_s - LONGEST_S:
        raise Problem(ProblemReason.BAD_REQUEST, "at must be within the last 6 hours: nothing older is kept")
    return Look(window_s, at_s)


def _whole(text: str | None, default: int) -> int | None:
    """None for what is no whole number."""
    if text is None:
        return default
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _LONGEST_NUMBER else None
