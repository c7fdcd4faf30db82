"""Another configuration while requests run: by file, by signal, by the admin API. Nobody notices but who is meant to."""

import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.live.conftest import StartOrigin
from tests.support.config import free_port
from tests.support.origin import say_target
from tests.support.program import YAML, Program
from tests.support.raw_client import RawClient
from tests.support.traffic import SteadyTraffic
from tests.support.waiting import wait_until

EDITS: Final = 10


@pytest.fixture
def program(tmp_path: Path, start_origin: StartOrigin) -> Iterator[Program]:
    with Program(tmp_path, start_origin(say_target).address) as started:
        yield started


def with_answer(program: Program, body: str) -> str:
    """The configuration with one more route, which answers by itself."""
    route = f"  - {{name: extra, match: {{path: /extra}}, respond: {{status: 200, body: {body}}}}}"
    return program.text(more_routes=route)


def rewrite_in_place(file: Path, text: str) -> None:
    file.write_text(text)


def rename_over(file: Path, text: str) -> None:
    fresh = file.with_suffix(".fresh")
    fresh.write_text(text)
    fresh.rename(file)


def swap_symlink(file: Path, text: str) -> None:
    """As a mounted ConfigMap changes: the file is a link through a directory link that is replaced."""
    folder = file.parent / f"version-{len(list(file.parent.iterdir()))}"
    folder.mkdir()
    (folder / file.name).write_text(text)
    link = file.parent / "current"
    fresh = file.parent / "current.fresh"
    fresh.symlink_to(folder)
    fresh.rename(link)
    if not file.is_symlink():
        file.unlink()
        file.symlink_to(link / file.name)


@pytest.mark.parametrize("change", [rewrite_in_place, rename_over, swap_symlink], ids=lambda change: change.__name__)
def test_edits_of_the_file_are_served_and_no_request_notices(
    program: Program, change: Callable[[Path, str], None]
) -> None:
    with SteadyTraffic(program.address) as traffic, SteadyTraffic(program.address, keep_alive=False) as fresh:
        for number in range(1, EDITS + 1):
            change(program.file, with_answer(program, f"edit-{number}"))
            program.await_sequence(1 + number)
            assert program.send("/extra") == (200, f"edit-{number}".encode())
        traffic.await_more(20)
    assert traffic.failures == fresh.failures == []
    assert traffic.refused == fresh.refused == []
    assert program.status()["last_reload"]["trigger"] == "file"
    assert program.metric("sightline_config_reloads_total", result="applied") == EDITS


def test_a_route_that_changes_is_answered_by_the_old_or_the_new_and_nothing_else(program: Program) -> None:
    allowed = {b"version-0"}
    program.apply(with_answer(program, "version-0"))
    with SteadyTraffic(
        program.address, path="/extra", expect=lambda response: response.status == 200 and response.body in allowed
    ) as traffic:
        for number in range(1, EDITS + 1):
            allowed.add(f"version-{number}".encode())
            assert program.apply(with_answer(program, f"version-{number}"))["outcome"] == "applied"
            allowed.remove(f"version-{number - 1}".encode())
            # What was asked before the answer to apply may still be on its way to a client.
            traffic.await_more(5)
    outdated = [failure for failure in traffic.failures if "version-" in failure]
    assert [failure for failure in traffic.failures if failure not in outdated] == []
    assert len(outdated) <= EDITS * 4
    assert traffic.refused == []


def test_a_broken_file_changes_nothing_and_is_told_everywhere(program: Program) -> None:
    before = program.status()
    with SteadyTraffic(program.address) as traffic:
        program.write(program.text(route="colour: red"))
        last = program.await_last_reload("rejected", "file")
        traffic.await_more(20)
    assert traffic.failures == []
    assert [error["key"] for error in last["errors"]] == ["routes[0].colour"]
    assert last["errors"][0]["line"] > 0
    after = program.status()
    assert (after["revision"], after["sequence"], after["ready"]) == (before["revision"], 1, True)
    assert program.metric("sightline_config_reloads_total", result="rejected") == 1
    assert program.metric("sightline_config_last_reload_success") == 0
    assert "config_rejected" in program.talk
    program.write(with_answer(program, "repaired"))
    program.await_sequence(2)
    assert program.metric("sightline_config_last_reload_success") == 1


def test_a_missing_file_keeps_what_runs_until_it_is_back(program: Program) -> None:
    program.file.unlink()
    program.await_last_reload("rejected", "file")
    assert program.send("/still") == (200, b"/still")
    program.write(with_answer(program, "back"))
    program.await_sequence(2)


def test_what_cannot_change_live_makes_the_reload_fail_with_that_message(program: Program) -> None:
    program.write(program.text().replace("workers: 2", "workers: 3"))
    [error] = program.await_last_reload("rejected", "file")["errors"]
    assert error["key"] == "workers"
    assert "cannot change while the gateway runs" in error["message"]


def test_a_signal_reads_the_file_again(program: Program) -> None:
    program.signal(signal.SIGHUP)
    program.await_last_reload("unchanged", "signal")
    assert program.status()["sequence"] == 1


def test_what_the_api_applied_stays_until_the_file_says_something_else(program: Program) -> None:
    assert program.apply(with_answer(program, "by-api"))["outcome"] == "applied"
    program.file.touch()
    program.await_last_reload("unchanged", "file")
    assert program.send("/extra") == (200, b"by-api")
    assert program.status()["source"] == "api"
    program.write(with_answer(program, "by-file"))
    program.await_last_reload("applied", "file")
    assert program.send("/extra") == (200, b"by-file")
    assert program.status()["source"].startswith("file:")


def test_a_hangup_brings_the_file_back_whatever_the_api_applied(program: Program) -> None:
    assert program.apply(with_answer(program, "by-api"))["outcome"] == "applied"
    assert program.send("/extra") == (200, b"by-api")
    program.signal(signal.SIGHUP)
    program.await_last_reload("applied", "signal")
    assert program.send("/extra")[1] != b"by-api"
    assert program.status()["source"].startswith("file:")


def test_a_storm_of_configurations_converges_and_no_request_notices(program: Program) -> None:
    answers: list[tuple[int, Any]] = []

    def hand_in(first: int) -> None:
        answers.extend(
            program.call("/api/v1/config/apply", with_answer(program, f"storm-{number}"), YAML)
            for number in range(first, first + 10)
        )

    with SteadyTraffic(program.address) as traffic:
        threads = [threading.Thread(target=hand_in, args=(first,)) for first in range(0, 60, 10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30.0)
        traffic.await_more(20)
    assert traffic.failures == []
    assert traffic.refused == []
    # One that is overtaken while it waits is a conflict; every other one ran.
    assert {code for code, _ in answers} <= {200, 412}
    applied = [result for code, result in answers if code == 200]
    newest = max(applied, key=lambda result: result["running_sequence"])
    status = program.status()
    assert (status["sequence"], status["ready"]) == (newest["running_sequence"], True)
    assert {worker["revision"] for worker in status["workers"]} == {newest["running_revision"]}


def test_a_listener_that_is_added_and_removed_loses_no_connection(program: Program) -> None:
    port = free_port()
    second = f'  - {{name: second, address: "127.0.0.1:{port}"}}\nupstreams:'
    with SteadyTraffic(program.address) as traffic:
        program.write(program.text().replace("upstreams:", second, 1))
        program.await_sequence(2)
        with SteadyTraffic(("127.0.0.1", port), keep_alive=False) as to_second:
            program.write(program.text())
            program.await_sequence(3)
            wait_until(lambda: len(to_second.refused) > 3, "connections to the removed listener are refused")
        traffic.await_more(20)
    assert traffic.failures == to_second.failures == []
    assert traffic.refused == []
    assert [listener["name"] for listener in program.status()["listeners"]] == ["public"]


def test_a_listener_that_moves_to_another_address_serves_there(program: Program) -> None:
    port = free_port()
    program.write(program.text().replace(f":{program.port}", f":{port}", 1))
    program.await_sequence(2)
    with RawClient(("127.0.0.1", port)) as client:
        assert client.request(b"GET /moved HTTP/1.1\r\nHost: gateway.test\r\n\r\n").body == b"/moved"
    assert not program.accepts()


def test_a_listener_may_be_renamed_on_the_same_address(program: Program) -> None:
    with SteadyTraffic(program.address) as traffic, SteadyTraffic(program.address, keep_alive=False) as fresh:
        program.write(program.text().replace("name: public", "name: other", 1))
        program.await_sequence(2)
        traffic.await_more(20)
        fresh.await_more(20)
    assert traffic.failures == fresh.failures == []
    assert traffic.refused == fresh.refused == []


def test_a_listener_on_an_address_in_use_is_refused_and_nothing_changes(program: Program) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        second = f'  - {{name: second, address: "127.0.0.1:{taken.getsockname()[1]}"}}\nupstreams:'
        program.write(program.text().replace("upstreams:", second, 1))
        [error] = program.await_last_reload("rejected", "file")["errors"]
    assert "another process is using this address" in error["message"]
    assert program.send("/same") == (200, b"/same")
    assert program.is_ready()


def test_a_worker_that_starts_later_serves_the_newest_configuration(program: Program) -> None:
    program.apply(with_answer(program, "newest"))
    worker = program.workers()[0]
    os.kill(worker["pid"], signal.SIGKILL)
    wait_until(lambda: program.workers()[0]["restarts"] == 1 and program.is_ready(), "a successor serves")
    assert program.workers()[0]["revision"] == program.status()["revision"]
    assert {program.send("/extra") for _ in range(8)} == {(200, b"newest")}
