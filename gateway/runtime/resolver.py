"""Names of endpoints to IP addresses, looked up again and again beside the loops and pushed to the workers.

A lookup may hang for as long as the system's resolver likes; each runs in a thread of its own that nobody waits for.
"""

import asyncio
import contextlib
import ipaddress
import random
import socket
import threading
from collections.abc import Awaitable, Callable, Iterable
from typing import Final, TypeAlias

from gateway.model.snapshot import Snapshot
from gateway.model.upstream import Endpoint

REFRESH_S: Final = 5.0
LOOKUP_DEADLINE_S: Final = 2.0
_MAX_LOOKUPS: Final = 16
_JITTER: Final = 0.2

Resolved: TypeAlias = dict[str, tuple[str, ...]]
"""IP addresses by endpoint address as configured."""

Lookup: TypeAlias = Callable[[str], Awaitable[tuple[str, ...]]]
"""IP addresses of a name, sorted; raises OSError."""


class Resolver:
    """Keeps `resolved` fresh for the endpoints of the running snapshot, and tells `on_change` all of it.

    A failed, empty or late answer keeps what was known. `on_trouble` is told the name and why once, until it resolves again.
    """

    def __init__(
        self,
        on_change: Callable[[Resolved], None],
        on_trouble: Callable[[str, str], None],
        lookup: Lookup | None = None,
    ) -> None:
        self.resolved: Resolved = {}
        self._on_change = on_change
        self._on_trouble = on_trouble
        self._lookup = lookup or look_up
        self._addresses: dict[str, set[str]] = {}
        self._known: dict[str, tuple[str, ...]] = {}
        self._under_way: dict[str, asyncio.Future[tuple[str, ...]]] = {}
        self._troubled: set[str] = set()
        self._places = asyncio.Semaphore(_MAX_LOOKUPS)

    async def follow(self, snapshot: Snapshot) -> None:
        """From now on look after the names of this snapshot; returns when each new one is resolved or late."""
        self._addresses = {}
        for upstream in snapshot.upstreams:
            for endpoint in upstream.endpoints:
                if needs_lookup(endpoint):
                    self._addresses.setdefault(endpoint.host, set()).add(endpoint.address)
        self._known = {name: known for name, known in self._known.items() if name in self._addresses}
        self._troubled &= self._addresses.keys()
        await self._look_up_all(self._addresses.keys() - self._known.keys())
        self._publish()

    async def run(self) -> None:
        """Look all names up every few seconds, until cancelled."""
        while True:
            await asyncio.sleep(REFRESH_S * random.uniform(1.0 - _JITTER, 1.0 + _JITTER))
            await self._look_up_all(self._addresses)
            self._publish()

    async def _look_up_all(self, names: Iterable[str]) -> None:
        tasks = [asyncio.ensure_future(self._renew(name)) for name in sorted(names)]
        if tasks:
            await asyncio.gather(*tasks)

    async def _renew(self, name: str) -> None:
        if name in self._under_way:
            return
        try:
            async with asyncio.timeout(LOOKUP_DEADLINE_S), self._places:
                answer = await self._begin(name)
        except TimeoutError:
            self._note_trouble(name, f"no answer within {LOOKUP_DEADLINE_S:g} s")
        except OSError as failure:
            self._note_trouble(name, failure.strerror or str(failure))
        else:
            self._note(name, answer)

    async def _begin(self, name: str) -> tuple[str, ...]:
        """A lookup that goes on when its caller has lost patience; until it ends there is no second one for the name."""
        lookup = asyncio.ensure_future(self._lookup(name))
        self._under_way[name] = lookup
        lookup.add_done_callback(lambda done: self._ended(name, done))
        return await asyncio.shield(lookup)

    def _ended(self, name: str, lookup: asyncio.Future[tuple[str, ...]]) -> None:
        del self._under_way[name]
        if not lookup.cancelled():
            # Marks a late failure as seen; a late answer is left to the next lookup.
            lookup.exception()

    def _note(self, name: str, answer: tuple[str, ...]) -> None:
        if not answer:
            self._note_trouble(name, "the answer is empty")
            return
        self._troubled.discard(name)
        if name in self._addresses:
            self._known[name] = answer

    def _note_trouble(self, name: str, why: str) -> None:
        if name not in self._troubled and name in self._addresses:
            self._troubled.add(name)
            self._on_trouble(name, why)

    def _publish(self) -> None:
        resolved = {
            address: self._known[name]
            for name, addresses in self._addresses.items()
            if name in self._known
            for address in addresses
        }
        if resolved != self.resolved:
            self.resolved = resolved
            self._on_change(resolved)


async def look_up(name: str) -> tuple[str, ...]:
    """The system's resolver, in a daemon thread: even the end of this process does not wait for it."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[tuple[str, ...]] = loop.create_future()

    def settle(addresses: tuple[str, ...], failure: OSError | None) -> None:
        if answer.done():
            return
        if failure is None:
            answer.set_result(addresses)
        else:
            answer.set_exception(failure)

    def ask() -> None:
        addresses, failure = _ask(name)
        with contextlib.suppress(RuntimeError):  # The loop was closed while the resolver hung.
            loop.call_soon_threadsafe(settle, addresses, failure)

    threading.Thread(target=ask, name=f"resolve {name}", daemon=True).start()
    return await answer


def _ask(name: str) -> tuple[tuple[str, ...], OSError | None]:
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except OSError as failure:
        return (), failure
    except UnicodeError:
        return (), OSError("this cannot be a host name")
    return tuple(sorted({str(entry[4][0]) for entry in found})), None


def needs_lookup(endpoint: Endpoint) -> bool:
    """Whether its host is a name."""
    if endpoint.unix_path is not None:
        return False
    try:
        ipaddress.ip_address(endpoint.host)
    except ValueError:
        return True
    return False
