"""What is answered about changes: revisions with what came of them, and the way back to one."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from gateway.runtime.candidate import Candidate, Loader
from gateway.runtime.changes.changes import Changes
from gateway.runtime.changes.comparing import REPORTED_S, Kind
from gateway.runtime.changes.revisions import Revision, Revisions
from gateway.runtime.incidents import Incidents
from gateway.runtime.reload import HandedIn, Reloads, Standing
from gateway.wire.changes import FiguresView
from gateway.wire.views import ReloadView


def text(body: str) -> str:
    return (
        "listeners: [{name: public, address: 127.0.0.1:9080}]\n"
        "routes:\n"
        f"  - {{name: one, match: {{path: /}}, respond: {{status: 200, body: {body}}}}}\n"
        "  - {name: other, match: {path: /other}, respond: {status: 200}}\n"
    )


class Figures:
    def between(self, kind: Kind, name: str, from_s: float, to_s: float) -> FiguresView | None:
        return FiguresView(seconds=to_s - from_s, requests=7, rate=1.0)


class Scene:
    """A gateway whose configurations came to run a minute apart, the last one a minute ago."""

    def __init__(self, loader: Loader, first: Candidate) -> None:
        self.revisions = Revisions()
        self.reloads = Reloads(loader, first, self.apply, self)
        self.changes = Changes(Incidents(), self.revisions, self.reloads, Figures())
        self.now_s = 1_000_000.0

    async def apply(self, candidate: Candidate) -> None:
        pass

    def on_reload(self, reload: ReloadView, standing: Standing) -> None:
        if reload.result == "applied":
            self.now_s += 60.0
            running = standing.running
            self.revisions.add(
                Revision(
                    running.sequence,
                    running.revision,
                    self.now_s,
                    reload.trigger,
                    reload.actor,
                    standing.source,
                    running.archive,
                )
            )

    async def hand_in(self, body: str) -> None:
        await self.reloads.apply(HandedIn(text(body), "api", "ci"), if_match=None, dry_run=False)


def play(folder: Path, steps: Callable[[Scene], Awaitable[None]]) -> None:
    async def run() -> None:
        file = folder / "sightline.yaml"
        file.write_text(text("first"))
        loader = Loader(str(file), {})
        scene = Scene(loader, await loader.load_file(1))
        scene.reloads.note_start(0.1)
        await steps(scene)
        loader.close()

    asyncio.run(run())


def test_a_revision_tells_what_it_changed_and_what_came_of_it(tmp_path: Path) -> None:
    async def steps(scene: Scene) -> None:
        await scene.hand_in("second")
        await scene.hand_in("third")
        view = await scene.changes.revision("2", 300)
        assert view is not None
        assert view.previous is not None
        assert (view.revision.sequence, view.previous.sequence, view.window_s) == (2, 1, 60.0)
        assert view.changes is not None
        assert [each.name for each in view.changes.objects] == ["one"]
        assert [(each.kind, each.name) for each in view.figures] == [("gateway", ""), ("route", "one")]
        before, after = view.figures[0].before, view.figures[0].after
        assert before == FiguresView(seconds=60.0, requests=7, rate=1.0)
        assert after is not None
        assert after.seconds == pytest.approx(60.0 - REPORTED_S)

    play(tmp_path, steps)


def test_the_first_revision_replaced_nothing(tmp_path: Path) -> None:
    async def steps(scene: Scene) -> None:
        view = await scene.changes.revision("running", 300)
        assert view is not None
        assert (view.previous, view.changes, view.figures[0].before) == (None, None, None)
        assert await scene.changes.revision("previous", 300) is None

    play(tmp_path, steps)


def test_a_difference_is_told_in_the_direction_it_was_asked_for(tmp_path: Path) -> None:
    async def steps(scene: Scene) -> None:
        await scene.hand_in("second")
        forth, back = await scene.changes.difference("1", "2"), await scene.changes.difference("2", "1")
        assert forth is not None
        assert back is not None
        (there,), (here,) = forth.changes.objects[0].keys, back.changes.objects[0].keys
        assert (there.old, there.new) == (here.new, here.old) == ("first", "second")
        assert await scene.changes.difference("1", "9") is None

    play(tmp_path, steps)


def test_a_roll_back_is_a_change_of_its_own_with_who_asked_for_it(tmp_path: Path) -> None:
    async def steps(scene: Scene) -> None:
        await scene.hand_in("second")
        result = await scene.changes.roll_back("previous", if_match=2, dry_run=False, actor="ann")
        assert result is not None
        assert (result.outcome, result.running_sequence) == ("applied", 3)
        newest = scene.changes.revisions().revisions[0]
        assert (newest.revision, newest.trigger, newest.actor) == (
            scene.revisions.newest_first()[2].revision,
            "rollback",
            "ann",
        )
        last = scene.changes.last()
        assert last is not None
        assert (last.sequence, last.trigger, last.actor) == (3, "rollback", "ann")
        assert await scene.changes.roll_back("77", if_match=None, dry_run=False, actor="ann") is None

    play(tmp_path, steps)


def test_a_configuration_that_ran_before_can_be_looked_at_without_running_it(tmp_path: Path) -> None:
    async def steps(scene: Scene) -> None:
        first = scene.reloads.running.revision
        await scene.hand_in("second")
        configuration = await scene.changes.configuration_of(first)
        assert configuration is not None
        assert configuration.snapshot.routes[0].place.file == f"revision {first}"
        assert scene.reloads.running.sequence == 2
        assert await scene.changes.configuration_of("0" * 12) is None
        assert await scene.changes.configuration_of("1") is None

    play(tmp_path, steps)
