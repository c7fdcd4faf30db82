"""Rare events of a real gateway on its time line."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.live.conftest import StartOrigin
from tests.support.origin import say_target
from tests.support.program import YAML, Program
from tests.support.waiting import wait_until


@pytest.fixture
def program(tmp_path: Path, start_origin: StartOrigin) -> Iterator[Program]:
    with Program(tmp_path, start_origin(say_target).address) as started:
        yield started


def incidents(program: Program, query: str = "") -> list[Any]:
    code, view = program.call(f"/api/v1/incidents{query}")
    assert code == 200, view
    found: list[Any] = view["incidents"]
    return found


def test_a_start_is_told_with_its_listeners_workers_and_configuration(program: Program) -> None:
    kinds = [incident["kind"] for incident in incidents(program)]
    assert sorted(kinds) == [
        "config_applied",
        "gateway_started",
        "listener_opened",
        "worker_serving",
        "worker_serving",
    ]


def test_a_killed_worker_is_told_and_so_is_its_successor(program: Program) -> None:
    last = incidents(program)[-1]["id"]
    victim = program.workers()[0]
    os.kill(victim["pid"], signal.SIGKILL)
    told = wait_until(lambda: incidents(program, f"?since={last}&kind=worker_serving"), "a successor is told")
    (died,) = incidents(program, f"?since={last}&kind=worker_died")
    assert (died["subject"], died["detail"]["reason"]) == (f"worker {victim['index']}", "killed")
    assert told[0]["detail"]["pid"] not in {0, victim["pid"]}


def test_an_applied_and_a_rejected_configuration_are_told(program: Program) -> None:
    last = incidents(program)[-1]["id"]
    result = program.apply(program.text(more_routes="  - {name: extra, match: {path: /x}, respond: {status: 204}}"))
    assert program.call("/api/v1/config/apply", "listeners: []\n", YAML)[0] == 422
    applied, rejected = incidents(program, f"?since={last}&kind=config")
    assert (applied["kind"], applied["revision"]) == ("config_applied", result["revision"])
    assert (rejected["kind"], rejected["detail"]["trigger"]) == ("config_rejected", "api")


def test_an_endpoint_whose_name_has_no_address_is_told_as_down(tmp_path: Path) -> None:
    with Program(tmp_path, "no-such-host.invalid:9", workers=1) as program:
        (down,) = wait_until(lambda: incidents(program, "?kind=endpoint"), "the endpoint is told")
        assert (down["kind"], down["detail"]["reason"]) == ("endpoint_down", "dns")
        assert down["subject"].endswith("no-such-host.invalid:9")
        assert program.status()["incidents_last_hour"]["endpoint_down"] == 1


def test_logs_that_are_opened_anew_are_told(program: Program) -> None:
    program.signal(signal.SIGUSR1)
    (reopened,) = wait_until(lambda: incidents(program, "?kind=log"), "the signal is told")
    assert (reopened["kind"], reopened["actor"]) == ("log_reopened", "signal")
