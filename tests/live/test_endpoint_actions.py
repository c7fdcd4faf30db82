"""Endpoints drained, given back and weighed in a running gateway: no request is lost, and the drained one gets none."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import pytest

from tests.live.conftest import StartOrigin
from tests.support.origin import Origin, say_target
from tests.support.program import Program
from tests.support.traffic import SteadyTraffic
from tests.support.waiting import wait_until

JSON: Final = {"Content-Type": "application/json"}
EXTRA: Final = "  - {name: extra, match: {path: /extra}, respond: {status: 204}}"
TOKENS: Final = "admin: {{address: '127.0.0.1:{0}', tokens: [{{name: eve, role: viewer, token: viewer-secret-of-24-bytes}}, {{name: ana, role: operator, token: operator-secret-of-24-b}}]}}\n"


@pytest.fixture
def origins(start_origin: StartOrigin) -> list[Origin]:
    return [start_origin(say_target) for _ in range(4)]


@pytest.fixture
def program(tmp_path: Path, origins: list[Origin]) -> Iterator[Program]:
    with Program(tmp_path, *(origin.address for origin in origins)) as started:
        yield started


def act(program: Program, action: str, origin: Origin, body: Any = None, query: str = "", **headers: str) -> Any:
    path = f"/api/v1/upstreams/origin/endpoints/{quote(origin.address, safe='')}/{action}{query}"
    return program.call(path, json.dumps(body or {}), JSON | headers)


def view_of(program: Program, origin: Origin) -> Any:
    upstream = program.call("/api/v1/upstreams/origin")[1]
    return next(each for each in upstream["endpoints"] if each["address"] == origin.address)


def received(origin: Origin) -> int:
    return len(origin.requests)


def await_empty(program: Program, origin: Origin) -> None:
    def is_empty() -> bool:
        view = view_of(program, origin)
        return not view["in_flight"] and not view["connections_idle"] and not view["connections_active"]

    wait_until(is_empty, "the drained endpoint has no connection any more")


def test_a_drained_endpoint_gets_nothing_more_and_no_request_is_lost_on_the_way(
    program: Program, origins: list[Origin]
) -> None:
    drained = origins[0]
    with SteadyTraffic(program.address) as traffic:
        code, preview = act(program, "drain", drained, {"reason": "disk"}, "?dry_run=true")
        assert (code, preview["outcome"], preview["tier"], preview["available_after"]) == (200, "preview", 1, 3)
        assert (preview["share_removed"], preview["endpoints"]) == (0.25, 4)
        code, done = act(program, "drain", drained, {"reason": "disk"}, **{"If-Match": f'"{preview["etag"]}"'})
        assert (code, done["outcome"]) == (200, "applied")
        await_empty(program, drained)
        before = received(drained)
        traffic.await_more(200)

        # Neither another snapshot nor a worker that is started anew gives it anything.
        program.apply(program.text(more_routes=EXTRA))
        program.await_sequence(2)
        traffic.await_more(100)
    assert (received(drained), traffic.failures, traffic.refused) == (before, [], [])

    view = view_of(program, drained)
    assert (view["state"], view["weight"], view["configured_weight"]) == ("draining", 0, 1)
    assert (view["reason"], view["note"], view["actor"], bool(view["since"])) == ("admin", "disk", "loopback", True)
    assert program.metric("sightline_upstream_endpoint_up", endpoint=drained.address) == 0
    assert program.metric("sightline_upstream_endpoints", state="draining") == 1
    (told,) = program.call("/api/v1/incidents?kind=endpoint_draining")[1]["incidents"]
    assert (told["actor"], told["detail"]["evidence"]) == ("loopback", "disk")

    worker = program.workers()[0]["pid"]
    os.kill(worker, signal.SIGKILL)
    wait_until(lambda: program.workers()[0]["pid"] not in {0, worker} and program.is_ready(), "a new worker serves")
    for _ in range(40):
        assert program.send("/again")[0] == 200
    assert received(drained) == before

    code, undone = program.call(done["undo"]["path"], "{}", JSON)
    assert (code, undone["outcome"], view_of(program, drained)["state"]) == (200, "applied", "healthy")
    with SteadyTraffic(program.address) as traffic:
        wait_until(lambda: received(drained) > before + 10, "it gets requests again")
    assert traffic.failures == []


def test_with_all_endpoints_drained_the_gateway_says_so_itself(program: Program, origins: list[Origin]) -> None:
    *others, last = origins
    for origin in others:
        act(program, "drain", origin)
    preview = act(program, "drain", last, query="?dry_run=true")[1]
    assert (preview["tier"], preview["available_after"]) == (2, 0)
    act(program, "drain", last)
    wait_until(lambda: program.send("/a")[0] == 503, "nothing is left")
    explained = program.call("/api/v1/explain", json.dumps({"url": "/a"}), JSON)[1]
    (choice,) = explained["choices"]
    assert all(not each["eligible"] and "drained by loopback" in each["because"] for each in choice["endpoints"])
    wait_until(
        lambda: any(line["reason"] == "no_healthy_endpoint" for line in program.access_lines), "it is written down"
    )


def test_a_weight_shifts_the_split_and_its_inverse_restores_it(program: Program, origins: list[Origin]) -> None:
    heavy = origins[1]
    code, done = act(program, "weight", heavy, {"weight": 6, "reason": "bigger"})
    assert (code, done["loads"][1]["share_after"], done["tier"]) == (200, pytest.approx(6 / 9, abs=0.001), 2)
    with SteadyTraffic(program.address, clients=1) as traffic:
        before = [received(origin) for origin in origins]
        traffic.await_more(180)
    got = [received(origin) - count for origin, count in zip(origins, before, strict=True)]
    assert got[1] / sum(got) == pytest.approx(6 / 9, abs=0.12)
    assert view_of(program, heavy)["weight"] == 6
    (told,) = program.call("/api/v1/incidents?kind=endpoint_weight")[1]["incidents"]
    assert told["detail"]["weight"] == 6
    program.call(done["undo"]["path"], json.dumps({"weight": done["undo"]["weight"]}), JSON)
    assert (view_of(program, heavy)["weight"], view_of(program, heavy)["overrides"]) == (1, [])


def test_who_looked_before_somebody_else_acted_is_refused(program: Program, origins: list[Origin]) -> None:
    preview = act(program, "drain", origins[0], query="?dry_run=true")[1]
    act(program, "drain", origins[1])
    code, problem = act(program, "drain", origins[0], **{"If-Match": f'"{preview["etag"]}"'})
    assert (code, problem["reason"]) == (412, "conflict")
    assert view_of(program, origins[0])["state"] == "unknown"


def test_a_viewer_may_look_and_not_act(tmp_path: Path, origins: list[Origin]) -> None:
    program = Program(tmp_path, origins[0].address)
    text = program.text().replace(
        f'admin: {{address: "127.0.0.1:{program.admin_port}"}}\n', TOKENS.format(program.admin_port)
    )
    program.write(text)
    with program:
        viewer, operator = (
            {"Authorization": f"Bearer {name}"} for name in ("viewer-secret-of-24-bytes", "operator-secret-of-24-b")
        )
        assert program.call("/api/v1/me", headers=viewer)[1]["read_only"]
        assert act(program, "drain", origins[0], **viewer)[0] == 403
        code, done = act(program, "drain", origins[0], **operator)
        assert (code, done["outcome"]) == (200, "applied")
        told = program.call("/api/v1/incidents?kind=endpoint", headers=operator)[1]["incidents"]
        assert [each["actor"] for each in told] == ["ana"]
