"""`sightline upgrade`: what it prints and how it ends, for each thing that a gateway can say."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway.admin.acting import examples
from gateway.cli import upgrade
from gateway.cli.admin_call import AdminRefused, AdminUnreachable
from gateway.cli.main import main
from gateway.wire.changes import IncidentListView, IncidentView
from gateway.wire.exit_codes import ExitCode
from gateway.wire.titles import UpgradeTold

URL = "http://127.0.0.1:9900"


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upgrade, "_LOOK_S", 0.0)
    monkeypatch.setattr(upgrade, "_LOOK_AT_PID_S", 0.0)


class Gateway:
    """Says that an upgrade has begun, and then one thing after another: incidents, or what is raised."""

    def __init__(self, *answers: list[IncidentView] | Exception) -> None:
        self.posted: list[tuple[str, bytes, str | None]] = []
        self.begun: Exception | None = None
        self._answers = iter(answers)

    def post(self, url: str, body: bytes, token: str | None) -> bytes:
        self.posted.append((url, body, token))
        if self.begun is not None:
            raise self.begun
        return msgspec.json.encode(examples.UPGRADE)

    def get(self, url: str, _token: str | None) -> bytes:
        if url.endswith("/status"):
            raise AdminUnreachable("busy")
        assert url.endswith("/api/v1/incidents?since=19&kind=upgrade")
        answer = next(self._answers)
        if isinstance(answer, Exception):
            raise answer
        return msgspec.json.encode(IncidentListView(incidents=answer, last_id=20))


def incident(kind: Any) -> IncidentView:
    return IncidentView(id=20, at="2026-01-31T08:00:00Z", kind=kind, subject="gateway", text=f"told of {kind}")


def ask(monkeypatch: pytest.MonkeyPatch, gateway: Gateway, *words: str) -> int:
    monkeypatch.setattr(upgrade, "post_json", gateway.post)
    monkeypatch.setattr(upgrade, "get_json", gateway.get)
    return main(["upgrade", "--url", URL, *words])


@pytest.mark.parametrize(("kind", "code"), [("upgrade_ended", ExitCode.OK), ("upgrade_failed", ExitCode.FAILED)])
def test_what_became_of_it_is_told_by_the_incident(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    kind: str,
    code: ExitCode,
) -> None:
    token = tmp_path / "token"
    token.write_text("secret\n")
    gateway = Gateway([], AdminUnreachable("between two programs"), [incident(kind)])
    assert ask(monkeypatch, gateway, "--reason", "1.4.2", "--token-file", str(token)) == code
    said = capsys.readouterr()
    assert f"told of {kind}" in (said.out if code is ExitCode.OK else said.err)
    assert gateway.posted == [(f"{URL}/api/v1/upgrade", b'{"reason":"1.4.2"}', "secret")]


@pytest.mark.parametrize(
    ("begun", "code"),
    [
        (AdminUnreachable("refused"), ExitCode.NOT_REACHABLE),
        (AdminRefused(403, "viewer"), ExitCode.DENIED),
        (AdminRefused(409, "an upgrade is under way already"), ExitCode.FAILED),
    ],
)
def test_one_that_does_not_begin_says_why(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], begun: Exception, code: ExitCode
) -> None:
    gateway = Gateway()
    gateway.begun = begun
    assert ask(monkeypatch, gateway) == code
    assert str(begun) in capsys.readouterr().err


class Process:
    """A process by what it calls itself, each time it is looked at; None once it has ended."""

    def __init__(self, *titles: UpgradeTold | None) -> None:
        self.signals: list[int] = []
        self._titles = iter(titles)
        self._last: UpgradeTold | None = None

    def told(self, pid: int) -> UpgradeTold | None:
        if pid != 17:
            return UpgradeTold(0, "", 0)
        self._last = next(self._titles, self._last)
        return self._last

    def kill(self, pid: int, number: int) -> None:
        assert pid == 17
        self.signals.append(number)


IDLE, RUNS, DONE, FAILED = (
    UpgradeTold(*each) for each in ((1, "failed", 0), (2, "runs", 18), (2, "done", 18), (2, "failed", 0))
)


@pytest.fixture
def signal_to(monkeypatch: pytest.MonkeyPatch) -> Callable[[Process], int]:
    def run(process: Process) -> int:
        monkeypatch.setattr(upgrade, "_told_by", process.told)
        monkeypatch.setattr(os, "kill", process.kill)
        return main(["upgrade", "--pid", "17"])

    return run


@pytest.mark.parametrize(
    ("titles", "code", "said"),
    [
        ((IDLE, IDLE, RUNS, RUNS, DONE, None), ExitCode.OK, "pid 18 serves in place of pid 17"),
        ((IDLE, RUNS, None), ExitCode.OK, "pid 18 serves in place of pid 17"),
        ((IDLE, RUNS, FAILED), ExitCode.FAILED, "pid 17 serves on"),
        ((IDLE, None), ExitCode.FAILED, "no other program is known to serve"),
    ],
)
def test_a_process_is_followed_by_what_it_calls_itself(
    signal_to: Callable[[Process], int],
    capsys: pytest.CaptureFixture[str],
    titles: tuple[UpgradeTold | None, ...],
    code: ExitCode,
    said: str,
) -> None:
    process = Process(*titles)
    assert signal_to(process) == code
    assert len(process.signals) == 1
    assert said in "".join(capsys.readouterr())


@pytest.mark.parametrize(
    ("title", "code"), [(None, ExitCode.NOT_REACHABLE), (RUNS, ExitCode.FAILED), (DONE, ExitCode.FAILED)]
)
def test_a_process_that_cannot_be_replaced_gets_no_signal(
    signal_to: Callable[[Process], int], title: UpgradeTold | None, code: ExitCode
) -> None:
    process = Process(title)
    assert signal_to(process) == code
    assert process.signals == []


def test_it_must_be_said_which_gateway(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SIGHTLINE_URL", raising=False)
    assert main(["upgrade"]) == ExitCode.USAGE
