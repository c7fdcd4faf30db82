"""What a program passes on to the one that takes its place, and how that one makes it its own.

Passed on: the listening sockets; what operators have decided about endpoints, what active checks have found of them,
and which are ejected for how long; which circuits are open since when; the configuration that was handed in, the
revisions that can be gone back to, and the sequence; the incidents.

Not passed on: metrics, rolling windows and recent exchanges begin anew, as after a start.
"""

import asyncio
import os
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import count
from typing import Final, TypeVar, get_args

import msgspec
import structlog

from gateway import __version__
from gateway.admin.server import AdminServer
from gateway.config.diff.archive import Archive
from gateway.model.clock import SECOND_NS
from gateway.runtime.candidate import Candidate, Loader
from gateway.runtime.changes.revisions import Revision, Revisions
from gateway.runtime.incidents import Incidents
from gateway.runtime.listening import ListeningSockets
from gateway.runtime.overrides import NOTHING, Decision, Key, Override
from gateway.runtime.reload import API_SOURCE, HandedIn, Reloads, read_handed
from gateway.runtime.succession.experience import (
    circuits_of,
    ejections_of,
    kept_circuits,
    kept_ejections,
    kept_verdicts,
    verdicts_of,
)
from gateway.runtime.succession.messages import (
    VERSION,
    Inheritance,
    KeptDecision,
    KeptGroup,
    KeptOverride,
    KeptRevision,
    KeptText,
    decode_revision,
    encode,
)
from gateway.runtime.vitals.circuits import Circuits
from gateway.runtime.vitals.health import Health
from gateway.wire.changes import IncidentView
from gateway.wire.views import ReloadTrigger

T = TypeVar("T")

MAX_BYTES: Final = 48 * 1024 * 1024
"""Of revisions and incidents together; a message may not be longer than 64 MiB. The newest are passed on."""

_TRIGGERS: Final[dict[str, ReloadTrigger]] = {trigger: trigger for trigger in get_args(ReloadTrigger)}
_decode_incident = msgspec.msgpack.Decoder(IncidentView).decode
_log = structlog.get_logger("sightline")


class Estate:
    """Of one program: composed where it is the old one, accepted where it is the new one."""

    def __init__(
        self,
        reloads: Reloads,
        health: Health,
        circuits: Circuits,
        incidents: Incidents,
        revisions: Revisions,
        sockets: ListeningSockets,
        admin: AdminServer,
    ) -> None:
        self.overrides = health.states.overrides
        self._health = health
        self._circuits = circuits
        self.incidents = incidents
        self.sockets = sockets
        self._reloads = reloads
        self._revisions = revisions
        self._admin = admin

    @property
    def drain_s(self) -> float:
        """How long our last exchanges may take."""
        return self._reloads.running.configuration.snapshot.drain.deadline_ns / SECOND_NS

    def unchanged(self) -> asyncio.Lock:
        """While it is held, no other configuration comes to run."""
        return self._reloads.lock

    def compose(self, actor: str) -> tuple[Inheritance, dict[int, socket.socket]]:
        """All that is passed on now, and the sockets by ticket; they stay ours too. actor: who wants the upgrade."""
        tickets, sockets = count(1), dict[int, socket.socket]()

        def ticket_of(sock: socket.socket) -> int:
            ticket = next(tickets)
            sockets[ticket] = sock
            return ticket

        groups = {group.key: group for group in self.sockets.groups.values()}
        revisions = _newest(map(_kept_revision, self._revisions.newest_first()), MAX_BYTES)
        room = MAX_BYTES - sum(map(len, revisions))
        incidents = _newest(map(encode, reversed(self.incidents.newest())), room)
        return Inheritance(
            version=VERSION,
            pid=os.getpid(),
            program=__version__,
            actor=actor,
            listeners=[
                KeptGroup(key=key, tickets=tuple(map(ticket_of, group.sockets))) for key, group in groups.items()
            ],
            admin_address=self._reloads.running.configuration.admin.address,
            admin=tuple(map(ticket_of, self._admin.sockets)),
            sequence=self._reloads.running.sequence,
            text=self._text(),
            overrides=self.kept_overrides(),
            verdicts=kept_verdicts(self._health.verdicts),
            ejections=kept_ejections(self._health.states.ejections),
            circuits=kept_circuits(self._circuits.standing),
            incidents=incidents,
            last_incident=self.incidents.last_id,
            revisions=revisions,
            revisions_dropped=self._revisions.dropped,
        ), sockets

    def kept_overrides(self) -> list[KeptOverride]:
        return [
            KeptOverride(
                upstream=upstream,
                endpoint=endpoint,
                drained=_kept_decision(override.drained),
                weight=override.weight,
                weighed=_kept_decision(override.weighed),
            )
            for (upstream, endpoint), override in self.overrides.standing.items()
        ]

    def accept(self, inheritance: Inheritance, sockets: Mapping[int, socket.socket]) -> tuple[socket.socket, ...]:
        """Before anything runs, and once: all of it is ours. Returns the admin API's sockets, none where its address is
        another one now."""
        self.sockets.inherit({
            group.key: [sockets[ticket] for ticket in group.tickets] for group in inheritance.listeners
        })  # fmt: skip
        self._health.restore(verdicts_of(inheritance.verdicts), ejections_of(inheritance.ejections))
        self.incidents.restore(_readable(inheritance.incidents, _decode_incident), inheritance.last_incident)
        self._revisions.restore(_readable(inheritance.revisions, _revision), inheritance.revisions_dropped)
        workers = self._reloads.running.configuration.workers
        self._circuits.restore(circuits_of(inheritance.circuits, workers))
        admin = tuple(sockets[ticket] for ticket in inheritance.admin)
        if inheritance.admin_address == self._reloads.running.configuration.admin.address:
            return admin
        for sock in admin:
            sock.close()
        return ()

    def accept_standing(self, kept: Iterable[KeptOverride]) -> None:
        """All that operators have decided before, or since."""
        before, after = dict(self.overrides.standing), _standing(kept)
        self.overrides.restore(after)
        for key in before.keys() | after.keys():
            was, now = before.get(key, NOTHING), after.get(key, NOTHING)
            if was != now:
                unknown = Decision("", "", time.time())
                self._health.states.decided(key, now.drained or now.weighed or was.drained or was.weighed or unknown)

    def _text(self) -> KeptText | None:
        running = self._revisions.running
        if self._reloads.source != API_SOURCE or self._reloads.is_file_newer or running is None:
            return None
        archive = running.archive
        return KeptText(
            text=archive.text(),
            actor=running.actor,
            reason=running.reason,
            files=archive.files,
            variables=archive.variables,
        )


async def read_resumed(loader: Loader, first: Candidate, text: KeptText) -> Candidate:
    """What was handed in to the program before us, to run instead of the first configuration, the file's, and as that number.
    Its workers and admin address are those that ran, whatever the file says by now. Raises ConfigInvalid where this program
    does not accept it."""
    handed = HandedIn(text.text, API_SOURCE, text.actor, files=text.files, variables=text.variables, reason=text.reason)
    return await read_handed(loader, first, handed, first.sequence)


def _standing(kept: Iterable[KeptOverride]) -> dict[Key, Override]:
    return {
        (one.upstream, one.endpoint): Override(_decision(one.drained), one.weight, _decision(one.weighed))
        for one in kept
    }


def _kept_decision(decision: Decision | None) -> KeptDecision | None:
    if decision is None:
        return None
    return KeptDecision(actor=decision.actor, reason=decision.reason, at_s=decision.at_s)


def _decision(kept: KeptDecision | None) -> Decision | None:
    return None if kept is None else Decision(kept.actor, kept.reason, kept.at_s)


def _kept_revision(revision: Revision) -> bytes:
    archive = revision.archive
    return encode(
        KeptRevision(
            sequence=revision.sequence,
            revision=revision.revision,
            applied_at_s=revision.applied_at_s,
            trigger=revision.trigger,
            actor=revision.actor,
            source=revision.source,
            reason=revision.reason,
            packed=archive.packed,
            text_size=archive.text_size,
            files=archive.files,
            variables=archive.variables,
            objects=archive.objects,
        )
    )


def _revision(encoded: msgspec.Raw) -> Revision:
    kept = decode_revision(encoded)
    archive = Archive.unpacked(kept.packed, kept.text_size, kept.files, kept.variables, kept.objects)
    trigger = _TRIGGERS.get(kept.trigger, "start")
    return Revision(
        kept.sequence, kept.revision, kept.applied_at_s, trigger, kept.actor, kept.source, archive, kept.reason
    )


def _newest(encoded: Iterable[bytes], room: int) -> list[msgspec.Raw]:
    """encoded: newest first. As many as there is room for, oldest first."""
    kept: list[msgspec.Raw] = []
    for each in encoded:
        room -= len(each)
        if room < 0:
            break
        kept.append(msgspec.Raw(each))
    return kept[::-1]


def _readable(encoded: Iterable[msgspec.Raw], decode: Callable[[msgspec.Raw], T]) -> Iterator[T]:
    for each in encoded:
        try:
            yield decode(each)
        except msgspec.DecodeError as failure:
            _log.warning("inheritance_not_understood", error=str(failure))
