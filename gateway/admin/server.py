"""The listening side of the admin API: binds, serves the application, and answers what is not HTTP in its own words."""

import asyncio
import socket
from collections.abc import Sequence
from typing import Final

import structlog
from aiohttp import web

from gateway.admin.access import AccessRules, is_loopback
from gateway.admin.app import SECURITY_FIELDS, Leaving, build_app
from gateway.admin.problem import Problem, ProblemReason
from gateway.admin.state import GatewayState

KEEP_ALIVE_S: Final = 75.0
SHUTDOWN_S: Final = 2.0
"""How long calls that are still running may take when the server closes."""

_BACKLOG: Final = 128

_log = structlog.get_logger("sightline.admin")


class AdminServer:
    """One admin API on one address. `start` binds, or takes over what is bound; `close` lets running calls end and frees the
    port, unless another program has it too."""

    def __init__(self, state: GatewayState, access: AccessRules, host: str, port: int) -> None:
        """host: an IP address or a name. port 0 lets the kernel choose.

        Raises ValueError for an address other machines can reach while no token is configured.
        """
        if not access.tokens and not is_loopback(host):
            raise ValueError(f"the admin API cannot listen on {host} without a token; configure one or use 127.0.0.1")
        self._leaving = Leaving()
        self._app_runner = web.AppRunner(build_app(state, access, self._leaving))
        self._server_runner: web.ServerRunner | None = None
        self.sockets: list[socket.socket] = []
        """Those it listens on."""
        self._host = host
        self._port = port

    @property
    def port(self) -> int:
        """The bound port."""
        return int(self.sockets[0].getsockname()[1])

    async def start(self, inherited: Sequence[socket.socket] = ()) -> None:
        """inherited: sockets that are bound to this address already. Raises OSError when it cannot be bound."""
        await self._app_runner.setup()
        built = self._app_runner.server
        assert built is not None
        self._server_runner = web.ServerRunner(
            _Server(built.request_handler, request_factory=built.request_factory), shutdown_timeout=SHUTDOWN_S
        )
        await self._server_runner.setup()
        try:
            self.sockets = list(inherited) or await _bind(self._host, self._port)
            for sock in self.sockets:
                await web.SockSite(self._server_runner, sock).start()
        except OSError:
            await self.close()
            raise

    async def leave(self) -> None:
        """Another program answers at this address from now on. Connections that are open get one more answer each, and
        what would change something is refused: nobody would hand it on."""
        self._leaving.is_leaving = True
        assert self._server_runner is not None
        for site in list(self._server_runner.sites):
            await site.stop()

    async def close(self) -> None:
        if self._server_runner is not None:
            await self._server_runner.cleanup()
        await self._app_runner.cleanup()


async def _bind(host: str, port: int) -> list[socket.socket]:
    """On every address the name stands for. Raises OSError."""
    loop, bound = asyncio.get_running_loop(), list[socket.socket]()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    try:
        for family, kind, protocol, _, address in dict.fromkeys(found):
            sock = socket.socket(family, kind, protocol)
            bound.append(sock)
            sock.setblocking(False)  # noqa: FBT003 - the signature of the standard library
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            sock.bind(address)
            sock.listen(_BACKLOG)
    except OSError:
        for sock in bound:
            sock.close()
        raise
    return bound


class _Server(web.Server):
    """aiohttp's server with connections of our own kind; there is no other place to say which answers errors."""

    def __call__(self) -> web.RequestHandler:
        return _Connection(
            self,
            loop=asyncio.get_running_loop(),
            keepalive_timeout=KEEP_ALIVE_S,
            access_log=None,  # type: ignore[arg-type]  # None is how aiohttp switches it off
        )


class _Connection(web.RequestHandler):
    """Answers what never reaches the application (bytes that are not HTTP) without naming the library or echoing."""

    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """`message` is left out: it repeats bytes of the request."""
        if request.writer.output_size > 0:
            raise ConnectionError("an answer has begun, so there is no room for one about an error")
        if status < 500:
            response = Problem(
                ProblemReason.BAD_REQUEST, "the request is not HTTP/1.1 as RFC 9112 has it"
            ).to_response()
        else:
            _log.error("admin_connection_failed", exc_info=exc)
            response = Problem(ProblemReason.INTERNAL_ERROR, "the call failed").to_response()
        response.headers.update(SECURITY_FIELDS)
        response.force_close()
        return response
