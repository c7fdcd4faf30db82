"""One object of a running gateway's configuration edited as text: looked at, tried, run, and refused to who is late."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.live.conftest import StartOrigin
from tests.support.origin import say_target
from tests.support.program import YAML, Program

ROUTES: Final = """\
  # what is told
  - name: told  # keep
    match: {path: /told, headers: {authorization: Bearer-told}}
    respond:
      status: 200
      body: before
  - {name: other, match: {path: /other}, respond: {status: 204}}
"""
PATH: Final = "/api/v1/config/objects/route/told"


@pytest.fixture
def program(tmp_path: Path, start_origin: StartOrigin) -> Iterator[Program]:
    program = Program(tmp_path, start_origin(say_target).address)
    program.write(program.text(more_routes=ROUTES))
    with program:
        yield program


def put(program: Program, text: str, query: str = "", **headers: str) -> tuple[int, Any]:
    return program.call(f"{PATH}{query}", text, YAML | headers, method="PUT")


def test_an_object_is_edited_as_it_is_written_and_its_secrets_stay(program: Program) -> None:
    code, view = program.call(PATH)
    assert (code, view["sequence"]) == (200, 1)
    assert view["text"].startswith("name: told  # keep\n")
    assert "Bearer-told" not in view["text"]
    new = view["text"].replace("body: before", "body: after")

    code, result = put(program, new, "?dry_run=true", **{"If-Match": '"1"'})
    (changed,) = result["changes"]["objects"]
    assert (code, result["outcome"], changed["name"]) == (200, "valid", "told")
    assert [(key["key"], key["old"], key["new"]) for key in changed["keys"]] == [("respond.body", "before", "after")]
    assert program.status()["sequence"] == 1

    code, result = put(program, new, "?reason=wording", **{"If-Match": '"1"'})
    assert (code, result["outcome"]) == (200, "applied")
    program.await_sequence(2)
    with program.client() as client:
        asked = b"GET /told HTTP/1.1\r\nHost: gateway.test\r\nAuthorization: Bearer-told\r\n\r\n"
        assert client.request(asked).body == b"after"
    newest = program.call("/api/v1/revisions")[1]["revisions"][0]
    assert (newest["trigger"], newest["actor"], newest["reason"]) == ("api", "loopback", "wording")
    assert program.status()["source_differs"]
    assert put(program, new, **{"If-Match": '"1"'})[0] == 412


def test_errors_are_told_at_the_lines_that_were_handed_in(program: Program) -> None:
    text = program.call(PATH)[1]["text"]
    code, problem = put(program, f"{text}unknown: 1\n", "?dry_run=true")
    (error,) = problem["errors"]
    assert (code, error["file"], error["line"]) == (422, "route told", text.count("\n") + 1)
    code, problem = put(program, text.replace("name: told", "name: other"))
    assert code == 422
    assert program.status()["sequence"] == 1


def test_a_dry_run_of_a_whole_configuration_and_of_a_way_back_tell_what_would_change(program: Program) -> None:
    text = program.text(more_routes=ROUTES.replace("before", "after"))
    code, result = program.call("/api/v1/config/apply?dry_run=true", text, YAML)
    assert (code, result["changes"]["counts"]) == (200, {"route": {"changed": 1}})
    program.apply(text)
    code, result = program.call("/api/v1/revisions/1/rollback?dry_run=true", "", YAML)
    (changed,) = result["changes"]["objects"]
    assert (changed["keys"][0]["old"], changed["keys"][0]["new"]) == ("after", "before")
