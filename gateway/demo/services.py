"""The demo's sample services, each a process of its own: `python -m gateway.demo.services NAME PORT...`.

catalog is fast until one of its ports is told to hesitate or to fail, reports is slow with a long tail, payments fails now and then
in every way an upstream can.
"""

import asyncio
import json
import random
import sys
from collections.abc import Callable, Sequence
from typing import Any, Final

import uvloop
from aiohttp import web

from gateway.demo.children import ended_by_signal
from gateway.demo.hesitation import make_hesitant
from gateway.demo.ports import HOST

PRODUCTS: Final = 200
"""Products 1 to 200 exist; any other is a 404 of the service's own."""

REPORT_MEDIAN_S: Final = 0.03
REPORT_SPREAD: Final = 1.1
"""Of the logarithm: half of the reports take under 30 ms, one in a hundred more than 380 ms."""
REPORT_LONGEST_S: Final = 1.5

_EXPORT_PIECES: Final = 20
_EXPORT_MOST_KIB: Final = 16 * 1024
_STYLE: Final = "body { font-family: sans-serif }\n" * 40
_STYLE_TAG: Final = '"style-1"'


def catalog_app() -> web.Application:
    app = web.Application()
    make_hesitant(app)
    app.router.add_get("/healthz", _is_well)
    app.router.add_get("/v1/products", _list_products)
    app.router.add_get("/v1/products/{id}", _get_product)
    app.router.add_put("/v1/products/{id}", _put_product)
    app.router.add_delete("/v1/products/{id}", _delete_product)
    app.router.add_get("/v1/search", _search)
    app.router.add_get("/v1/live", _live)
    app.router.add_get("/static/{file:.*}", _asset)
    return app


def reports_app() -> web.Application:
    app = web.Application()
    app.router.add_get("/v1/reports/{name:.*}", _report)
    app.router.add_get("/v1/exports/{name}", _export)
    app.router.add_get("/partner", _partner)
    return app


def payments_app() -> web.Application:
    app = web.Application()
    app.router.add_post("/v1/orders", _create_order)
    app.router.add_get("/v1/orders/{id}", _get_order)
    app.router.add_get("/v1/orders/{id}/receipt", _receipt)
    return app


SERVICES: Final[dict[str, Callable[[], web.Application]]] = {
    "catalog": catalog_app,
    "reports": reports_app,
    "payments": payments_app,
}


async def _is_well(_: web.Request) -> web.Response:
    return web.Response(text="ok\n")


async def _list_products(request: web.Request) -> web.Response:
    currency = "GBP" if request.headers.get("x-price-list") == "blue" else "EUR"
    return web.json_response([{"id": number, "price": number * 1.5, "currency": currency} for number in range(1, 21)])


async def _get_product(request: web.Request) -> web.Response:
    number = _product_number(request)
    return web.json_response({"id": number, "name": f"Product {number}", "price": number * 1.5})


async def _put_product(request: web.Request) -> web.Response:
    _product_number(request)
    return web.json_response(await request.json())


async def _delete_product(request: web.Request) -> web.Response:
    _product_number(request)
    return web.Response(status=204)


async def _search(request: web.Request) -> web.Response:
    return web.json_response({"q": request.query["q"], "found": random.randrange(PRODUCTS)})


async def _asset(request: web.Request) -> web.Response:
    if request.headers.get("If-None-Match") == _STYLE_TAG:
        return web.Response(status=304, headers={"ETag": _STYLE_TAG})
    return web.Response(text=_STYLE, content_type="text/css", headers={"ETag": _STYLE_TAG})


async def _live(request: web.Request) -> web.WebSocketResponse:
    """Sends every message back."""
    tunnel = web.WebSocketResponse()
    await tunnel.prepare(request)
    async for message in tunnel:
        await tunnel.send_str(message.data)
    return tunnel


def _product_number(request: web.Request) -> int:
    text = request.match_info["id"]
    if text.isdecimal() and 1 <= int(text) <= PRODUCTS:
        return int(text)
    raise web.HTTPNotFound(text='{"error":"no such product"}', content_type="application/json")


async def _report(request: web.Request) -> web.Response:
    await asyncio.sleep(_report_time_s())
    return web.json_response({"report": request.match_info["name"], "rows": 42})


async def _export(request: web.Request) -> web.StreamResponse:
    """Streams its lines as they come to be, in chunks; `?kib=N` has them all at once, and more of them."""
    response = web.StreamResponse(headers={"Content-Type": "text/csv"})
    await response.prepare(request)
    if "kib" in request.query:
        for _ in range(min(int(request.query["kib"]), _EXPORT_MOST_KIB)):
            await response.write(b"7,0.123\n" * 128)
        return response
    for piece in range(_EXPORT_PIECES):
        await response.write(f"{piece},{random.random():.6f}\n".encode() * 50)
        await asyncio.sleep(0.005)
    return response


async def _partner(request: web.Request) -> web.Response:
    await asyncio.sleep(_report_time_s())
    return web.json_response({"host": request.host, "for": request.headers.get("X-Forwarded-Host")})


def _report_time_s() -> float:
    return min(REPORT_MEDIAN_S * random.lognormvariate(0, REPORT_SPREAD), REPORT_LONGEST_S)


async def _create_order(request: web.Request) -> web.Response:
    order: dict[str, Any] = json.loads(await request.read())
    await _fail_now_and_then(request)
    return web.json_response({**order, "id": random.randrange(10_000)}, status=201)


async def _get_order(request: web.Request) -> web.Response:
    await _fail_now_and_then(request)
    return web.json_response({"id": request.match_info["id"], "state": "paid"})


async def _receipt(request: web.Request) -> web.StreamResponse:
    """Breaks off in the middle now and then, after the status is long gone."""
    response = web.StreamResponse(headers={"Content-Type": "text/plain", "Content-Length": "4000"})
    await response.prepare(request)
    await response.write(b"r" * 2000)
    await asyncio.sleep(0.02)
    if random.random() < 0.1:
        _hang_up(request)
    await response.write(b"r" * 2000)
    return response


async def _fail_now_and_then(request: web.Request) -> None:
    """Six requests in a hundred: an error of the service's own, no answer at all, or one that comes too late."""
    chance = random.random()
    if chance < 0.03:
        raise web.HTTPInternalServerError(text='{"error":"ledger is locked"}', content_type="application/json")
    if chance < 0.04:
        raise web.HTTPServiceUnavailable(headers={"Retry-After": "1"})
    if chance < 0.05:
        _hang_up(request)
    if chance < 0.06:
        await asyncio.sleep(1.5)


def _hang_up(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()
    raise asyncio.CancelledError


async def serve(name: str, ports: Sequence[int]) -> None:
    """Serve one service on all ports until SIGTERM or SIGINT."""
    with ended_by_signal() as ended:
        # Far longer than the gateway keeps idle connections, so that it is never this side that closes one first.
        runner = web.AppRunner(SERVICES[name](), access_log=None, keepalive_timeout=300, shutdown_timeout=1)
        await runner.setup()
        for port in ports:
            await web.TCPSite(runner, HOST, port).start()
        await ended.wait()
        await runner.cleanup()


def main(arguments: Sequence[str]) -> None:
    uvloop.run(serve(arguments[0], [int(port) for port in arguments[1:]]))


if __name__ == "__main__":
    main(sys.argv[1:])
