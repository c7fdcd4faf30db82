"""What is said of each part of a context."""

import argparse
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.cli.contexts import Checked, check, command
from console.client.contexts import Context
from gateway.admin.access import AccessRules
from tests.support.admin_api import AdminApi, PreparedState
from tests.support.config import free_port


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    api = AdminApi(PreparedState(), AccessRules(()))
    yield f"http://127.0.0.1:{api.port}"
    api.close()


def failing(context: Context) -> dict[str, str]:
    return {part: problem for part, _, problem in check(context) if problem}


def test_a_context_that_is_well_says_what_it_found(url: str) -> None:
    checks = list(check(Context(name="here", url=url, prometheus=url)))
    assert [each.part for each in checks] == ["context", "token", "gateway", "role", "prometheus"]
    assert not any(each.problem for each in checks)
    assert Checked("token", "none is named") in checks


def test_each_part_fails_by_itself(url: str, tmp_path: Path) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    assert set(failing(Context(name="x", url=nobody))) == {"gateway", "role"}
    assert set(failing(Context(name="x", url=url, token_file=str(tmp_path / "none")))) == {"token"}
    found = failing(Context(name="x", url=url, grafana_url=nobody, trace_url="nonsense"))
    assert set(found) == {"grafana_url", "trace_url"}
    assert "connection refused" in found["grafana_url"].lower()


def test_the_list_marks_the_one_that_is_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    parser = argparse.ArgumentParser()
    command.configure(parser)
    assert command.run(parser.parse_args([])) == 0
    assert "does not exist" in capsys.readouterr().out
    file = tmp_path / "sightline" / "contexts.yaml"
    file.parent.mkdir()
    file.write_text("current: b\ncontexts: [{name: a, tags: [prod]}, {name: b, token_cmd: say it}]")
    assert command.run(parser.parse_args(["list"])) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[-1] for line in lines[1:]] == ["read-only", "change"]
    assert lines[2].startswith("*  b")
    assert command.run(parser.parse_args(["test", "c"])) == 2
