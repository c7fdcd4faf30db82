"""The usual Python proxy: an aiohttp server calling an aiohttp client, on uvloop, streaming both ways.

A peer of the comparison, not part of the product: python aiohttp_proxy.py PORT UPSTREAM_PORT
"""

import sys
from collections.abc import AsyncIterator

import aiohttp
import uvloop
from aiohttp import web
from multidict import CIMultiDict

HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "content-length"}
)
SESSION = web.AppKey("session", aiohttp.ClientSession)


def build_app(upstream_port: int) -> web.Application:
    """An application that forwards everything to the upstream."""
    origin = f"http://127.0.0.1:{upstream_port}"

    async def forward(request: web.Request) -> web.StreamResponse:
        headers = CIMultiDict((k, v) for k, v in request.headers.items() if k.lower() not in HOP_BY_HOP)
        headers.add("X-Forwarded-For", request.remote or "")
        body = request.content.iter_any() if request.can_read_body else None
        async with request.app[SESSION].request(
            request.method, origin + request.path_qs, headers=headers, data=body, allow_redirects=False
        ) as answer:
            fields = CIMultiDict((k, v) for k, v in answer.headers.items() if k.lower() not in HOP_BY_HOP)
            reply = web.StreamResponse(status=answer.status, reason=answer.reason, headers=fields)
            reply.content_length = answer.content_length
            await reply.prepare(request)
            async for piece in answer.content.iter_any():
                await reply.write(piece)
            await reply.write_eof()
            return reply

    async def session(app: web.Application) -> AsyncIterator[None]:
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector, auto_decompress=False) as opened:
            app[SESSION] = opened
            yield

    app = web.Application(client_max_size=1 << 40)
    app.cleanup_ctx.append(session)
    app.router.add_route("*", "/{path:.*}", forward)
    return app


if __name__ == "__main__":
    uvloop.install()
    web.run_app(build_app(int(sys.argv[2])), host="127.0.0.1", port=int(sys.argv[1]), access_log=None, print=None)
