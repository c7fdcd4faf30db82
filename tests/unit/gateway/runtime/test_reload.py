"""Which configuration runs after each of many things that can happen to the file and by the API."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from gateway.runtime import candidate
from gateway.runtime.candidate import Candidate, Loader
from gateway.runtime.reload import HandedIn, NotApplied, Reloads, Standing
from gateway.wire.views import ApplyResult, ReloadView


def text(body: str, workers: int = 1) -> str:
    return (
        "listeners: [{name: public, address: 127.0.0.1:9080}]\n"
        f"routes: [{{name: only, match: {{path: /}}, respond: {{status: 200, body: {body}}}}}]\n"
        f"workers: {workers}\n"
    )


def write(file: Path, content: str) -> None:
    file.write_text(content)


class Gateway:
    """Applies what it is given, unless it is told to refuse, and notes what became of each configuration."""

    def __init__(self) -> None:
        self.applied: list[str] = []
        self.told: list[ReloadView] = []
        self.differed: list[bool] = []
        self.refusal: NotApplied | None = None
        self.has_begun = asyncio.Event()
        self.may_go_on = asyncio.Event()
        self.may_go_on.set()

    async def apply(self, candidate: Candidate) -> None:
        self.has_begun.set()
        await self.may_go_on.wait()
        if self.refusal is not None:
            raise self.refusal
        self.applied.append(body_of(candidate))

    def on_reload(self, reload: ReloadView, standing: Standing) -> None:
        self.told.append(reload)
        self.differed.append(standing.source_differs)


def body_of(candidate: Candidate) -> str:
    respond = candidate.configuration.snapshot.routes[0].respond
    assert respond is not None
    return respond.body


Steps = Callable[[Reloads, Gateway, Path], Awaitable[None]]


def run(folder: Path, steps: Steps) -> tuple[Reloads, Gateway]:
    """Reloads that have started with the body `first`, after these steps."""

    async def play() -> tuple[Reloads, Gateway]:
        file = folder / "sightline.yaml"
        file.write_text(text("first"))
        loader, gateway = Loader(str(file), {}), Gateway()
        reloads = Reloads(loader, await loader.load_file(1), gateway.apply, gateway)
        reloads.note_start(0.1)
        await steps(reloads, gateway, file)
        loader.close()
        return reloads, gateway

    return asyncio.run(play())


async def hand_in(reloads: Reloads, body: str, *, if_match: int | None = None, dry_run: bool = False) -> ApplyResult:
    return await reloads.apply(HandedIn(text(body), "api"), if_match=if_match, dry_run=dry_run)


def test_a_changed_file_runs_with_the_next_sequence(tmp_path: Path) -> None:
    async def steps(reloads: Reloads, _: Gateway, file: Path) -> None:
        write(file, text("second"))
        await reloads.reload_file("file")

    reloads, gateway = run(tmp_path, steps)
    assert (gateway.applied, reloads.running.sequence) == (["second"], 2)
    assert [(view.trigger, view.result) for view in gateway.told] == [("start", "applied"), ("file", "applied")]


def test_an_unchanged_file_changes_nothing(tmp_path: Path) -> None:
    async def steps(reloads: Reloads, _: Gateway, file: Path) -> None:
        write(file, "# a comment\n" + text("first"))
        await reloads.reload_file("signal")

    reloads, gateway = run(tmp_path, steps)
    assert (gateway.applied, reloads.running.sequence) == ([], 1)
    assert (gateway.told[-1].result, gateway.told[-1].stays) == ("unchanged", "")


def test_a_broken_file_is_told_with_every_error_and_the_last_good_stays(tmp_path: Path) -> None:
    async def steps(reloads: Reloads, _: Gateway, file: Path) -> None:
        write(file, "listeners: []\nroutes: [{name: x, colour: red}]\n")
        await reloads.reload_file("file")

    reloads, gateway = run(tmp_path, steps)
    assert (gateway.applied, body_of(reloads.running)) == ([], "first")
    assert len(gateway.told[-1].errors) >= 2
    assert reloads.last is gateway.told[-1]


def test_a_configuration_that_cannot_run_here_is_refused_and_tried_again_when_asked(tmp_path: Path) -> None:
    async def steps(reloads: Reloads, gateway: Gateway, file: Path) -> None:
        gateway.refusal = NotApplied("listeners", "cannot listen on 127.0.0.1:9080")
        write(file, text("second"))
        await reloads.reload_file("file")
        gateway.refusal = None
        await reloads.reload_file("signal")

    reloads, gateway = run(tmp_path, steps)
    assert [view.result for view in gateway.told] == ["applied", "rejected", "applied"]
    assert gateway.told[1].errors[0].message == "cannot listen on 127.0.0.1:9080"
    assert (gateway.applied, reloads.running.sequence) == (["second"], 2)


def test_a_fault_of_our_own_rejects_the_configuration_and_the_next_one_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def steps(reloads: Reloads, _: Gateway, file: Path) -> None:
        write(file, text("second"))
        with monkeypatch.context() as broken:
            broken.setattr(candidate, "encode_slices", None)
            await reloads.reload_file("file")
        await reloads.reload_file("signal")

    _, gateway = run(tmp_path, steps)
    assert [view.result for view in gateway.told] == ["applied", "rejected", "applied"]
    assert "internal error" in gateway.told[1].errors[0].message


def test_what_cannot_change_live_is_rejected(tmp_path: Path) -> None:
    async def steps(reloads: Reloads, _: Gateway, file: Path) -> None:
        write(file, text("second", workers=2))
        await reloads.reload_file("file")

    _, gateway = run(tmp_path, steps)
    assert (gateway.applied, [error.key for error in gateway.told[-1].errors]) == ([], ["workers"])


def test_the_apis_configuration_stays_until_the_file_says_something_else(tmp_path: Path) -> None:
    async def steps(reloads: Reloads, _: Gateway, file: Path) -> None:
        await hand_in(reloads, "by-api")
        await reloads.reload_file("file")
        assert reloads.source == "api"
        write(file, text("by-file"))
        await reloads.reload_file("file")

    reloads, gateway = run(tmp_path, steps)
    assert gateway.applied == ["by-api", "by-file"]
    assert reloads.source == f"file:{tmp_path}/sightline.yaml"


def test_a_signal_asks_for_the_file_whatever_the_api_applied(tmp_path: Path) -> None:
    async def steps(reloads: Reloads, _: Gateway, file: Path) -> None:
        await hand_in(reloads, "by-api")
        await reloads.reload_file("signal")

    reloads, gateway = run(tmp_path, steps)
    assert len(gateway.applied) == 2
    assert reloads.source == f"file:{tmp_path}/sightline.yaml"


def test_a_file_that_failed_does_not_count_as_what_the_file_says(tmp_path: Path) -> None:
    async def steps(reloads: Reloads, gateway: Gateway, file: Path) -> None:
        await hand_in(reloads, "by-api")
        write(file, text("second"))
        gateway.refusal = NotApplied("", "not now")
        await reloads.reload_file("file")
        gateway.refusal = None
        await reloads.reload_file("signal")

    _, gateway = run(tmp_path, steps)
    assert gateway.applied == ["by-api", "second"]


def test_a_configuration_for_another_sequence_is_a_conflict_and_is_not_read(tmp_path: Path) -> None:
    async def steps(reloads: Reloads, _: Gateway, file: Path) -> None:
        result = await reloads.apply(HandedIn("not even: [yaml", "api"), if_match=5, dry_run=False)
        assert (result.outcome, result.errors, result.running_sequence) == ("conflict", [], 1)
        assert (await hand_in(reloads, "matching", if_match=1)).outcome == "applied"

    _, gateway = run(tmp_path, steps)
    assert gateway.applied == ["matching"]


def test_a_dry_run_says_what_would_become_of_it(tmp_path: Path) -> None:
    async def steps(reloads: Reloads, _: Gateway, file: Path) -> None:
        assert (await hand_in(reloads, "second", dry_run=True)).outcome == "valid"
        assert (await hand_in(reloads, "first", dry_run=True)).outcome == "unchanged"
        rejected = await reloads.apply(HandedIn("listeners: []", "api"), if_match=None, dry_run=True)
        assert (rejected.outcome, bool(rejected.errors)) == ("rejected", True)

    _, gateway = run(tmp_path, steps)
    assert (gateway.applied, len(gateway.told)) == ([], 1)


def test_of_many_texts_handed_in_at_once_the_newest_runs_and_those_between_are_overtaken(tmp_path: Path) -> None:
    outcomes: list[str] = []

    async def steps(reloads: Reloads, gateway: Gateway, file: Path) -> None:
        gateway.may_go_on.clear()
        waiting = [asyncio.create_task(hand_in(reloads, f"n{number}")) for number in range(20)]
        await asyncio.sleep(0)
        gateway.may_go_on.set()
        outcomes.extend([(await task).outcome for task in waiting])

    reloads, gateway = run(tmp_path, steps)
    assert gateway.applied == ["n0", "n19"]
    assert outcomes == ["applied"] + ["conflict"] * 18 + ["applied"]
    assert body_of(reloads.running) == "n19"


def test_many_changes_of_the_file_while_one_is_applied_become_one(tmp_path: Path) -> None:
    async def steps(reloads: Reloads, gateway: Gateway, file: Path) -> None:
        gateway.may_go_on.clear()
        write(file, text("second"))
        first = asyncio.create_task(reloads.reload_file("file"))
        async with asyncio.timeout(5):
            await gateway.has_begun.wait()
        write(file, text("third"))
        others = [asyncio.create_task(reloads.reload_file("file")) for _ in range(5)]
        await asyncio.sleep(0)
        gateway.may_go_on.set()
        await asyncio.gather(first, *others)

    _, gateway = run(tmp_path, steps)
    assert gateway.applied[-1] == "third"
    assert len(gateway.told) == 3


def test_a_text_may_not_refer_to_what_the_file_does_not(tmp_path: Path) -> None:
    secret = tmp_path / "other-secret"
    secret.write_text("0123456789abcdef")

    async def steps(reloads: Reloads, _: Gateway, file: Path) -> None:
        tokens = f"admin: {{tokens: [{{name: a, role: viewer, token_file: {secret}}}]}}\n"
        result = await reloads.apply(HandedIn(text("second") + tokens, "api"), if_match=None, dry_run=False)
        assert result.outcome == "rejected"

    _, gateway = run(tmp_path, steps)
    assert gateway.applied == []


@pytest.mark.parametrize("trigger", ["file", "signal"])
def test_the_outcome_names_what_asked_for_it(tmp_path: Path, trigger: str) -> None:
    async def steps(reloads: Reloads, _: Gateway, file: Path) -> None:
        await reloads.reload_file("file" if trigger == "file" else "signal")

    _, gateway = run(tmp_path, steps)
    assert gateway.told[-1].trigger == trigger


def differed(folder: Path, steps: Steps) -> list[bool]:
    """Whether the file differed from what runs: after the start, and after each configuration that was read."""
    return run(folder, steps)[1].differed


def test_the_source_differs_while_another_configuration_than_the_file_s_runs(tmp_path: Path) -> None:
    async def steps(reloads: Reloads, _: Gateway, file: Path) -> None:
        await hand_in(reloads, "by-api")
        await reloads.reload_file("file")
        await reloads.reload_file("signal")
        await hand_in(reloads, "by-api")
        await hand_in(reloads, "first")

    assert differed(tmp_path, steps) == [False, True, True, False, True, False]


def test_the_source_differs_while_the_file_gives_nothing_that_can_run(tmp_path: Path) -> None:
    async def steps(reloads: Reloads, gateway: Gateway, file: Path) -> None:
        write(file, "listeners: []\n")
        await reloads.reload_file("file")
        write(file, text("first"))
        await reloads.reload_file("file")
        gateway.refusal = NotApplied("listeners", "cannot listen")
        write(file, text("second"))
        await reloads.reload_file("file")

    assert differed(tmp_path, steps) == [False, True, False, True]


def test_a_text_that_is_rejected_does_not_make_the_source_differ(tmp_path: Path) -> None:
    async def steps(reloads: Reloads, _: Gateway, file: Path) -> None:
        result = await reloads.apply(HandedIn("listeners: []", "api"), if_match=None, dry_run=False)
        assert result.outcome == "rejected"

    assert differed(tmp_path, steps) == [False, False]


def test_an_outcome_tells_who_handed_it_in_and_what_it_restores(tmp_path: Path) -> None:
    async def steps(reloads: Reloads, _: Gateway, file: Path) -> None:
        first = reloads.running.revision
        await reloads.apply(HandedIn(text("second"), "api", "ci"), if_match=None, dry_run=False)
        handed = HandedIn(text("first"), f"revision {first}", "ci", first)
        await reloads.apply(handed, if_match=None, dry_run=False)
        assert reloads.running.revision == first

    _, gateway = run(tmp_path, steps)
    assert [(view.trigger, view.actor) for view in gateway.told[1:]] == [("api", "ci"), ("rollback", "ci")]
    assert gateway.told[2].restores == gateway.told[2].revision


def test_what_is_restored_may_refer_to_what_it_referred_to_when_it_ran(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("0123456789abcdef")
    tokens = f"admin: {{tokens: [{{name: a, role: viewer, token_file: {secret}}}]}}\n"

    async def steps(reloads: Reloads, _: Gateway, file: Path) -> None:
        first = reloads.running.revision
        write(file, text("second") + tokens)
        await reloads.reload_file("file")
        archive, revision = reloads.running.archive, reloads.running.revision
        write(file, text("third"))
        await reloads.reload_file("file")
        handed = HandedIn(archive.text(), "revision", "ci", revision, archive.files, archive.variables)
        assert (await reloads.apply(handed, if_match=None, dry_run=False)).outcome == "applied"
        assert reloads.running.revision == revision != first

    run(tmp_path, steps)
