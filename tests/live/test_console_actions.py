"""Acting from the console in a real terminal on a real gateway: what is seen is what is done, and nothing is lost."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import pytest

from tests.live.conftest import StartOrigin
from tests.support.origin import Origin, say_target
from tests.support.program import Program
from tests.support.terminal import Terminal
from tests.support.traffic import SteadyTraffic
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.real("tmux"), pytest.mark.timeout(90)]

EXTRA: Final = "  - {name: extra, match: {path: /extra}, respond: {status: 204}}"
JSON: Final = {"Content-Type": "application/json"}


@pytest.fixture
def origins(start_origin: StartOrigin) -> list[Origin]:
    return [start_origin(say_target) for _ in range(4)]


@pytest.fixture
def program(tmp_path: Path, origins: list[Origin]) -> Iterator[Program]:
    with Program(tmp_path, *(origin.address for origin in origins), workers=1) as started:
        yield started


@pytest.fixture
def terminal(program: Program) -> Iterator[Terminal]:
    url = f"http://127.0.0.1:{program.admin_port}"
    with Terminal([sys.executable, "-m", "gateway", "console", "--url", url]) as opened:
        opened.await_text(r"\A.* live \d.* RW")
        yield opened


def type_in(terminal: Terminal, text: str) -> None:
    terminal.press(*({" ": "Space"}.get(each, each) for each in text))


def command(terminal: Terminal, line: str) -> None:
    terminal.press(":")
    type_in(terminal, line)
    terminal.press("Enter")


def state_of(program: Program, origin: Origin) -> Any:
    endpoints = program.call("/api/v1/upstreams/origin")[1]["endpoints"]
    return next(each for each in endpoints if each["address"] == origin.address)


def test_a_drain_is_seen_before_it_is_done_watched_until_it_is_empty_and_taken_back(
    program: Program, origins: list[Origin], terminal: Terminal
) -> None:
    drained = origins[0]
    with SteadyTraffic(program.address) as traffic:
        command(terminal, f"drain origin/{drained.address}")
        terminal.await_text(rf"drain {drained.address} of origin", r"removes 1 of 4; 3 left", r"do it\?")
        wait_until(lambda: state_of(program, drained)["state"] == "healthy", "it has answered, and that is known")
        terminal.press("y")
        terminal.await_text(rf"drain of {drained.address} is done: in flight \d+ -> 0")
        before = len(drained.requests)
        terminal.press("7")
        terminal.await_text(rf"endpoint draining .*{drained.address}|endpoint draining")
        traffic.await_more(50)
        assert len(drained.requests) == before
        command(terminal, "undo")
        terminal.await_text(r"undo: undrain", r"do it\?")
        terminal.press("y")
        terminal.await_text(r"undrain of .* is done")
    assert (state_of(program, drained)["state"], traffic.failures) == ("healthy", [])


def test_the_selected_endpoint_is_drained_and_given_back_by_its_keys(
    program: Program, origins: list[Origin], terminal: Terminal
) -> None:
    drained = origins[2]
    terminal.press("3")
    terminal.await_text(rf"{drained.address}")
    terminal.press("/")
    type_in(terminal, drained.address.rpartition(":")[2])
    terminal.press("Enter", "a")
    terminal.await_text(rf"{drained.address}: +d drain")
    terminal.press("d")
    terminal.await_text(r"removes 1 of 4", r"do it\?")
    terminal.press("r")
    type_in(terminal, "disk is full")
    terminal.press("Enter")
    terminal.await_text(r"drain of .* is done", rf"{drained.address}.*draining.*drained by loopback")
    terminal.press("a")
    terminal.await_text(r"u undrain")
    terminal.press("u")
    terminal.await_text(r"gives it back: 4 of 4 available", r"do it\?")
    terminal.press("y")
    terminal.await_text(r"undrain of .* is done")
    assert state_of(program, drained)["state"] == "unknown"


def test_somebody_who_was_faster_is_told_of_and_nothing_is_done_until_it_was_looked_at_again(
    program: Program, origins: list[Origin], terminal: Terminal
) -> None:
    command(terminal, f"weight origin/{origins[0].address} 3")
    terminal.await_text(r"do it\?")
    path = f"/api/v1/upstreams/origin/endpoints/{quote(origins[1].address, safe='')}/drain"
    assert program.call(path, "{}", JSON)[0] == 200
    terminal.press("y")
    terminal.await_text(r"nothing was done yet: something was changed since", r"to do it, and after it why")
    assert state_of(program, origins[0])["weight"] == 1
    type_in(terminal, origins[0].address)
    terminal.press("Enter")
    terminal.await_text(r"weight of .* is done")
    assert state_of(program, origins[0])["weight"] == 3


def test_a_revision_is_gone_back_to_by_its_name_after_its_difference_was_seen(
    program: Program, terminal: Terminal
) -> None:
    program.apply(program.text(more_routes=EXTRA))
    terminal.press("7")
    terminal.await_text(r"rev 2 runs .*route extra added")
    terminal.press("Enter")
    terminal.await_text(r"rev 1 .*-> rev 2", r"\+ route extra  added")
    terminal.press("a")
    terminal.await_text(r"b roll back to it")
    terminal.press("b")
    terminal.await_text(r"- route extra  removed", r"type 1 to do it")
    terminal.press("1", "Enter")
    terminal.await_text(r"sequence 3; :undo goes back", r"\A.*file differs|\A.*#3")
    wait_until(lambda: program.send("/extra")[0] != 204, "the route is gone")
    newest = program.call("/api/v1/revisions")[1]["revisions"][0]
    assert (newest["sequence"], newest["trigger"], newest["actor"]) == (3, "rollback", "loopback")


def test_a_route_is_edited_with_its_errors_at_their_lines(program: Program, terminal: Terminal) -> None:
    program.apply(program.text(more_routes=EXTRA))
    command(terminal, "edit route extra")
    terminal.await_text(r"edit route extra", r"1 +\{name: extra, match")
    terminal.press("C-k")
    type_in(terminal, "{name: extra, match: {path: /new}, bad: 1, respond: {status: 204}}")
    terminal.press("C-s")
    terminal.await_text(r"route extra:1: routes\[\d\]\.bad")
    terminal.press("Home", "C-k")
    type_in(terminal, "{name: extra, match: {path: /new}, respond: {status: 204}}")
    terminal.press("C-s")
    terminal.await_text(r"match.path  /extra -> /new", r"do it\?")
    terminal.press("y")
    terminal.await_text(r"sequence 3; :undo goes back")
    wait_until(lambda: program.send("/new")[0] == 204, "the new path is served")
    assert json.dumps(program.call("/api/v1/config")[1]).count("/extra") == 0
