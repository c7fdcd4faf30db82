"""Since which configuration a route is as it is."""

import asyncio

import pytest
import structlog.testing

from gateway.config import load_text
from gateway.config.diff.archive import Archive
from gateway.runtime.changes import origins as module
from gateway.runtime.changes.origins import LOOKED_BACK, MOST_TOUCHED, Followed, Origins, followed
from gateway.runtime.changes.revisions import Revision, Revisions


def revision(sequence: int, **bodies: str) -> Revision:
    """With these routes, each of which answers with its text."""
    routes = "".join(
        f"  - {{name: {name}, match: {{path: /{name}}}, respond: {{status: 200, body: {body}}}}}\n"
        for name, body in bodies.items()
    )
    text = f"listeners: [{{name: public, address: 127.0.0.1:9080}}]\nroutes:\n{routes}"
    archive = Archive.of(load_text(text, "test.yaml", sequence, {}))
    return Revision(sequence, f"{sequence:012x}", float(sequence), "file", "", "file:test.yaml", archive)


async def known(origins: Origins) -> dict[str, int]:
    """When all that is remembered has been read."""
    origins.of_routes()
    assert origins._reading is not None
    await origins._reading
    return dict(origins.of_routes())


def test_a_route_is_as_old_as_its_last_change_wherever_it_stands() -> None:
    revisions = [revision(1, a="x", b="x", c="x"), revision(2, b="x", a="y"), revision(3, b="x", a="x", new="x")]
    nothing = Followed({}, {})
    assert followed(nothing, revisions[:1], 1).routes == {"a": 1, "b": 1, "c": 1}
    assert followed(nothing, revisions[:2], 1).routes == {"a": 2, "b": 1}
    assert followed(nothing, revisions, 1).routes == {"a": 3, "b": 1, "new": 3}


def test_a_revision_tells_what_it_changed_unless_that_is_too_much() -> None:
    revisions = [revision(1, a="x", b="x"), revision(2, a="x", b="y", c="x"), revision(3, a="x", b="y")]
    touched = followed(Followed({}, {}), revisions).touched
    assert touched == {2: ["route b", "route c"], 3: ["route c"]}
    many = {f"r{number}": "x" for number in range(MOST_TOUCHED + 1)}
    assert followed(Followed({}, touched), [revisions[2], revision(4, **many)]).touched == {**touched, 4: None}


def test_revisions_are_followed_as_they_come_to_run() -> None:
    revisions = Revisions()
    origins = Origins(revisions)
    assert origins.of_routes() == {}

    async def story() -> None:
        revisions.add(revision(1, a="x", b="x"))
        assert await known(origins) == {"a": 1, "b": 1}
        revisions.add(revision(2, a="y", b="x"))
        revisions.add(revision(3, a="y", b="x", c="x"))
        assert origins.of_routes() == {}, "of what has just come to run nothing is known yet"
        assert await known(origins) == {"a": 2, "b": 1, "c": 3}

    asyncio.run(story())


def test_what_was_before_all_that_is_remembered_or_read_is_not_known() -> None:
    forgetful, many = Revisions(at_most=2), Revisions()
    for sequence in range(1, 4):
        forgetful.add(revision(sequence, a="x", b=f"x{sequence}"))
    for sequence in range(1, LOOKED_BACK + 5):
        many.add(revision(sequence, a="x", b=f"x{sequence}"))
    assert asyncio.run(known(Origins(forgetful))) == {"a": 0, "b": 3}
    assert asyncio.run(known(Origins(many))) == {"a": 0, "b": LOOKED_BACK + 4}


def test_a_fault_in_reading_is_told_once_and_leaves_unknown_what_was_to_be_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    revisions = Revisions()
    revisions.add(revision(1, a="x"))
    origins = Origins(revisions)

    def fail(*_given: object) -> dict[str, int]:
        raise RuntimeError("a fault")

    async def story() -> None:
        monkeypatch.setattr(module, "followed", fail)
        assert [await known(origins), origins.of_routes(), origins.of_routes()] == [{}, {}, {}]
        monkeypatch.undo()
        revisions.add(revision(2, a="x", b="x"))
        assert await known(origins) == {"a": 1, "b": 2}

    with structlog.testing.capture_logs() as told:
        asyncio.run(story())
    assert [entry["event"] for entry in told] == ["origins_not_read"]
