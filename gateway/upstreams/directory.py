"""From the name of an upstream to its live form, kept alive across changes of the configuration.

A new configuration shares the pools of endpoints that stay, so a reload neither loses nor reopens a connection.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Final, Protocol

from gateway.model.breaker import CircuitState
from gateway.model.clock import monotonic_ns
from gateway.model.outcome import Reason
from gateway.model.upstream import Endpoint, Upstream
from gateway.net.deadlines import Deadlines
from gateway.upstreams.endpoint import LiveEndpoint
from gateway.upstreams.gating.breaker import Transition
from gateway.upstreams.gating.gate import Gate, needs_gate
from gateway.upstreams.live_upstream import LiveUpstream
from gateway.upstreams.outlier import SuspectTold, watch_failures
from gateway.upstreams.pool import Pool, PoolObserver
from gateway.upstreams.room import Room
from gateway.wire.control import EndpointOverride, EndpointStanding, OpenCircuit

_AS_CONFIGURED: Final = EndpointOverride("", "")
_ALL_HEALTHY: Final[Mapping[str, EndpointStanding]] = {}
_RAMP_STEP_S: Final = 1.0


class UpstreamObserver(PoolObserver, Protocol):
    """The recorder."""

    def upstream_rejected(self, upstream: str, reason: Reason) -> None: ...


class Directory:
    """All live upstreams of a worker. on_circuit: told when a circuit changes its state; on_suspect: when an endpoint fails
    too often in a row."""

    def __init__(self, loop: asyncio.AbstractEventLoop, deadlines: Deadlines, observer: UpstreamObserver) -> None:
        self._loop = loop
        self._deadlines = deadlines
        self._observer = observer
        self._live: dict[str, LiveUpstream] = {}
        self._pools: dict[tuple[str, str], Pool] = {}
        self._resolved: dict[str, tuple[str, ...]] = {}
        self._overrides: dict[tuple[str, str], EndpointOverride] = {}
        self.on_circuit: Callable[[str, Transition], None] | None = None
        self.on_suspect: SuspectTold | None = None
        self._standings: dict[str, dict[str, EndpointStanding]] = {}
        """By upstream and address; those that are missing are healthy."""
        self._opened: dict[str, tuple[OpenCircuit, int]] = {}
        """Circuits that the first activation begins with, by upstream, and when they were opened."""
        self._told_since: set[str] = set()
        """Upstreams of whose endpoints something was told since the last activation: what was prepared before does not know."""
        self._ramp_timer: asyncio.TimerHandle | None = None

    def build(self, upstream: Upstream, zone: str = "") -> LiveUpstream:
        """The live form for a configuration in preparation: today's if nothing about it changed. zone: the gateway's."""
        current = self._live.get(upstream.name)
        if current is not None and current.upstream == upstream and current.zone == zone:
            return current
        known = {live.endpoint: live for live in current.endpoints} if current is not None else {}
        endpoints = [known.get(endpoint) or self._build_endpoint(upstream, endpoint) for endpoint in upstream.endpoints]
        # What stays goes by today's form until this one is in force, which may never be.
        return LiveUpstream(upstream, endpoints, zone, self._gate(upstream, current), begins=not known)

    def _gate(self, upstream: Upstream, current: LiveUpstream | None) -> Gate | None:
        """The one there is, which learns of its new settings when they are in force; a new one where there is none."""
        if not needs_gate(upstream):
            return None
        known = None if current is None else current.gate
        return known or self._build_gate(upstream)

    def _build_gate(self, upstream: Upstream) -> Gate:
        gate = Gate(upstream, self)
        if upstream.name in self._opened:
            circuit, opened_ns = self._opened[upstream.name]
            opened = Transition(CircuitState.OPEN, circuit.cause, circuit.requests, circuit.failures)
            gate.resume(opened, opened_ns, monotonic_ns())
        return gate

    def _build_endpoint(self, upstream: Upstream, endpoint: Endpoint) -> LiveEndpoint:
        key = (upstream.name, endpoint.address)
        pool = self._pools.get(key)
        if pool is None:
            pool = Pool(upstream.name, endpoint, upstream.connections, self._loop, self._deadlines, self._observer)
            pool.addresses = self._resolved.get(endpoint.address, _literal_address(endpoint))
            self._pools[key] = pool
        live = LiveEndpoint(upstream.name, endpoint, pool)
        self._tell(live)
        return live

    def activate(self, upstreams: Iterable[LiveUpstream]) -> None:
        """Make these the live ones; the pools of endpoints that are gone close as they fall idle."""
        gates = set(self.gates())
        self._live = {live.name: live for live in upstreams}
        for gone in gates.difference(self.gates()):
            gone.retire()
        used: set[tuple[str, str]] = set()
        for live in self._live.values():
            if not live.has_begun:
                live.begin()
            gate = live.gate
            if gate is not None and gate.upstream is not live.upstream:
                gate.configure(live.upstream)
            room, passive = self._room(live), live.upstream.health.passive
            for endpoint in live.endpoints:
                endpoint.pool.room = room
                used.add((live.name, endpoint.address))
                endpoint.pool.limits = live.upstream.connections
                if endpoint.watchers or gate is not None or passive is not None:
                    _guard(endpoint, gate)
                    watch_failures(endpoint, None if passive is None else passive.consecutive_failures, self._suspect)
        for key in [key for key in self._pools if key not in used]:
            self._pools.pop(key).retire()
        self._apply(self._told_since)
        self._told_since, self._opened = set(), {}
        self._watch_ramps(self._live.values())

    def _room(self, live: LiveUpstream) -> Room | None:
        """What its pools share from now on; None where they share nothing."""
        limits = live.upstream.limits
        if limits.connections is None and limits.pending is None:
            return None
        return Room(limits, [endpoint.pool for endpoint in live.endpoints])

    def set_overrides(self, standing: Iterable[EndpointOverride]) -> None:
        """What operators want of endpoints from now on, in place of what they wanted; those there are not are kept in
        mind, for a configuration that has them."""
        before, self._overrides = self._overrides, {(each.upstream, each.endpoint): each for each in standing}
        self._apply({upstream for upstream, _ in (*before, *self._overrides)})

    def set_circuits(self, opened: Iterable[OpenCircuit]) -> None:
        """Those that were open in the worker whose place this one takes; before the first configuration."""
        now_ns = monotonic_ns()
        self._opened = {each.upstream: (each, now_ns - each.open_ns) for each in opened}

    def set_standings(self, changed: Mapping[str, Iterable[EndpointStanding]]) -> None:
        """What the supervisor knows of the endpoints of these upstreams from now on, likewise."""
        for upstream, standings in changed.items():
            self._standings[upstream] = {each.endpoint: each for each in standings}
            if not self._standings[upstream]:
                del self._standings[upstream]
        self._apply(changed.keys())

    def _apply(self, upstreams: Collection[str]) -> None:
        self._told_since.update(upstreams)
        concerned = [self._live[name] for name in upstreams if name in self._live]
        for live in concerned:
            for endpoint in live.endpoints:
                self._tell(endpoint)
            live.settle()
        self._watch_ramps(concerned)

    def _tell(self, endpoint: LiveEndpoint) -> None:
        if self._overrides or not endpoint.is_as_configured:
            override = self._overrides.get((endpoint.upstream, endpoint.address), _AS_CONFIGURED)
            endpoint.override(is_drained=override.is_drained, weight=override.weight)
        standing = self._standings.get(endpoint.upstream, _ALL_HEALTHY).get(endpoint.address)
        if standing is not endpoint.standing:
            endpoint.stand(standing, monotonic_ns())

    def _watch_ramps(self, concerned: Collection[LiveUpstream]) -> None:
        """While an endpoint starts slowly, its share grows once a second."""
        if self._ramp_timer is None and any(live.is_ramping for live in concerned):
            self._ramp_timer = self._loop.call_later(_RAMP_STEP_S, self._grow)

    def _grow(self) -> None:
        self._ramp_timer = None
        ramping = [live for live in self._live.values() if live.is_ramping]
        for live in ramping:
            live.settle()
        self._watch_ramps(ramping)

    def _suspect(self, upstream: str, endpoint: str, failures: int, reason: Reason) -> None:
        if self.on_suspect is not None:
            self.on_suspect(upstream, endpoint, failures, reason)

    def set_addresses(self, resolved: Mapping[str, tuple[str, ...]]) -> None:
        """Renew the IP addresses by endpoint address; an empty entry keeps the last good."""
        for address, addresses in resolved.items():
            if addresses:
                self._resolved[address] = addresses
        for (_, address), pool in self._pools.items():
            if address in self._resolved and pool.addresses != self._resolved[address]:
                pool.renew(self._resolved[address])

    def upstream_rejected(self, upstream: str, reason: Reason) -> None:
        self._observer.upstream_rejected(upstream, reason)

    def circuit_changed(self, upstream: str, transition: Transition) -> None:
        if self.on_circuit is not None:
            self.on_circuit(upstream, transition)

    def gates(self) -> Iterable[Gate]:
        return (live.gate for live in self._live.values() if live.gate is not None)

    def endpoints(self) -> Iterable[LiveEndpoint]:
        for live in self._live.values():
            yield from live.endpoints


def _guard(endpoint: LiveEndpoint, gate: Gate | None) -> None:
    """Have this gate told of its attempts, and no other."""
    if gate not in endpoint.watchers:
        endpoint.watch(Gate, gate)


def _literal_address(endpoint: Endpoint) -> tuple[str, ...]:
    """The host itself when it is an IP address; names wait for the resolver."""
    host = endpoint.host
    is_literal = ":" in host or host.replace(".", "").isdigit()
    return (host,) if is_literal else ()
