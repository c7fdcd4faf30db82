"""A service that hesitates or fails on one of its ports when told to, as an endpoint does whose machine has other things to do, or
has lost what it needs."""

import asyncio
import random
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler

HESITATION_PATH: Final = "/-/hesitation"
"""PUT there, on the port it is meant for, the longest hesitation in seconds; 0 ends it. No route of the gateway leads here."""

FAILURE_PATH: Final = "/-/failure"
"""PUT there, in the same way, `on` to have everything answered with 503, and `off` to end it."""

SHORTEST_SHARE: Final = 0.4
LONGEST_S: Final = 5.0

_LONGEST_BY_PORT: Final = web.AppKey("longest_by_port", dict[int, float])
_FAILING_PORTS: Final = web.AppKey("failing_ports", set[int])


def make_hesitant(app: web.Application) -> None:
    """Have every answer of the service wait for as long as was asked of the port its request came to, or be a failure."""
    app[_LONGEST_BY_PORT] = {}
    app[_FAILING_PORTS] = set()
    app.middlewares.append(_hesitate)
    app.router.add_put(HESITATION_PATH, _set_hesitation)
    app.router.add_put(FAILURE_PATH, _set_failure)


@web.middleware
async def _hesitate(request: web.Request, handler: Handler) -> web.StreamResponse:
    port = _port_of(request)
    longest_s = request.app[_LONGEST_BY_PORT].get(port, 0.0)
    if longest_s and request.path != HESITATION_PATH:
        await asyncio.sleep(longest_s * random.uniform(SHORTEST_SHARE, 1.0))
    if port in request.app[_FAILING_PORTS] and request.path != FAILURE_PATH:
        return web.Response(status=503, text="the stock database is gone\n")
    return await handler(request)


async def _set_hesitation(request: web.Request) -> web.Response:
    try:
        longest_s = float(await request.text())
    except ValueError:
        raise web.HTTPBadRequest(text="expected a number of seconds\n") from None
    request.app[_LONGEST_BY_PORT][_port_of(request)] = min(max(longest_s, 0.0), LONGEST_S)
    return web.Response(status=204)


async def _set_failure(request: web.Request) -> web.Response:
    failing, port = request.app[_FAILING_PORTS], _port_of(request)
    match await request.text():
        case "on":
            failing.add(port)
        case "off":
            failing.discard(port)
        case _:
            raise web.HTTPBadRequest(text="expected on or off\n")
    return web.Response(status=204)


def _port_of(request: web.Request) -> int:
    """0 when the client has left meanwhile."""
    port: int = 0 if request.transport is None else request.transport.get_extra_info("sockname")[1]
    return port
