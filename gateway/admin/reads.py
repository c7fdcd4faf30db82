"""Calls that only look: health, metrics and the views of the gateway's state."""

import math
from typing import Final

import msgspec
from aiohttp import web

from gateway.admin.operations import Call, json_response
from gateway.admin.problem import Problem, ProblemReason
from gateway.wire.views import ExchangeFilter, ExchangeListView, HealthView

EXCHANGE_LIMIT: Final = 1000
"""Most access lines one call returns."""

_STATUS_CLASSES: Final = frozenset({"1xx", "2xx", "3xx", "4xx", "5xx"})
_FILTER_KEYS: Final = frozenset({"limit", "route", "status", "reason", "min_duration_ms"})


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


async def exchanges(call: Call) -> web.StreamResponse:
    lines = call.state.exchanges(_to_filter(call.request))
    return json_response(ExchangeListView(exchanges=[msgspec.Raw(line) for line in lines]))


async def config(call: Call) -> web.StreamResponse:
    view = call.state.config()
    return json_response(view, headers={"ETag": f'"{view.sequence}"'})


def _to_filter(request: web.Request) -> ExchangeFilter:
    query = request.query
    if set(query) - _FILTER_KEYS:
        known = ", ".join(sorted(_FILTER_KEYS))
        raise Problem(ProblemReason.BAD_REQUEST, f"a query parameter is not known; there are: {known}")
    return ExchangeFilter(
        limit=_limit(query.get("limit", "100")),
        route=query.get("route"),
        status=_status(query.get("status")),
        reason=query.get("reason"),
        min_duration_ms=_milliseconds(query.get("min_duration_ms")),
    )


def _limit(text: str) -> int:
    # isdecimal alone lets other scripts' digits through, and int() refuses very long numbers.
    if text.isascii() and text.isdecimal() and len(text) <= 4 and 1 <= int(text) <= EXCHANGE_LIMIT:
        return int(text)
    raise Problem(ProblemReason.BAD_REQUEST, f"limit must be a number from 1 to {EXCHANGE_LIMIT}")


def _status(text: str | None) -> str | None:
    if text is None or text in _STATUS_CLASSES or (text.isascii() and text.isdecimal() and len(text) == 3):
        return text
    raise Problem(ProblemReason.BAD_REQUEST, "status must be three digits or a class such as 5xx")


def _milliseconds(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if math.isfinite(value) and value >= 0:
        return value
    raise Problem(ProblemReason.BAD_REQUEST, "min_duration_ms must be a number of milliseconds, 0 or more")
