"""Configurations of a real gateway that follow one another, what differs between them, and the way back."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.live.conftest import StartOrigin
from tests.support.origin import say_target
from tests.support.program import Program
from tests.support.waiting import wait_until

EXTRA = "  - {name: extra, match: {path: /extra}, respond: {status: 200, body: here}}"
SECRET = "  - {{name: extra, match: {{path: /extra, headers: {{authorization: {0}}}}}, respond: {{status: 204}}}}"


@pytest.fixture
def program(tmp_path: Path, start_origin: StartOrigin) -> Iterator[Program]:
    with Program(tmp_path, start_origin(say_target).address) as started:
        yield started


def read(program: Program, path: str) -> Any:
    code, view = program.call(f"/api/v1/{path}")
    assert code == 200, view
    return view


def roll_back(program: Program, reference: str, query: str = "", **headers: str) -> tuple[int, Any]:
    return program.call(
        f"/api/v1/revisions/{reference}/rollback{query}", "", {"Content-Type": "application/json"} | headers
    )


def test_revisions_are_told_with_who_applied_them_and_the_running_one_is_marked(program: Program) -> None:
    program.apply(program.text(more_routes=EXTRA))
    newest, first = read(program, "revisions")["revisions"]
    assert (newest["sequence"], newest["trigger"], newest["actor"], newest["running"]) == (2, "api", "loopback", True)
    assert (first["sequence"], first["trigger"], first["replaced_at"]) == (1, "start", newest["applied_at"])
    change = program.status()["last_change"]
    assert (change["revision"], change["actor"]) == (newest["revision"], "loopback")
    assert program.status()["incidents_last_hour"]["config_applied"] == 2


def test_a_difference_names_the_objects_and_shows_no_secret(program: Program) -> None:
    program.apply(program.text(more_routes=SECRET.format("Bearer-before")))
    program.apply(program.text(more_routes=SECRET.format("Bearer-after")))
    view = read(program, "revisions/previous..running")
    (changed,) = view["changes"]["objects"]
    assert (changed["name"], changed["keys"][0]["key"]) == ("extra", "match.headers.authorization")
    assert changed["keys"][0]["redacted"]
    everything = json.dumps(
        [view, read(program, "revisions"), read(program, "incidents"), read(program, "revisions/1")]
    )
    assert "Bearer" not in everything + program.talk


def test_a_roll_back_serves_what_was_served_and_stays_until_the_file_says_something_else(program: Program) -> None:
    first = program.status()["revision"]
    program.write(program.text(more_routes=EXTRA))
    program.await_last_reload("applied", "file")
    assert program.send("/extra") == (200, b"here")
    assert program.metric("sightline_config_source_differs") == 0

    code, result = roll_back(program, first, **{"If-Match": '"2"'})
    assert (code, result["outcome"], result["running_revision"]) == (200, "applied", first)
    program.await_sequence(3)
    assert program.send("/extra") != (200, b"here")
    assert program.status()["source_differs"]
    assert program.metric("sightline_config_source_differs") == 1
    (told,) = read(program, "incidents?kind=config_rolled_back")["incidents"]
    assert (told["revision"], told["actor"]) == (first, "loopback")

    program.write(f"# touched\n{program.text(more_routes=EXTRA)}")
    left = program.await_last_reload("unchanged", "file")
    assert (program.status()["revision"], left["stays"]) == (first, first)
    assert "config_stays" in program.talk
    program.signal(signal.SIGHUP)
    program.await_last_reload("applied", "signal")
    assert (program.status()["source_differs"], program.send("/extra")) == (False, (200, b"here"))


def test_a_roll_back_that_is_not_meant_for_what_runs_changes_nothing(program: Program) -> None:
    program.apply(program.text(more_routes=EXTRA))
    assert roll_back(program, "1", **{"If-Match": '"1"'})[0] == 412
    code, result = roll_back(program, "1", "?dry_run=true")
    assert (code, result["outcome"]) == (200, "valid")
    assert roll_back(program, "77")[0] == 404
    assert program.status()["sequence"] == 2
    assert roll_back(program, "running")[1]["outcome"] == "unchanged"


def test_a_rejected_text_leaves_the_source_as_healthy_as_it_was(program: Program) -> None:
    headers = {"Content-Type": "application/yaml"}
    assert program.call("/api/v1/config/apply", "listeners: []\n", headers)[0] == 422
    assert program.metric("sightline_config_last_reload_success") == 1
    program.write("listeners: []\n")
    program.await_last_reload("rejected", "file")
    assert program.metric("sightline_config_last_reload_success") == 0
    assert program.metric("sightline_config_source_differs") == 1
    wait_until(lambda: read(program, "incidents?kind=config_rejected")["incidents"][1:], "both rejections are told")
    assert program.apply(program.text(more_routes=EXTRA))["outcome"] == "applied"
    assert program.metric("sightline_config_last_reload_success") == 0


def test_a_revision_tells_the_figures_before_and_after_it(program: Program) -> None:
    def figures(query: str = "") -> Any:
        assert program.send("/a")[0] == 200
        program.send("/extra")
        return {each["name"]: each for each in read(program, f"revisions/running{query}")["figures"]}

    wait_until(lambda: (figures()[""]["whole"] or {}).get("seconds", 0) >= 2, "two whole seconds of the first revision")
    program.apply(program.text(more_routes=EXTRA))

    def told() -> Any:
        found = figures("?window_s=60")
        return found if (found["extra"]["after"] or {}).get("requests") else None

    found: Any = wait_until(told, "requests of the new route are counted")
    gateway, extra = found[""], found["extra"]
    assert gateway["before"]["requests"] > 0
    assert gateway["before"]["rate"] > 0
    assert gateway["after"]["p99_ms"] > 0
    assert (extra["before"] or {"requests": 0})["requests"] == 0
    assert extra["after"]["error_ratio"] == 0
