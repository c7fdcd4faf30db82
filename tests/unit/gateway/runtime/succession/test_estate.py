"""What one program passes on is what the next one has."""

import asyncio
import socket
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from gateway.admin.access import AccessRules
from gateway.admin.server import AdminServer
from gateway.model.breaker import CircuitCause, CircuitState
from gateway.model.health import CheckResult
from gateway.model.snapshot import Snapshot
from gateway.runtime.candidate import Candidate, Loader
from gateway.runtime.changes.revisions import Revision, Revisions
from gateway.runtime.health.checking import Finding
from gateway.runtime.incidents import Incidents
from gateway.runtime.listening import ListeningSockets
from gateway.runtime.overrides import Decision, Override, Overrides
from gateway.runtime.reload import HandedIn, Reloads, Standing
from gateway.runtime.succession.estate import Estate, read_resumed
from gateway.runtime.succession.messages import Inheritance, KeptText, decode_down, encode
from gateway.runtime.vitals.circuits import Circuits
from gateway.runtime.vitals.endpoint_states import EndpointStates
from gateway.runtime.vitals.health import Health
from gateway.telemetry.store import MetricsStore
from gateway.wire.control import CircuitChanged, Suspect
from gateway.wire.views import ReloadView
from tests.support.admin_api import PreparedState

ANA = Decision("ana", "disk is full", 1000.0)
KEY, SICK, OUT = ("orders", "127.0.0.1:9"), ("orders", "127.0.0.1:7"), ("users", "127.0.0.1:7")
OPENED = CircuitChanged("orders", CircuitState.OPEN, CircuitCause.FAILURE_RATIO, 124, 71)
REFUSED = Finding(CheckResult.CONNECT_ERROR, "refused", 1000.0)


def text(body: str, admin: str = "127.0.0.1:9900", more: str = "") -> str:
    return (
        "listeners: [{name: public, address: '127.0.0.1:0'}]\n"
        "upstreams:\n"
        "  orders: {endpoints: ['127.0.0.1:9', '127.0.0.1:7'], health: {active: {path: /}}, breaker: {}}\n"
        "  users: {endpoints: ['127.0.0.1:9', '127.0.0.1:7'], health: {passive: {}}}\n"
        f"routes: [{{name: only, match: {{path: /}}, respond: {{status: 200, body: {body}}}}}]\n"
        f"admin: {{address: '{admin}'}}\nworkers: 1\n{more}"
    )


class Gateway:
    """As much of a supervisor as has something to pass on."""

    def __init__(self, first: Candidate, loader: Loader, resumed: Candidate | None = None) -> None:
        self.loader = loader
        self.revisions, self.incidents = Revisions(), Incidents()
        self.overrides = Overrides(lambda standing: None)
        self.endpoints = EndpointStates(MetricsStore(workers=1), self.incidents, self.overrides)
        self.health = Health(self.endpoints, lambda standings: None)
        self.circuits = Circuits(MetricsStore(workers=1), self.incidents)
        self.reloads = Reloads(loader, first, self.apply, self, resumed)
        self.sockets = ListeningSockets(1)
        self.admin = AdminServer(PreparedState(), AccessRules(), "127.0.0.1", 0)
        self.estate = Estate(
            self.reloads, self.health, self.circuits, self.incidents, self.revisions, self.sockets, self.admin
        )

    async def apply(self, candidate: Candidate) -> None:
        pass

    def on_reload(self, reload: ReloadView, standing: Standing) -> None:
        running = standing.running
        self.revisions.add(
            Revision(
                running.sequence, running.revision, 1.0, reload.trigger, reload.actor, standing.source, running.archive
            )
        )

    async def serve(self) -> None:
        snapshot: Snapshot = self.reloads.running.configuration.snapshot
        self.sockets.adopt(self.sockets.bind(snapshot.listeners))
        self.health.follow(snapshot, {})
        self.reloads.note_start(0.1)

    async def close(self) -> None:
        await self.admin.close()
        self.sockets.close()
        self.loader.close()


async def gateway(file: Path, sequence: int = 1, handed: KeptText | None = None) -> Gateway:
    loader = Loader(str(file), {})
    first = await loader.load_file(sequence)
    return Gateway(first, loader, await read_resumed(loader, first, handed) if handed else None)


def facts_of(revision: Revision) -> tuple[object, ...]:
    return revision.sequence, revision.revision, revision.trigger, revision.actor, revision.source, revision.archive


def write(file: Path, content: str) -> None:
    file.write_text(content)


def pass_on(
    file: Path,
    change: Callable[[Inheritance], Inheritance] = lambda inherited: inherited,
    new_text: str = "",
    *,
    is_reloaded: bool = False,
) -> tuple[Gateway, Gateway, tuple[socket.socket, ...]]:
    """An old gateway in which a few things happened, the new one that has accepted it all, and its admin sockets."""

    async def play() -> tuple[Gateway, Gateway, tuple[socket.socket, ...]]:
        write(file, text("of-file"))
        old = await gateway(file)
        await old.serve()
        await old.admin.start()
        await old.reloads.apply(HandedIn(text("handed-in"), "api", "bo", reason="try"), if_match=None, dry_run=False)
        old.health.restore({SICK: (False, REFUSED)}, {})
        old.health.follow(old.reloads.running.configuration.snapshot, {})
        old.health.suspected(Suspect(*OUT, 5, "connect_refused"))
        old.circuits.follow(old.reloads.running.configuration.snapshot)
        old.circuits.changed(1, OPENED)
        old.overrides.set(KEY, Override(drained=ANA, weight=5, weighed=ANA))
        if is_reloaded:
            write(file, new_text)
            await old.reloads.reload_file("file")
        composed, sockets = old.estate.compose("ana")
        inherited = decode_down(encode(change(composed)))
        assert isinstance(inherited, Inheritance)
        if new_text:
            write(file, new_text)
        new = await gateway(file, inherited.sequence + 1, inherited.text)
        copies = {ticket: sock.dup() for ticket, sock in sockets.items()}
        try:
            admin = new.estate.accept(inherited, copies)
            new.estate.accept_standing(inherited.overrides)
            await new.serve()
            new.circuits.follow(new.reloads.running.configuration.snapshot)
        finally:
            await old.close()
            await new.close()
        return old, new, admin

    return asyncio.run(play())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "sightline.yaml"


def test_decisions_configuration_revisions_and_incidents_are_passed_on(file: Path) -> None:
    old, new, admin = pass_on(file)
    assert dict(new.overrides.standing) == {KEY: Override(drained=ANA, weight=5, weighed=ANA)}
    assert new.endpoints.of(*KEY).state == "draining"
    assert (new.endpoints.of(*SICK).state, new.endpoints.of(*SICK).note) == ("unhealthy", "refused")
    assert (new.endpoints.of(*OUT).state, new.endpoints.of(*OUT).note) == (
        "ejected", "5 failures in a row, at last connect_refused; for 30 s"
    )  # fmt: skip
    assert new.endpoints.ejections == old.endpoints.ejections
    assert new.circuits.of("orders") == old.circuits.of("orders")
    assert [each.upstream for each in new.circuits.opened_in(1)] == ["orders"]
    assert (new.reloads.source, new.reloads.running.revision) == ("api", old.reloads.running.revision)
    assert new.reloads.source_differs
    assert new.reloads.running.sequence == old.reloads.running.sequence + 1
    assert [facts_of(each) for each in new.revisions.newest_first()[1:]] == [
        facts_of(each) for each in old.revisions.newest_first()
    ]
    assert new.incidents.newest()[: old.incidents.last_id] == old.incidents.newest()
    assert len(admin) == 1
    admin[0].close()


def test_another_admin_address_is_bound_anew(file: Path) -> None:
    def moved(inherited: Inheritance) -> Inheritance:
        return msgspec.structs.replace(inherited, admin_address="127.0.0.1:1")

    assert pass_on(file, moved)[2] == ()


def test_what_a_program_of_another_version_cannot_read_is_left_out(file: Path) -> None:
    def odd(inherited: Inheritance) -> Inheritance:
        nonsense = msgspec.Raw(encode({"kind": "unheard_of"}))
        return msgspec.structs.replace(
            inherited,
            incidents=[nonsense, *inherited.incidents],
            revisions=[nonsense, *inherited.revisions],
        )

    old, new, admin = pass_on(file, odd)
    assert len(new.revisions.newest_first()) == 3
    assert new.incidents.newest()[: old.incidents.last_id] == old.incidents.newest()
    admin[0].close()


def test_a_file_that_said_something_else_after_the_text_takes_its_place(file: Path) -> None:
    old, new, admin = pass_on(file, new_text=text("of-file").replace("workers: 1", "workers: 2"), is_reloaded=True)
    assert (old.reloads.source, new.reloads.source) == ("api", f"file:{file}")
    assert (new.reloads.running.configuration.workers, new.reloads.source_differs) == (2, False)
    admin[0].close()


def test_a_text_that_was_handed_in_last_stays_whatever_the_file_says_by_then(file: Path) -> None:
    old, new, admin = pass_on(file, new_text=text("of-file", "127.0.0.1:1").replace("workers: 1", "workers: 2"))
    assert (new.reloads.source, new.reloads.running.revision) == ("api", old.reloads.running.revision)
    assert new.reloads.running.configuration.workers == 1
    assert len(admin) == 1
    admin[0].close()
