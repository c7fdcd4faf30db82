"""The console in a browser: textual-serve behind a token, an origin check and a bounded number of visitors.

Each visitor is a process of their own, which asks the admin API itself: its token never comes near the browser.
"""

import asyncio
import hmac
import logging
import secrets
import shlex
import signal
import sys
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler
from textual_serve.server import Server

from console.client.problems import WrongUsage
from console.client.tokens import token_from
from gateway.wire.exit_codes import ExitCode

MOST_VISITORS: Final = 8
_COOKIE: Final = "sightline_console"
_DAY_S: Final = 86_400
_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        "connect-src 'self' ws: wss:; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


def serve(address: str, token_file: str | None, words: list[str]) -> int:
    """Until it is interrupted; returns the exit code. words: the command each visitor gets. Raises WrongUsage."""
    host, port = split_address(address)
    token = token_from(token_file, None)
    if token is None and not is_loopback(host):
        raise WrongUsage(f"whoever reaches {address} could look at the gateway: it needs --serve-token-file")
    command = shlex.join([sys.executable, "-m", "gateway", *words])
    return asyncio.run(_serve(host, port, ConsoleServer(command, token)))


def split_address(address: str) -> tuple[str, int]:
    """`host:port`, `[::1]:port`. Raises WrongUsage."""
    wrong = WrongUsage(f"expected HOST:PORT, as 127.0.0.1:8900, got {address!r}")
    try:
        parts = urlsplit(f"//{address}")
        host, port = parts.hostname, parts.port
    except ValueError:
        raise wrong from None
    if not host or port is None or parts.path or parts.username is not None:
        raise wrong
    return host, port


def is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


async def _serve(host: str, port: int, server: "ConsoleServer") -> int:
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, over.set)
    # No access log: an address may have the token in it.
    runner = web.AppRunner(await server.make_app(), access_log=None, shutdown_timeout=1.0, handler_cancellation=True)
    try:
        await runner.setup()
        await web.TCPSite(runner, host, port).start()
        bound = runner.addresses[0]
        shown = f"[{bound[0]}]" if ":" in bound[0] else bound[0]
        lead = " ; add ?token=... once" if server.token is not None else ""
        sys.stderr.write(f"the console is at http://{shown}:{bound[1]}/{lead}\n")
        sys.stderr.flush()
        await over.wait()
    except OSError as error:
        raise WrongUsage(f"{host}:{port} cannot be served: {error.strerror}") from error
    finally:
        await runner.cleanup()
    return ExitCode.OK


class ConsoleServer(Server):
    """textual-serve's pages and sockets, for those who may see them."""

    def __init__(self, command: str, token: str | None) -> None:
        super().__init__(command, title="Sightline console", public_url="")
        self.token = token
        self.visitors = 0
        self._pass = secrets.token_urlsafe(32)
        """What a browser that has shown the token keeps instead of it."""
        logging.getLogger("textual-serve").setLevel(logging.ERROR)

    async def make_app(self) -> web.Application:
        app = await self._make_app()
        app.middlewares.append(self._guard)
        return app

    async def on_startup(self, app: web.Application) -> None:
        """Says nothing; what is to be said is said once it listens."""

    async def handle_index(self, request: web.Request) -> web.StreamResponse:
        # The page names its socket and files by the address the browser used: behind a forward there is no other.
        self.public_url = f"{request.scheme}://{request.host}"
        return await super().handle_index(request)

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        if self.visitors >= MOST_VISITORS:
            raise web.HTTPServiceUnavailable(text=f"{MOST_VISITORS} consoles are open, which is as many as may be")
        self.visitors += 1
        try:
            return await super().handle_websocket(request)
        finally:
            self.visitors -= 1

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        is_socket = "Upgrade" in request.headers
        shown = request.query.get("token")
        if not self._may_enter(request, shown):
            raise web.HTTPUnauthorized(
                text="this console needs its token: open it once with ?token=... behind its address"
            )
        if is_socket and not _is_own(request):
            raise web.HTTPForbidden(text="the page this comes from is not of this console")
        if shown is not None and not is_socket:
            # Not left in the address bar, nor in what is sent on as the referrer.
            answer = web.HTTPSeeOther(str(request.rel_url.without_query_params("token")), headers=_HEADERS)
            answer.set_cookie(
                _COOKIE, self._pass, max_age=_DAY_S, httponly=True, samesite="Strict", secure=request.secure
            )
            return answer
        answered = await handler(request)
        if not answered.prepared:
            answered.headers.update(_HEADERS)
        return answered

    def _may_enter(self, request: web.Request, shown: str | None) -> bool:
        if self.token is None:
            # Whatever name a page elsewhere has given this machine, it is not let in by it.
            return is_loopback(urlsplit(f"//{request.host}").hostname or "")
        if shown is not None:
            return hmac.compare_digest(shown.encode(), self.token.encode())
        return hmac.compare_digest(request.cookies.get(_COOKIE, "").encode(), self._pass.encode())


def _is_own(request: web.Request) -> bool:
    """Whether a page of this very address asks. Browsers always say which page does; what is none need not."""
    origin = request.headers.get("Origin")
    return origin is None or urlsplit(origin).netloc == request.host
