"""Health of endpoints in running gateways: what fails its checks gets nothing, what passes them gets its share again, and
whoever asks is told why."""

import asyncio
import json
import os
import re
import signal
from pathlib import Path
from typing import Any, Final

import pytest

from tests.live.conftest import StartOrigin
from tests.support.origin import OK, Origin, OriginConnection
from tests.support.program import Program
from tests.support.traffic import SteadyTraffic
from tests.support.waiting import wait_until

ACTIVE: Final = "active: {interval: 100ms, timeout: 500ms, healthy_after: 2, unhealthy_after: 3}"
RETRIES: Final = "retries: {attempts: 2, on: [503], budget: 100%}"
BAD: Final = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
JSON: Final = {"Content-Type": "application/json"}


class Service:
    """What an origin answers: to checks and to traffic, each as a test sets it."""

    def __init__(self) -> None:
        self.to_checks = OK
        self.to_traffic = [OK]
        """One after another, and again."""
        self.delay_s = 0.0
        self.checks = 0
        self.requests = 0

    async def __call__(self, connection: OriginConnection) -> None:
        while True:
            request = await connection.read_request()
            if b"/healthz" in request.target:
                self.checks += 1
                await connection.send(self.to_checks)
            else:
                self.requests += 1
                await asyncio.sleep(self.delay_s)
                await connection.send(self.to_traffic[self.requests % len(self.to_traffic)])


class Fleet:
    """A gateway before some services, told apart by their numbers."""

    def __init__(self, folder: Path, start_origin: StartOrigin, number: int = 3) -> None:
        self.services = [Service() for _ in range(number)]
        self.origins: list[Origin] = [start_origin(service) for service in self.services]
        self.program = Program(folder, *(origin.address for origin in self.origins))

    def configured(self, upstream: str, **keys: str) -> Program:
        self.program.write(self.program.text(upstream=upstream, **keys))
        return self.program

    def view(self, number: int) -> Any:
        upstream = self.program.call("/api/v1/upstreams/origin")[1]
        return next(each for each in upstream["endpoints"] if each["address"] == self.origins[number].address)

    def await_state(self, number: int, state: str) -> Any:
        def reached() -> Any:
            view = self.view(number)
            return view if view["state"] == state else None

        return wait_until(reached, f"service {number} is {state}", 12.0, poll_s=0.02)

    def incidents(self, kind: str) -> list[Any]:
        told: list[Any] = self.program.call(f"/api/v1/incidents?kind={kind}")[1]["incidents"]
        return told

    def metric(self, name: str, number: int, **labels: str) -> float:
        return self.program.metric(f"sightline_{name}", endpoint=self.origins[number].address, **labels)


@pytest.fixture
def fleet(tmp_path: Path, start_origin: StartOrigin) -> Fleet:
    return Fleet(tmp_path, start_origin)


def test_what_fails_its_checks_gets_nothing_until_it_passes_them_again(fleet: Fleet) -> None:
    bad = fleet.services[0]
    with fleet.configured(f"health: {{{ACTIVE}}}") as program:
        for number in range(3):
            fleet.await_state(number, "healthy")
        bad.to_checks = BAD
        view = fleet.await_state(0, "unhealthy")
        assert (view["reason"], view["checks"], bool(view["since"])) == ("bad_status", ["active"], True)
        assert re.fullmatch(r"503 in [0-9.]+ ms", view["note"])
        assert view["last_check"]["result"] == "bad_status"
        (choice,) = program.call("/api/v1/explain", json.dumps({"url": "/a"}), JSON)[1]["choices"]
        assert [each["eligible"] for each in choice["endpoints"]] == [False, True, True]
        assert choice["endpoints"][0]["because"].startswith("it is unhealthy (bad_status, 503 in ")
        before = bad.requests
        with SteadyTraffic(program.address) as traffic:
            traffic.await_more(200)
            # Neither another snapshot nor a worker that is started anew gives it anything.
            program.apply(program.text(upstream=f"health: {{{ACTIVE}}}", route="priority: 1"))
            program.await_sequence(2)
            traffic.await_more(100)
        assert (bad.requests, traffic.failures, traffic.refused) == (before, [], [])
        worker = program.workers()[0]["pid"]
        os.kill(worker, signal.SIGKILL)
        wait_until(lambda: program.workers()[0]["pid"] not in {0, worker} and program.is_ready(), "a new worker serves")
        for _ in range(40):
            assert program.send("/again")[0] == 200
        assert (bad.requests, fleet.view(0)["state"]) == (before, "unhealthy")
        bad.to_checks = OK
        view = fleet.await_state(0, "healthy")
        assert (view["reason"], view["last_check"]["result"]) == ("bad_status", "ok")
        with SteadyTraffic(program.address) as traffic:
            wait_until(lambda: bad.requests > before + 10, "it gets requests again")
        assert traffic.failures == []
        down, up = fleet.incidents("endpoint")
        assert (down["kind"], up["kind"], down["detail"]["reason"]) == ("endpoint_down", "endpoint_up", "bad_status")
        assert down["detail"]["evidence"].startswith("503 in ")
        assert fleet.metric("health_checks_total", 0, result="bad_status") >= 3
        assert fleet.metric("upstream_endpoint_transitions_total", 0) == 2


def test_one_that_is_gone_is_found_out_and_traffic_moves_without_a_failed_request(fleet: Fleet) -> None:
    with fleet.configured(
        f"health: {{{ACTIVE}}}", route="retries: {attempts: 3, on: [connect_error, reset]}"
    ) as program:
        fleet.await_state(0, "healthy")
        with SteadyTraffic(program.address) as traffic:
            traffic.await_more(50)
            fleet.origins[0].close()
            view = fleet.await_state(0, "unhealthy")
            assert (view["reason"], view["note"]) == ("connect_error", "connect refused")
            traffic.await_more(100)
        assert traffic.failures == []


def test_with_none_left_the_record_says_why_and_below_the_share_all_are_used(fleet: Fleet) -> None:
    for service in fleet.services:
        service.to_checks = BAD
    with fleet.configured(f"health: {{{ACTIVE}}}, panic_below: 0%") as program:
        for number in range(3):
            fleet.await_state(number, "unhealthy")
        wait_until(lambda: program.send("/a")[0] == 503, "nothing is left")
        told = "no healthy endpoint: 3 of 3 unhealthy (503); panic off"
        wait_until(
            lambda: any(line.get("reason_detail") == told for line in program.access_lines), "the record says why"
        )
        program.apply(program.text(upstream=f"health: {{{ACTIVE}}}, panic_below: 40%"))
        program.await_sequence(2)
        wait_until(lambda: program.send("/a")[0] == 200, "all are used")
        view = program.call("/api/v1/upstreams/origin")[1]
        assert (view["panic"], view["panic_below"]) == (True, 0.4)
        assert program.metric("sightline_upstream_panic", upstream="origin") == 1
        (began,) = fleet.incidents("panic_began")
        assert (began["detail"]["usable"], began["detail"]["wanted"]) == (0, 3)
        for service in fleet.services[:2]:
            service.to_checks = OK
        wait_until(lambda: fleet.incidents("panic_ended"), "enough are usable again")

        def is_left_alone() -> bool:
            before = fleet.services[2].requests
            for _ in range(20):
                assert program.send("/b")[0] == 200
            return fleet.services[2].requests == before

        wait_until(is_left_alone, "the workers know")


def test_failures_in_a_row_eject_for_longer_each_time_but_never_too_many(fleet: Fleet) -> None:
    bad, worse, _ = fleet.services
    bad.to_traffic = [BAD]
    passive = "passive: {consecutive_failures: 5, eject_for: 3s, max_eject_for: 4s, max_ejected: 50%}"
    with fleet.configured(f"health: {{{passive}}}", route=RETRIES) as program:
        with SteadyTraffic(program.address) as traffic:
            view = fleet.await_state(0, "ejected")
            assert (view["reason"], view["ejections"], bool(view["ejected_until"])) == ("passive", 1, True)
            assert view["note"] == "5 failures in a row, at last upstream_status; for 3 s"
            traffic.await_more(50)
            assert traffic.failures == []
            # Two that fail are more than one retry makes up for.
            worse.to_traffic = [BAD, OK, BAD, BAD, BAD, BAD, BAD, BAD]
            wait_until(
                lambda: fleet.metric("health_checks_total", 1, kind="passive", result="spared"), "the other is spared"
            )
            assert fleet.view(1)["state"] == "healthy"
            worse.to_traffic = [OK]
            wait_until(lambda: fleet.view(0)["ejections"] == 2, "it is ejected again", 12.0, poll_s=0.02)
            assert fleet.view(0)["note"].endswith("for 4 s")
            bad.to_traffic = [OK]
            before = bad.requests
            view = fleet.await_state(0, "healthy")
            assert (view["note"], view["ejected_until"]) == ("its ejection is over", None)
            wait_until(lambda: bad.requests > before + 5, "it gets requests again")
        kinds = [each["kind"] for each in fleet.incidents("endpoint")]
        assert kinds == ["endpoint_ejected", "endpoint_up", "endpoint_ejected", "endpoint_up"]
        assert fleet.metric("health_checks_total", 0, kind="passive", result="ejected") == 2


def test_those_that_fail_or_lag_more_than_the_others_are_ejected_by_all_workers_figures(
    tmp_path: Path, start_origin: StartOrigin
) -> None:
    fleet = Fleet(tmp_path, start_origin, 4)
    fleet.services[0].to_traffic = [OK, BAD]
    fleet.services[1].delay_s = 0.06
    passive = (
        "passive: {consecutive_failures: 1000, failure_ratio: 30%, latency_factor: 4, window: 3s, min_requests: 10}"
    )
    with fleet.configured(f"balance: round_robin, health: {{{passive}}}", route=RETRIES) as program:
        with SteadyTraffic(program.address) as traffic:
            flaky, slow = fleet.await_state(0, "ejected"), fleet.await_state(1, "ejected")
            traffic.await_more(50)
        assert traffic.failures == []
        assert (flaky["reason"], slow["reason"]) == ("passive", "latency")
        assert re.fullmatch(r"\d+ of \d+ attempts failed in 3 s; for 30 s", flaky["note"])
        assert re.fullmatch(r"p90 [\d.]+ ms, [\d.]+ times the [\d.]+ ms of [23] others; for 30 s", slow["note"])
        assert [fleet.view(number)["state"] for number in (2, 3)] == ["healthy", "healthy"]


def test_one_that_came_back_gets_its_share_slowly(fleet: Fleet) -> None:
    bad = fleet.services[0]
    bad.to_checks = BAD
    keys = f"balance: round_robin, slow_start: 4s, health: {{{ACTIVE}}}"
    with fleet.configured(keys) as program, SteadyTraffic(program.address) as traffic:
        fleet.await_state(0, "unhealthy")
        bad.to_checks = OK
        wait_until(lambda: fleet.metric("upstream_endpoint_up", 0) == 1, "it is back")
        before, answered = bad.requests, traffic.answered
        traffic.await_more(150)
        share = (bad.requests - before) / (traffic.answered - answered)
        assert share < 0.25
        assert fleet.view(0)["slow_start_share"] in {None, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7}
        wait_until(lambda: fleet.view(0)["slow_start_share"] is None, "it has all of it", poll_s=0.05)

        def has_its_third() -> bool:
            before, answered = bad.requests, traffic.answered
            traffic.await_more(90)
            return abs((bad.requests - before) / (traffic.answered - answered) - 1 / 3) < 0.05

        wait_until(has_its_third, "it gets a third")
    assert traffic.failures == []
