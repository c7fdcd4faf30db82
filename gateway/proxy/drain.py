"""Leaving without losing anybody: accept for a while, say goodbye on every answer, then wait for the last exchange."""

import asyncio
from collections.abc import Iterable

from gateway.model.clock import MILLISECOND_NS, SECOND_NS, monotonic_ns
from gateway.proxy.accept import ListenerPort
from gateway.proxy.context import Context

_LAST_WORD_NS = 50 * MILLISECOND_NS
"""For the 503 of an exchange that was cut before it had an answer to reach its client."""
_LOOK_EVERY_NS = 20 * MILLISECOND_NS


async def drain(context: Context, ports: Iterable[ListenerPort], delay_ns: int, deadline_ns: int) -> int:
    """Run a drain to its end; the number of exchanges that had to be cut at the deadline.

    Through the delay new connections are served, with `Connection: close`; a silent one goes after a second.
    """
    ports = list(ports)
    context.is_draining = True
    end_ns = monotonic_ns() + delay_ns + deadline_ns
    _announce(ports)
    await asyncio.sleep(delay_ns / SECOND_NS)
    for port in ports:
        await port.stop()
    _announce(ports)
    while any(port.connections for port in ports) and monotonic_ns() < end_ns:  # noqa: ASYNC110 - bounded by the deadline
        await asyncio.sleep(_LOOK_EVERY_NS / SECOND_NS)
    left = [connection for port in ports for connection in port.connections]
    cut = sum(1 for connection in left if connection.exchange is not None)
    for connection in left:
        connection.abandon()
    if left:
        await asyncio.sleep(_LAST_WORD_NS / SECOND_NS)
    for connection in [connection for port in ports for connection in port.connections]:
        connection.cut(with_reset=True)
    return cut


def _announce(ports: list[ListenerPort]) -> None:
    for port in ports:
        for connection in tuple(port.connections):
            connection.drain()
