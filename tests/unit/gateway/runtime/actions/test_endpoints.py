"""Acting on endpoints: looked at first, done once, undone by what the answer names, and refused to whoever is late."""

from dataclasses import dataclass, field, replace

import msgspec
import pytest

from gateway.admin.state import Expected, NotAsExpected
from gateway.model.snapshot import Snapshot
from gateway.model.upstream import Endpoint, Upstream
from gateway.runtime.actions.endpoints import EndpointActions, Facts
from gateway.runtime.intake import WorkerLoad
from gateway.runtime.overrides import Overrides
from gateway.runtime.vitals.endpoint_states import EndpointStates
from gateway.telemetry.history.history import History
from gateway.telemetry.store import MetricsStore
from gateway.wire.actions import EndpointAction, EndpointActionRequest, EndpointEffectView
from gateway.wire.control import EndpointOverride
from tests.unit.gateway.telemetry.samples import make_snapshot

KEY = ("orders", "unix:/run/a.sock")
PATH = "/api/v1/upstreams/orders/endpoints/unix%3A%2Frun%2Fa.sock"


@dataclass
class Told:
    """Whoever is told what happens: incidents and workers."""

    changes: list[tuple[str, ...]] = field(default_factory=list)
    workers: list[list[EndpointOverride]] = field(default_factory=list)

    def panic_changed(self, upstream: str, usable: int, wanted: int, *, is_panic: bool) -> None:
        raise AssertionError("nothing is checked here")

    def endpoint_changed(
        self, upstream: str, endpoint: str, to: str, reason: str, evidence: str = "", actor: str = ""
    ) -> None:
        self.changes.append((upstream, endpoint, to, actor, evidence))

    def endpoint_weighed(self, upstream: str, endpoint: str, weight: int, actor: str, reason: str) -> None:
        self.changes.append((upstream, endpoint, f"weight {weight}", actor, reason))


class Scene:
    """An upstream of a socket and a named host without an address."""

    def __init__(self) -> None:
        socket, named = Endpoint(KEY[1], unix_path="/run/a.sock", weight=2), Endpoint("b.test:1", "b.test", 1)
        self.snapshot: Snapshot = replace(make_snapshot(), sequence=3, upstreams=(Upstream("orders", (socket, named)),))
        self.told = Told()
        store, load = MetricsStore(), WorkerLoad()
        store.configure(self.snapshot)
        self.states = EndpointStates(store, self.told, Overrides(self.told.workers.append), lambda: 1000.0)
        self.states.follow(self.snapshot, {})
        self.told.changes.clear()
        facts = Facts(lambda: self.snapshot, {1: load}, History())
        self.actions = EndpointActions(facts, self.states, self.told, lambda: 1000.0)

    def act(
        self,
        action: EndpointAction,
        *,
        weight: int | msgspec.UnsetType | None = msgspec.UNSET,
        dry_run: bool = False,
        expected: Expected | None = None,
    ) -> EndpointEffectView:
        wanted = EndpointActionRequest(reason="disk", weight=weight)
        view = self.actions.act(KEY, action, wanted, expected=expected, dry_run=dry_run, actor="ana")
        assert view is not None
        return view


def test_a_preview_changes_nothing_and_an_action_tells_everybody() -> None:
    scene = Scene()
    view = scene.act("drain", dry_run=True)
    # The other endpoint cannot be reached, so this one is the last.
    assert (view.outcome, view.tier, view.available_before, view.available_after) == ("preview", 2, 1, 0)
    assert (scene.told.changes, scene.told.workers) == ([], [])
    view = scene.act("drain", expected=Expected(3, 0))
    assert (view.outcome, view.etag) == ("applied", "3.1")
    assert scene.told.workers == [[EndpointOverride(*KEY, is_drained=True)]]
    assert scene.told.changes == [(*KEY, "draining", "ana", "disk")]
    assert scene.states.of(*KEY).state == "draining"


def test_what_is_named_as_the_way_back_leads_back() -> None:
    scene = Scene()
    undo = scene.act("drain").undo
    assert undo is not None
    assert (undo.action, undo.path) == ("undrain", f"{PATH}/undrain")
    scene.act("undrain")
    scene.act("weight", weight=5)
    undo = scene.act("weight", weight=7).undo
    assert undo is not None
    assert (undo.path, undo.weight) == (f"{PATH}/weight", 5)
    undo = scene.act("weight", weight=None).undo
    assert undo is not None
    assert undo.weight == 7
    assert scene.told.changes[-1] == (*KEY, "weight 2", "ana", "disk")
    assert scene.states.overrides.of(KEY).is_none


@pytest.mark.parametrize(("action", "weight"), [("undrain", msgspec.UNSET), ("weight", 2), ("weight", None)])
def test_what_is_so_already_is_told_and_changes_nothing(
    action: EndpointAction, weight: int | msgspec.UnsetType | None
) -> None:
    scene = Scene()
    view = scene.act(action, weight=weight)
    assert (view.outcome, view.undo, view.etag) == ("unchanged", None, "3.0")
    assert "nothing would change" in view.summary
    assert scene.told.workers == []


@pytest.mark.parametrize("expected", [Expected(2), Expected(3, 0), Expected(4, 1)])
def test_whoever_looked_before_something_changed_is_refused(expected: Expected) -> None:
    scene = Scene()
    scene.act("weight", weight=9)
    with pytest.raises(NotAsExpected) as refused:
        scene.act("drain", expected=expected)
    assert (refused.value.sequence, refused.value.etag) == (3, "3.1")
    assert scene.act("drain", expected=Expected(3), dry_run=True).outcome == "preview"


def test_an_endpoint_that_is_not_there_is_not_acted_upon() -> None:
    actions = Scene().actions
    for key in (("orders", "nowhere:1"), ("nothing", KEY[1])):
        assert actions.act(key, "drain", EndpointActionRequest(), expected=None, dry_run=False, actor="ana") is None


def test_an_endpoint_that_a_reload_has_just_taken_away_is_not_drained_for_its_return() -> None:
    scene = Scene()
    without = replace(scene.snapshot.upstreams[0], endpoints=scene.snapshot.upstreams[0].endpoints[1:])
    # The workers run it before the reload is over.
    scene.states.follow(replace(scene.snapshot, sequence=4, upstreams=(without,)), {})
    wanted = EndpointActionRequest()
    assert scene.actions.act(KEY, "drain", wanted, expected=None, dry_run=False, actor="ana") is None
    assert scene.told.workers == []
