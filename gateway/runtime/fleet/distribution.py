"""Snapshots on their way to the workers: the same for all at the same time, and for those that come late.

A snapshot is served only after every worker that can be reached has compiled it, so that either all swap or none does.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Final

import structlog

from gateway.runtime.fleet.package import Package
from gateway.runtime.fleet.seat import Delivery, Seat
from gateway.runtime.listening import SocketGroup
from gateway.wire.control import (
    Abort,
    Addresses,
    Applied,
    Commit,
    EndpointOverride,
    EndpointStanding,
    Overrides,
    Prepared,
    Share,
    Standings,
    encode,
)

_PREPARE_S: Final = 10.0
_APPLY_S: Final = 5.0

_log = structlog.get_logger("sightline.workers")


class PublishFailed(Exception):  # noqa: N818 - a verdict about a snapshot
    """No worker serves the snapshot; `str()` says why."""


class Distribution:
    """What all workers serve, or are on their way to, and the addresses their endpoints' names stand for."""

    def __init__(self, seats: Sequence[Seat]) -> None:
        self._seats = seats
        self._package: Package | None = None
        self._groups: dict[str, SocketGroup] = {}
        self._addresses = b""
        self._overrides = b""
        self._standings: dict[str, list[EndpointStanding]] = {}
        """By upstream; one all of whose endpoints are healthy is left out."""
        self._is_sharing = False
        self._is_closed = False

    def close(self) -> None:
        """The workers are ending: nothing is published any more."""
        self._is_closed = True

    async def publish(
        self, package: Package, groups: dict[str, SocketGroup], before_commit: Callable[[], Awaitable[None]]
    ) -> None:
        """Have every worker serve the package on these sockets; workers that start later get it too.

        before_commit: done once all are able to swap, and before any does. Raises PublishFailed if one of them cannot
        compile it; then all go on with what they serve. A worker that does not answer is not waited for beyond a
        deadline, and serves the package when it comes back.
        """
        targets = [seat for seat in self._seats if seat.is_settled and not self._is_closed]
        deliveries = [self._deliver(seat, package, groups) for seat in targets]
        await _settle((delivery.prepared for delivery in deliveries), _PREPARE_S)
        errors = {delivery.error for delivery in deliveries if delivery.error}
        if self._is_closed:
            errors.add("the gateway is ending")
        if errors:
            self._abort(targets, package)
            raise PublishFailed("; ".join(sorted(errors)))
        await before_commit()
        self._package, self._groups = package, groups
        for seat in targets:
            self._commit(seat)
        await _settle((delivery.applied for delivery in deliveries if delivery.prepared.is_set()), _APPLY_S)
        for seat in self._seats:
            self.catch_up(seat)

    def set_addresses(self, resolved: dict[str, tuple[str, ...]]) -> None:
        """All of them, for the workers that run and those to come."""
        self._addresses = encode(Addresses(resolved=resolved))
        for seat in self._seats:
            seat.needs_addresses = True
            self.send_addresses(seat)

    def send_addresses(self, seat: Seat) -> None:
        """If the worker does not have the newest, and unless it is behind with its reading."""
        if seat.needs_addresses and self._addresses and seat.has_said_hello and seat.is_clear:
            seat.needs_addresses = False
            seat.send(self._addresses)

    def set_overrides(self, standing: list[EndpointOverride]) -> None:
        """All that stand, for the workers that run and those to come."""
        self._overrides = encode(Overrides(standing=standing))
        for seat in self._seats:
            seat.needs_overrides = True
            self.send_overrides(seat)

    def send_overrides(self, seat: Seat) -> None:
        """If the worker does not have the newest, and unless it is behind with its reading: then with its next report."""
        if seat.needs_overrides and self._overrides and seat.has_said_hello and seat.is_clear:
            seat.needs_overrides = False
            seat.send(self._overrides)

    def set_standings(self, changed: Mapping[str, list[EndpointStanding]]) -> None:
        """Of these upstreams, for the workers that run and those to come; of the others what was said before stands."""
        for upstream, standings in changed.items():
            if standings:
                self._standings[upstream] = standings
            else:
                self._standings.pop(upstream, None)
        for seat in self._seats:
            seat.stale_standings.update(changed)
            self.send_standings(seat)

    def send_standings(self, seat: Seat) -> None:
        """What the worker does not know yet, unless it is behind with its reading: then with its next report."""
        stale = seat.stale_standings if seat.has_standings else self._standings.keys()
        if not stale or not seat.has_said_hello or not seat.is_clear:
            return
        seat.send(encode(Standings(upstreams={name: self._standings.get(name, []) for name in stale})))
        seat.has_standings = True
        seat.stale_standings.clear()

    def set_sharing(self, *, is_shared: bool) -> None:
        """Whether another program serves the listening sockets too; for the workers that run and those to come."""
        self._is_sharing = is_shared
        for seat in self._seats:
            self.send_sharing(seat)

    def send_sharing(self, seat: Seat) -> None:
        """To a worker that listens: it must know before it can be left alone."""
        if seat.has_said_hello:
            seat.send(encode(Share(is_shared=self._is_sharing)))

    def catch_up(self, seat: Seat) -> None:
        """Bring a worker that has nothing under way to the package of all."""
        if self._package is not None and seat.is_settled and seat.sequence != self._package.sequence:
            self._deliver(seat, self._package, self._groups).goes_alone = True

    def on_prepared(self, seat: Seat, message: Prepared) -> None:
        delivery = seat.delivery_of(message.sequence)
        if delivery is None:
            return
        delivery.prepared.set()
        _log.debug(
            "snapshot_prepared",
            worker=seat.index,
            sequence=message.sequence,
            duration_ms=message.duration_ns / 1e6,
            longest_step_ms=message.longest_step_ns / 1e6,
        )
        if delivery.goes_alone:
            seat.send(encode(Commit(sequence=message.sequence)))

    def on_applied(self, seat: Seat, message: Applied) -> None:
        delivery = seat.delivery_of(message.sequence)
        seat.serves(message.sequence, message.revision)
        if delivery is not None:
            delivery.applied.set()
        self.catch_up(seat)

    def on_failed(self, seat: Seat, sequence: int, error: str) -> None:
        delivery = seat.delivery_of(sequence)
        if delivery is None:
            return
        seat.refused = (sequence, error)
        if delivery.goes_alone:
            # The others serve it, so this worker must not go on with anything else.
            _log.error("worker_cannot_apply", worker=seat.index, error=error)
            seat.kill("unusable")
        delivery.error = error
        delivery.prepared.set()

    def _deliver(self, seat: Seat, package: Package, groups: dict[str, SocketGroup]) -> Delivery:
        seat.delivery = delivery = Delivery(package)
        assert seat.process is not None
        try:
            seat.process.hand_over({group.ticket: group.sockets[seat.index - 1] for group in groups.values()})
        except OSError as failure:
            _log.error("worker_takes_no_sockets", worker=seat.index, error=str(failure))
            seat.kill("unusable")
        seat.process.send(*package.messages)
        return delivery

    def _commit(self, seat: Seat) -> None:
        """Serve it now if it is compiled, else as soon as it is."""
        if seat.delivery is not None:
            seat.delivery.goes_alone = True
            if seat.delivery.prepared.is_set():
                seat.send(encode(Commit(sequence=seat.delivery.package.sequence)))

    def _abort(self, seats: Iterable[Seat], package: Package) -> None:
        for seat in seats:
            if seat.delivery_of(package.sequence) is not None:
                seat.delivery = None
                seat.send(encode(Abort(sequence=package.sequence)))


async def _settle(events: Iterable[asyncio.Event], deadline_s: float) -> None:
    """Until all are set, or the deadline."""
    tasks = [asyncio.create_task(event.wait()) for event in events]
    if tasks:
        _, late = await asyncio.wait(tasks, timeout=deadline_s)
        for task in late:
            task.cancel()
