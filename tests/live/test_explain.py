"""Explanations of a real gateway: of requests nobody sent, and of those somebody did."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.live.conftest import StartOrigin
from tests.support.config import free_port
from tests.support.origin import say_target
from tests.support.program import Program
from tests.support.waiting import wait_until

TENANT = "  - {name: tenant, match: {path: /t, headers: {x-tenant: blue}}, respond: {status: 204}}"


@pytest.fixture
def program(tmp_path: Path, start_origin: StartOrigin) -> Iterator[Program]:
    with Program(tmp_path, start_origin(say_target).address, "no-such-host.invalid:9") as started:
        yield started


def explain(program: Program, **wanted: Any) -> tuple[int, Any]:
    return program.call("/api/v1/explain", json.dumps(wanted), {"Content-Type": "application/json"})


def test_endpoints_of_a_running_gateway_say_why_they_cannot_answer(program: Program) -> None:
    code, view = explain(program, url="/a")
    assert code == 200, view
    (choice,) = view["choices"]
    good, bad = choice["endpoints"]
    assert (good["eligible"], bad["eligible"]) == (True, False)
    assert "no-such-host.invalid has no address" in bad["because"]


def test_an_endpoint_that_failed_of_late_says_how_often(tmp_path: Path) -> None:
    with Program(tmp_path, f"127.0.0.1:{free_port()}", workers=1) as program:

        def has_failed() -> bool:
            assert program.send("/a")[0] == 502
            (endpoint,) = explain(program, url="/a")[1]["choices"][0]["endpoints"]
            return "100.0% failed" in endpoint["because"]

        wait_until(has_failed, "the failures are told")


def test_a_recorded_exchange_is_explained_by_its_id_over_api_and_command_line(program: Program) -> None:
    program.apply(program.text(more_routes=TENANT))
    program.await_sequence(2)
    with program.client() as client:
        request = b"GET /t?a=b HTTP/1.1\r\nHost: gateway.test\r\nX-Tenant: blue\r\nX-Request-Id: the-one\r\n\r\n"
        assert client.request(request).status == 204
    wait_until(lambda: program.call("/api/v1/exchanges/the-one")[0] == 200, "the exchange is recorded")
    code, view = explain(program, exchange="the-one")
    assert code == 200, view
    assert (view["route"], view["recorded"]["status"], view["recorded"]["same_revision"]) == ("tenant", 204, True)
    assert explain(program, exchange="another")[0] == 404

    program.apply(program.text())
    program.await_sequence(3)
    code, then = explain(program, exchange="the-one")
    assert code == 200, then
    assert (then["route"], then["revision"], then["recorded"]["same_revision"]) == ("tenant", view["revision"], True)
    assert explain(program)[0] == 422

    command = ["explain", "--url", f"http://127.0.0.1:{program.admin_port}", "--exchange", "the-one"]
    told = subprocess.run([sys.executable, "-m", "gateway", *command], capture_output=True, text=True, check=False)
    assert (told.returncode, told.stderr) == (0, "")
    assert "route tenant: tenant took it, as the record says" in told.stdout
    assert f"revision {view['revision']}:" in told.stdout
    assert "not in the record: header fields other than Host and User-Agent" in told.stdout
