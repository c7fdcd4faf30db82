"""From the name of an upstream to its live form, kept alive across changes of the configuration.

A new configuration shares the pools of endpoints that stay, so a reload neither loses nor reopens a connection.
"""

import asyncio
from collections.abc import Iterable, Mapping

from gateway.model.upstream import Balance, Endpoint, Upstream
from gateway.net.deadlines import Deadlines
from gateway.upstreams.balancer import Balancer, build_balancer
from gateway.upstreams.endpoint import LiveEndpoint
from gateway.upstreams.pool import Pool, PoolObserver


class LiveUpstream:
    """An upstream with its endpoints and the balancer that chooses among them."""

    __slots__ = ("balancer", "endpoints", "hash_on", "is_hashed", "name", "upstream")

    def __init__(self, upstream: Upstream, endpoints: list[LiveEndpoint]) -> None:
        self.upstream = upstream
        self.name = upstream.name
        self.hash_on = upstream.hash_on
        self.is_hashed = upstream.balance is Balance.CONSISTENT_HASH
        self.endpoints = endpoints
        self.balancer: Balancer[LiveEndpoint] = build_balancer(upstream.balance, endpoints)


class Directory:
    """All live upstreams of a worker."""

    def __init__(self, loop: asyncio.AbstractEventLoop, deadlines: Deadlines, observer: PoolObserver) -> None:
        self._loop = loop
        self._deadlines = deadlines
        self._observer = observer
        self._live: dict[str, LiveUpstream] = {}
        self._pools: dict[tuple[str, str], Pool] = {}
        self._resolved: dict[str, tuple[str, ...]] = {}

    def build(self, upstream: Upstream) -> LiveUpstream:
        """The live form for a configuration in preparation: today's if nothing about it changed."""
        current = self._live.get(upstream.name)
        if current is not None and current.upstream == upstream:
            return current
        known = {live.endpoint: live for live in current.endpoints} if current is not None else {}
        return LiveUpstream(
            upstream,
            [known.get(endpoint) or self._build_endpoint(upstream, endpoint) for endpoint in upstream.endpoints],
        )

    def _build_endpoint(self, upstream: Upstream, endpoint: Endpoint) -> LiveEndpoint:
        key = (upstream.name, endpoint.address)
        pool = self._pools.get(key)
        if pool is None:
            pool = Pool(upstream.name, endpoint, upstream.connections, self._loop, self._deadlines, self._observer)
            pool.addresses = self._resolved.get(endpoint.address, _literal_address(endpoint))
            self._pools[key] = pool
        return LiveEndpoint(upstream.name, endpoint, pool)

    def activate(self, upstreams: Iterable[LiveUpstream]) -> None:
        """Make these the live ones; the pools of endpoints that are gone close as they fall idle."""
        self._live = {live.name: live for live in upstreams}
        used: set[tuple[str, str]] = set()
        for live in self._live.values():
            for endpoint in live.endpoints:
                used.add((live.name, endpoint.address))
                endpoint.pool.limits = live.upstream.connections
        for key in [key for key in self._pools if key not in used]:
            self._pools.pop(key).retire()

    def set_addresses(self, resolved: Mapping[str, tuple[str, ...]]) -> None:
        """Renew the IP addresses by endpoint address; an empty entry keeps the last good."""
        for address, addresses in resolved.items():
            if addresses:
                self._resolved[address] = addresses
        for (_, address), pool in self._pools.items():
            if address in self._resolved:
                pool.addresses = self._resolved[address]

    def endpoints(self) -> Iterable[LiveEndpoint]:
        for live in self._live.values():
            yield from live.endpoints


def _literal_address(endpoint: Endpoint) -> tuple[str, ...]:
    """The host itself when it is an IP address; names wait for the resolver."""
    host = endpoint.host
    is_literal = ":" in host or host.replace(".", "").isdigit()
    return (host,) if is_literal else ()
