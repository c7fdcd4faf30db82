"""A gateway with something wrong in it for every question an operator asks: routes with objectives, upstreams of several
endpoints, steady traffic, and incidents that are seeded one by one."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from aiohttp import web

from tests.support.loop_thread import LoopThread
from tests.support.origin import OK, Origin, OriginConnection
from tests.support.paced_load import Finished, PacedLoad
from tests.support.program import Program
from tests.support.waiting import wait_until

ENDPOINTS: Final = {
    "catalog": ("127.0.1.1", "127.0.1.2"),
    "orders": ("127.0.1.3", "127.0.1.4"),
    "search": ("127.0.1.5", "127.0.1.6"),
    # Enough of them that one can go without leaving the others too little.
    "stock": ("127.0.1.7", "127.0.1.8", "127.0.1.9", "127.0.1.10", "127.0.1.11"),
}
SLOW: Final = "127.0.1.6"
REFUSING: Final = "127.0.1.9"
STEADY: Final = "127.0.1.7"
"""One that nothing is wrong with."""
NOISY: Final = "127.0.0.66"
"""A client that asks for what is not there."""

RATES: Final = {
    "/v1/catalog/1": (20.0, "127.0.0.11"),
    "/v1/orders/1": (12.0, "127.0.0.12"),
    "/v1/search": (12.0, "127.0.0.13"),
    "/v1/stock/1": (20.0, "127.0.0.14"),
}
"""Requests a second, and the client they come from."""
NOISE: Final = 25.0
LIMITED: Final = 1.0

_ORDER_S: Final = 0.15
SHORT: Final = "30ms"
"""A timeout that no order keeps to."""


class Service:
    """An endpoint on an address of its own. `delay_s` holds for the requests to come."""

    def __init__(self, thread: LoopThread, host: str, delay_s: float = 0.0) -> None:
        self.host = host
        self.delay_s = delay_s
        self.requests = 0
        self.port = 0
        self._thread = thread
        self._runner: web.AppRunner | None = None
        self._held: socket.socket | None = None

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port}"

    def start(self) -> None:
        self._release()
        self._thread.run(self._start())

    def stop(self) -> None:
        """From now on connections are refused; those that are open end."""
        self._thread.run(self._stop())
        # Bound and not listening, so that nobody else comes to listen there.
        self._held = socket.socket()
        self._held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._held.bind((self.host, self.port))

    def close(self) -> None:
        self._thread.run(self._stop())
        self._release()

    def _release(self) -> None:
        if self._held is not None:
            self._held.close()
            self._held = None

    async def _start(self) -> None:
        app = web.Application()
        app.router.add_route("*", "/{rest:.*}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, keepalive_timeout=300, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.host, self.port, reuse_address=True)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def _stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _answer(self, _: web.Request) -> web.Response:
        self.requests += 1
        if self.delay_s:
            await asyncio.sleep(self.delay_s)
        return web.Response(text="here")


async def goes_stale(connection: OriginConnection) -> None:
    """A script: hangs up on the second request of a connection, so that the gateway has to try again on another."""
    _ = await connection.read_request(120.0)
    await connection.send(OK)
    await connection.read_head(120.0)
    await connection.reset()


class Scene:
    """The running gateway, its services by host, and what each of the loads sends, by path."""

    def __init__(self, program: Program, services: dict[str, Service], stale: Origin) -> None:
        self.program = program
        self.services = services
        self.loads: dict[str, PacedLoad] = {}
        self.url = f"http://127.0.0.1:{program.admin_port}"
        self._stale = stale

    def configuration(self, orders_timeout: str = "15s") -> str:
        """The text of a revision."""
        lines = ["listeners:", f"  - {{name: public, address: '127.0.0.1:{self.program.port}'}}", "upstreams:"]
        for name, hosts in ENDPOINTS.items():
            addresses = ", ".join(f"'{self.services[host].address}'" for host in hosts)
            lines.append(f"  {name}: {{endpoints: [{addresses}], balance: round_robin}}")
        lines += [
            f"  legacy: {{endpoints: ['{self._stale.address}']}}",
            "routes:",
            _route("catalog", "path_prefix: /v1/catalog", "latency: {target: 99%, under: 250ms}"),
            _route(
                "orders",
                "path: '/v1/orders/{id}', methods: [GET, POST]",
                "latency: {target: 99%, under: 250ms}",
                f"timeouts: {{first_byte: {orders_timeout}}}",
            ),
            _route("search", "path: /v1/search", "latency: {target: 95%, under: 150ms}"),
            _route("stock", "path_prefix: /v1/stock", "latency: {target: 99%, under: 250ms}"),
            "  - {name: legacy, match: {path: /v1/legacy}, upstream: legacy}",
            "  - {name: limited, match: {path: /v1/limited}, respond: {status: 429, body: slower}}",
            f"admin: {{address: '127.0.0.1:{self.program.admin_port}'}}",
            "workers: 2",
        ]
        return "\n".join(lines) + "\n"

    def slow_down(self) -> None:
        """One endpoint of `search` needs long."""
        self.services[SLOW].delay_s = 0.4

    def refuse(self) -> None:
        """One endpoint of `stock` is not there any more."""
        self.services[REFUSING].stop()

    def spoil(self) -> None:
        """A revision after which orders fail."""
        sequence = self.program.status()["sequence"]
        self.program.write(self.configuration(SHORT))
        self.program.await_sequence(sequence + 1)

    def retry(self) -> str:
        """Have the gateway try a request again on another connection; the request's id."""

        for _ in range(4):
            self.program.send("/v1/legacy")
        return wait_until(lambda: self.newest("retried route:legacy"), "an exchange with two attempts")

    def newest(self, expression: str) -> str:
        """The id of the newest exchange that matches; empty while there is none."""
        _, view = self.program.call(f"/api/v1/exchanges?limit=1&filter={expression.replace(' ', '%20')}")
        return view["exchanges"][0]["request_id"] if view["exchanges"] else ""

    def finished(self, start_s: float, end_s: float) -> list[Finished]:
        """What all loads together saw end in this time."""
        return [each for load in self.loads.values() for each in load.between(start_s, end_s)]

    def await_finished(self, path: str, count: int) -> None:
        """Until so many requests to a path have ended."""
        wait_until(lambda: len(self.loads[path].finished) >= count, f"{count} requests to {path}", 30.0)


def _route(name: str, match: str, latency: str, *more: str) -> str:
    keys = ", ".join((f"slo: {{availability: 99%, {latency}}}", *more))
    return f"  - {{name: {name}, match: {{{match}}}, upstream: {name}, {keys}}}"


@contextmanager
def open_scene(folder: Path, thread: LoopThread) -> Iterator[Scene]:
    """Healthy, with all traffic running. thread: where services and origins live."""
    with ExitStack() as stack:
        services = {host: Service(thread, host) for hosts in ENDPOINTS.values() for host in hosts}
        for host in ENDPOINTS["orders"]:
            services[host].delay_s = _ORDER_S
        for service in services.values():
            service.start()
            stack.callback(service.close)
        stale = Origin(thread, goes_stale)
        stack.callback(stale.close)
        scene = Scene(Program(folder), services, stale)
        scene.program.write(scene.configuration())
        stack.enter_context(scene.program)
        for path, (rate, client) in RATES.items():
            scene.loads[path] = stack.enter_context(_load(scene, path, rate, client))
        yield scene


def make_noise(scene: Scene, stack: ExitStack) -> None:
    """One client asks for what is not there, and somebody is told to come slower."""
    scene.loads["/wp-login.php"] = stack.enter_context(_load(scene, "/wp-login.php", NOISE, NOISY))
    scene.loads["/v1/limited"] = stack.enter_context(_load(scene, "/v1/limited", LIMITED, NOISY))


def _load(scene: Scene, path: str, rate: float, client: str) -> PacedLoad:
    return PacedLoad(scene.program.address, lambda _: path, rate, client)
