"""An aiohttp server whose upstream side is raw: pooled asyncio protocols with an httptools parser, on uvloop.

A peer of the comparison, not part of the product: python aiohttp_httptools.py PORT UPSTREAM_PORT
It shows what is left of aiohttp's cost when its client is taken out. Requests carry no body here.
"""

import asyncio
import sys
from typing import cast

import httptools
import uvloop
from aiohttp import web
from multidict import CIMultiDict

HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
        b"content-length",
    }
)


class UpstreamConnection(asyncio.Protocol):
    """One kept-alive connection to the upstream, one exchange at a time."""

    def __init__(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None
        self._done: asyncio.Future[None] | None = None
        self.headers: list[tuple[bytes, bytes]] = []
        self.body: list[bytes] = []

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    @property
    def status(self) -> int:
        return self._parser.get_status_code()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self._done is not None and not self._done.done():
            self._done.set_exception(ConnectionResetError("upstream closed"))

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name, value))

    def on_body(self, body: bytes) -> None:
        self.body.append(body)

    def on_message_complete(self) -> None:
        if self._done is not None and not self._done.done():
            self._done.set_result(None)

    async def exchange(self, head: bytes) -> None:
        """Send one request and return when its answer is complete."""
        assert self._transport is not None
        self.headers = []
        self.body = []
        self._done = asyncio.get_running_loop().create_future()
        self._transport.write(head)
        await self._done


class Forwarder:
    """Takes each request of the server to a pooled connection."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._idle: list[UpstreamConnection] = []

    async def forward(self, request: web.BaseRequest) -> web.StreamResponse:
        lines = [f"{request.method} {request.path_qs} HTTP/1.1\r\n".encode()]
        lines.extend(b"%b: %b\r\n" % field for field in request.raw_headers if field[0].lower() not in HOP_BY_HOP)
        lines.append(f"X-Forwarded-For: {request.remote}\r\n\r\n".encode())
        connection = await self._lease()
        await connection.exchange(b"".join(lines))
        fields = CIMultiDict(
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, value in connection.headers
            if name.lower() not in HOP_BY_HOP
        )
        reply = web.Response(status=connection.status, headers=fields, body=b"".join(connection.body))
        self._idle.append(connection)
        return reply

    async def _lease(self) -> UpstreamConnection:
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open:
                return connection
        loop = asyncio.get_running_loop()
        _, opened = await loop.create_connection(UpstreamConnection, "127.0.0.1", self._port)
        return opened


async def serve(port: int, upstream_port: int) -> None:
    """Serve until the process is ended."""
    runner = web.ServerRunner(web.Server(Forwarder(upstream_port).forward, access_log=None))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), int(sys.argv[2])))
