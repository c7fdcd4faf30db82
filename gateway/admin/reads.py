"""Calls that only look: health, metrics and the views of the gateway's state."""

from aiohttp import web

from gateway.admin.operations import Call, json_response
from gateway.admin.problem import Problem, ProblemReason
from gateway.wire.views import HealthView


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
    return web.Response(body=body, headers={"Content-Type": content_type})


async def status(call: Call) -> web.StreamResponse:
    return json_response(call.state.status())


async def routes(call: Call) -> web.StreamResponse:
    return json_response(call.state.routes())


async def route(call: Call) -> web.StreamResponse:
    name = call.request.match_info["name"]
    view = call.state.route(name)
    if view is None:
        raise Problem(ProblemReason.NOT_FOUND, "the running configuration has no route of this name")
    return json_response(view)


async def upstreams(call: Call) -> web.StreamResponse:
    return json_response(call.state.upstreams())


async def upstream(call: Call) -> web.StreamResponse:
    name = call.request.match_info["name"]
    view = call.state.upstream(name)
    if view is None:
        raise Problem(ProblemReason.NOT_FOUND, "the running configuration has no upstream of this name")
    return json_response(view)


async def config(call: Call) -> web.StreamResponse:
    view = call.state.config()
    return json_response(view, headers={"ETag": f'"{view.sequence}"'})
