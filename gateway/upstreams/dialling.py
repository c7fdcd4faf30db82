"""Opening one connection to an endpoint, in time or not at all."""

import asyncio
import errno
from collections.abc import Callable, Sequence
from typing import Final

from gateway.model.clock import monotonic_ns
from gateway.model.outcome import Reason
from gateway.model.upstream import ConnectionLimits, Endpoint
from gateway.net.deadlines import Deadlines
from gateway.upstreams.connection import UpstreamConnection

_ADDRESSES_TRIED: Final = 3
_OUR_SHORTAGES: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL})
"""Of descriptors, memory or ports of our own: it says nothing of the endpoint."""


async def dial(
    loop: asyncio.AbstractEventLoop,
    deadlines: Deadlines,
    build: Callable[[], UpstreamConnection],
    endpoint: Endpoint,
    addresses: Sequence[str],
    turn: int,
    limits: ConnectionLimits,
) -> tuple[UpstreamConnection | None, Reason, str]:
    """A connection, or why there is none, with a sentence about it.

    addresses: where the endpoint's name leads; unused for a UNIX socket. turn: which of them comes first, counted round.
    """
    try:
        async with asyncio.timeout(None) as limit:
            patience = _Patience(limit, monotonic_ns() + limits.connect_timeout_ns)
            deadlines.watch(patience)
            try:
                connection = await _open_one(loop, build, endpoint, addresses, turn)
            finally:
                deadlines.unwatch(patience)
    except TimeoutError:
        return None, Reason.CONNECT_TIMEOUT, "The connection was not established in time."
    except _NoAddressError:
        return None, Reason.DNS_ERROR, "The name of the endpoint has no address."
    except OSError as error:
        return None, *_told(error)
    except Exception as error:
        loop.call_exception_handler({"message": "a connection could not be tried", "exception": error})
        return None, Reason.INTERNAL_ERROR, ""
    if connection.is_ended:
        return None, Reason.UPSTREAM_RESET, "The endpoint ended the connection at once."
    return connection, Reason.NONE, ""


def _told(error: OSError) -> tuple[Reason, str]:
    """Whose doing it is that there is no connection, and a sentence about it."""
    cause = error.strerror or type(error).__name__
    if error.errno in _OUR_SHORTAGES:
        return Reason.OVERLOADED, f"The gateway itself has nothing left for a connection: {cause}."
    return Reason.CONNECT_REFUSED, f"The connection failed: {cause}."


async def _open_one(
    loop: asyncio.AbstractEventLoop,
    build: Callable[[], UpstreamConnection],
    endpoint: Endpoint,
    addresses: Sequence[str],
    turn: int,
) -> UpstreamConnection:
    if endpoint.unix_path is not None:
        _, connection = await loop.create_unix_connection(build, endpoint.unix_path)
        return connection
    if not addresses:
        raise _NoAddressError
    for last in range(min(len(addresses), _ADDRESSES_TRIED) - 1, -1, -1):
        address = addresses[(turn + last) % len(addresses)]
        try:
            _, connection = await loop.create_connection(build, address, endpoint.port)
        except OSError:
            if last == 0:
                raise
        else:
            connection.address = address
            return connection
    raise _NoAddressError


class _Patience:
    """Among all other deadlines, so that a connection that is there, and is only not looked at yet, is not too late."""

    __slots__ = ("_limit", "deadline_ns")

    def __init__(self, limit: asyncio.Timeout, deadline_ns: int) -> None:
        self._limit = limit
        self.deadline_ns = deadline_ns

    def on_deadline(self, now_ns: int) -> None:
        self._limit.reschedule(0)


class _NoAddressError(Exception):
    pass
