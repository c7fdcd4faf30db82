"""Opening a connection: which address comes first, and what each way of failing is called. What a pool makes of it is
in test_pool."""

import asyncio
import errno
import socket
import time
from typing import Any, cast

import pytest
import uvloop

from gateway.model.clock import MILLISECOND_NS, SECOND_NS
from gateway.model.outcome import Reason
from gateway.model.upstream import ConnectionLimits, Endpoint
from gateway.net.deadlines import SWEEP_NS, Deadlines
from gateway.upstreams.connection import UpstreamConnection
from gateway.upstreams.dialling import dial

LIMITS = ConnectionLimits(connect_timeout_ns=20 * MILLISECOND_NS)
ENDPOINT = Endpoint("a.test:80", "a.test", 80)


class Connection:
    is_ended = False


class Loop:
    """Takes note of what is dialled, and answers as it is told."""

    def __init__(self, *results: BaseException | None) -> None:
        self.results = list(results)
        self.dialled: list[str] = []
        self.errors: list[dict[str, Any]] = []

    async def create_connection(self, build: Any, address: str, _port: int) -> tuple[None, Any]:
        self.dialled.append(address)
        result = self.results.pop(0) if self.results else None
        if isinstance(result, TimeoutError):
            await asyncio.Event().wait()
        if result is not None:
            raise result
        return None, build()

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        self.errors.append(context)


def run(loop: Loop, addresses: tuple[str, ...] = ("1", "2", "3", "4"), turn: int = 0) -> tuple[Any, Reason, str]:
    def build() -> UpstreamConnection:
        return cast("UpstreamConnection", Connection())

    async def dial_it() -> tuple[Any, Reason, str]:
        deadlines = Deadlines(asyncio.get_running_loop())
        deadlines.start()
        try:
            return await dial(cast("Any", loop), deadlines, build, ENDPOINT, addresses, turn, LIMITS)
        finally:
            deadlines.stop()

    return asyncio.run(dial_it())


def test_every_turn_begins_with_another_address_and_three_are_tried() -> None:
    loop = Loop()
    assert [run(loop, turn=turn)[1] for turn in range(4)] == [Reason.NONE] * 4
    assert sorted(loop.dialled) == ["1", "2", "3", "4"]
    loop = Loop(*[ConnectionRefusedError(111, "Connection refused")] * 4)
    assert run(loop)[1:] == (Reason.CONNECT_REFUSED, "The connection failed: Connection refused.")
    assert len(set(loop.dialled)) == len(loop.dialled) == 3


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        (TimeoutError(), Reason.CONNECT_TIMEOUT),
        (OSError(errno.EMFILE, "Too many open files"), Reason.OVERLOADED),
        (OSError(errno.EADDRNOTAVAIL, "Cannot assign requested address"), Reason.OVERLOADED),
        (ValueError("odd"), Reason.INTERNAL_ERROR),
    ],
)
def test_what_goes_wrong_has_a_name(result: BaseException, reason: Reason) -> None:
    loop = Loop(*[result] * 3)
    assert run(loop)[:2] == (None, reason)
    assert [error["exception"] for error in loop.errors] == ([result] if reason is Reason.INTERNAL_ERROR else [])


def test_a_name_without_an_address_is_not_dialled() -> None:
    assert run(Loop(), addresses=())[:2] == (None, Reason.DNS_ERROR)


def test_a_connection_that_is_made_while_the_loop_is_held_up_is_not_too_late() -> None:
    class Owner:
        def connection_closed(self, _connection: UpstreamConnection, _reason: str) -> None: ...

        def connection_free(self, _connection: UpstreamConnection) -> None: ...

    async def dial_it(port: int) -> Reason:
        loop = asyncio.get_running_loop()
        deadlines = Deadlines(loop)
        deadlines.start()

        def build() -> UpstreamConnection:
            return UpstreamConnection(Owner(), deadlines, loop)

        endpoint = Endpoint("a.test", "a.test", port)
        dialling = loop.create_task(dial(loop, deadlines, build, endpoint, ["127.0.0.1"], 0, LIMITS))
        loop.call_soon(time.sleep, 3 * SWEEP_NS / SECOND_NS)
        try:
            connection, reason, _ = await dialling
            if connection is not None:
                connection.abort()
            return reason
        finally:
            deadlines.stop()

    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        assert runner.run(dial_it(server.getsockname()[1])) is Reason.NONE
