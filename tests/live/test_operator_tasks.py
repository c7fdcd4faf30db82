"""The questions an operator comes with, answered on the console of a real gateway on which something is wrong: with no more
keys than the benchmark allows, and the same by a command."""

import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Final

import pytest

from tests.support.command_line import sightline
from tests.support.loop_thread import LoopThread
from tests.support.operator_task import TOLD_AT_THE_END, Benchmark, Task, paste, press, write
from tests.support.scene import NOISY, REFUSING, SHORT, SLOW, STEADY, Scene, make_noise, open_scene
from tests.support.terminal import Terminal
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.real("tmux"), pytest.mark.timeout(120)]

ROOT: Final = Path(__file__).resolve().parents[2]
ROUTES: Final = r"^\S+ orders "
STEADY_S: Final = 68.0
OVERVIEW: Final = r"NEEDS ATTENTION"


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory, origin_thread: LoopThread) -> Iterator[Scene]:
    """Healthy for four seconds, then everything at once."""
    with open_scene(tmp_path_factory.mktemp("tasks"), origin_thread) as opened, ExitStack() as stack:
        opened.slow_down()
        make_noise(opened, stack)
        opened.await_finished("/v1/orders/1", 50)
        opened.refuse()
        opened.spoil()
        opened.retry()
        opened.await_finished("/v1/orders/1", 100)
        wait_until(lambda: has_figures_since(opened, 2), "the figures of orders since the deploy")
        yield opened


def has_figures_since(scene: Scene, sequence: int) -> bool:
    """A console asks for the figures of a revision every few seconds, so they are to be there when it does so first."""
    _, detail = scene.program.call(f"/api/v1/revisions/{sequence}")
    return any(
        each["name"] == "orders" and each["after"] and each["after"]["error_ratio"] for each in detail["figures"]
    )


@pytest.fixture(scope="module")
def benchmark(scene: Scene) -> Iterator[Benchmark]:
    command = [sys.executable, "-m", "gateway", "console", "--url", scene.url]
    with Terminal(command, environ={"PYTHONPATH": str(ROOT)}) as terminal:
        yield Benchmark(terminal)


@pytest.fixture
def console(benchmark: Benchmark, record_property: Callable[[str, object], None]) -> Iterator[Benchmark]:
    """On Overview, as every task begins. The seconds are for whoever reads: what they are depends on what else the machine does."""
    benchmark.terminal.press("1")
    benchmark.terminal.await_text(OVERVIEW)
    yield benchmark
    while benchmark.accounts:
        record_property(TOLD_AT_THE_END, benchmark.accounts.pop().line())


def twin(scene: Scene, *words: str, code: int = 0) -> str:
    """What a command prints that ends with this code."""
    run = sightline(words[0], "--url", scene.url, *words[1:])
    assert run.returncode == code, run.stdout + run.stderr
    return run.stdout


def test_14_whether_a_route_is_worse_than_before(console: Benchmark, scene: Scene) -> None:
    task = Task(14, "Is the route worse than before the deploy", 3, 5, (
        press("2", ROUTES), press("Enter", r"^ orders "), press("=", r"COMPARE.*REV 2", r" 5xx .* 0% +\d\d[\d.]*%"),
    ))  # fmt: skip
    console.perform(task)
    assert re.search(r"orders.*", twin(scene, "diff", "1", "2"))


def test_1_the_worst_p99_and_why(console: Benchmark, scene: Scene) -> None:
    why = rf"p99 \d+ms: \d+% upstream first byte, endpoint {re.escape(SLOW)}:\d+ only"
    task = Task(1, "Worst p99 in 5 min, and why", 3, 5, (
        press("2", ROUTES), press("L", r"ROUTE.*\n\S+ search "), press("Enter", why),
    ))  # fmt: skip
    console.perform(task)
    assert twin(scene, "routes", "--sort", "p99").splitlines()[1].split()[0] == "search"


def test_9_whether_it_is_the_gateway_or_the_upstream(console: Benchmark, scene: Scene) -> None:
    task = Task(9, "Us or the upstream? (latency split)", 3, 4, (
        press("2", ROUTES), press("L", r"ROUTE.*\n\S+ search "), press("Enter", r"^ time .* first byte \d\d[\d.]*%"),
    ))  # fmt: skip
    assert re.search(r"gateway's own p99 \d", console.perform(task))
    assert "first byte" in twin(scene, "routes", "search")


def test_2_which_endpoint_is_unhealthy_since_when(console: Benchmark, scene: Scene) -> None:
    task = Task(2, "Which endpoint is unhealthy, since when", 1, 2, (
        press("3", rf"{re.escape(REFUSING)}:\d+ +failing +connect_refused x\d+ +\d\d:\d\d:\d\d "),
    ))  # fmt: skip
    console.perform(task)
    assert re.search(rf"stock +{re.escape(REFUSING)}:\d+ +failing +connect_refused", twin(scene, "upstreams"))


def test_3_the_last_failing_requests_of_a_route(console: Benchmark, scene: Scene) -> None:
    task = Task(3, "Last 10 failing requests of route X", 7, 5, (
        press("2", ROUTES), press("/"), write("ord", r"filter: ord"), press("Enter"), press("f", r"(.* 504 .* orders .*\n){10}"),
    ))  # fmt: skip
    assert " search " not in console.perform(task)
    lines = twin(scene, "tail", "--no-follow", "--last", "10", "route:orders err").splitlines()
    assert len(lines) == 10
    assert all(" 504 " in line for line in lines)


def test_5_why_a_request_got_its_status(console: Benchmark, scene: Scene) -> None:
    identity = scene.newest("status:404")
    task = Task(5, "Why did this request get 404/429/503", 7, 3, (
        write(":req "), paste(identity), press("Enter", r"404", r"no route")))  # fmt: skip
    console.perform(task)
    assert "no route" in twin(scene, "explain", "--exchange", identity, code=1)


def test_6_which_route_a_url_would_take(console: Benchmark, scene: Scene) -> None:
    task = Task(6, "Which route/policies would match this URL", 20, 8, (
        write(":x GET /v1/orders/1"), press("Enter", r"route orders \(.+:\d+\)", r"first byte 30ms")))  # fmt: skip
    console.perform(task)
    assert "orders" in twin(scene, "explain", "GET", "/v1/orders/1")


def test_10_who_is_hammering_the_gateway(console: Benchmark, scene: Scene) -> None:
    task = Task(10, "Who is hammering us", 3, 4, (
        press("4", "ST METHOD"), press("T"), press("c", r"CLIENT", re.escape(NOISY)),
    ))  # fmt: skip
    console.perform(task)
    assert NOISY in twin(scene, "top", "client", "--for", "1s")


def test_13_one_request_through_its_retries(console: Benchmark, scene: Scene) -> None:
    identity = scene.newest("retried route:legacy")
    console.terminal.press(*":req ")
    console.terminal.paste(identity)
    console.terminal.press("Enter")
    console.terminal.await_text(rf"request +{identity}")
    task = Task(
        13,
        "Follow one request through retries",
        1,
        3,
        (press("t", r"^ trace [0-9a-f]{32} ", r"try 1 .*reset -> retry", r"try 2 .* 200$"),),
    )
    console.perform(task)
    assert identity in twin(scene, "tail", "--no-follow", "--format", "ndjson", f"req:{identity}")


def test_4_what_changed_before_errors_rose(console: Benchmark, scene: Scene) -> None:
    task = Task(4, "What changed before errors rose", 2, 4, (
        press("7", r"rev 2 +err [\d.]+% -> "), press("Enter", r"route orders +changed\n.*timeouts.first_byte +15s -> 30ms"),
    ))  # fmt: skip
    assert re.search(r"orders +err [\d.]+% -> \d\d+", console.perform(task))
    assert re.search(rf"first_byte.*15s.*{SHORT}", twin(scene, "diff", "1", "2"))


def test_11_whether_all_run_the_same_revision(console: Benchmark, scene: Scene) -> None:
    revision = scene.program.status()["revision"]
    assert re.search(rf"workers 2/2 +rev {revision[:6]} #2", console.terminal.lines()[0])
    told = rf"all 2 workers run revision {revision} "
    task = Task(11, "Do all nodes run the same revision", 1, 1, (press("8", told, r"SYNCED +2/2"),))
    console.perform(task)
    assert revision in twin(scene, "nodes")


def test_12_which_objective_runs_out_first(console: Benchmark, scene: Scene) -> None:
    task = Task(12, "Which SLO runs out first", 1, 2, (press("6", r"STATE +ROUTE.*\n\S+ page +orders +99% available"),))
    (row,) = re.findall(r"page +orders +99% available.*", console.perform(task))
    assert re.search(r" 0% +now \d\d:\d\d:\d\d with ", row)
    assert "orders" in twin(scene, "slo", code=1).splitlines()[1]


def test_15_a_bundle_of_evidence(console: Benchmark) -> None:
    task = Task(
        15,
        "Evidence bundle for the incident",
        8,
        4,
        (write(":export"), press("Enter", r"written to \S+/sightline-\S+")),
    )
    console.perform(task)
    (bundle,) = console.terminal.folder.glob("sightline-overview-*")
    assert {each.name for each in bundle.iterdir()} == {"screen.svg", "data.json", "commands.txt"}
    assert "NEEDS" in (bundle / "screen.svg").read_text()
    assert "sightline overview" in (bundle / "commands.txt").read_text()


def test_rate_and_errors_on_the_screen_are_those_of_the_load_generator(console: Benchmark, scene: Scene) -> None:
    started_s = datetime.fromisoformat(scene.program.status()["started_at"]).timestamp()
    wait_until(lambda: time.time() > started_s + STEADY_S, "a minute in which nothing has changed", STEADY_S)

    def agrees(screen: str) -> bool:
        """With what the generator had sent now, or a moment ago: the screen may be so old."""
        found = re.search(r"rps +([\d.]+) .* err +([\d.]+)%", screen)
        accounts = [account(scene, time.time() - ago_s) for ago_s in (0.5, 1.0, 1.5, 2.0, 2.5)]
        return found is not None and any(
            tuple(map(float, found.groups())) == pytest.approx(each, rel=0.02) for each in accounts
        )

    console.terminal.press("W")
    console.terminal.await_text("win 1m")
    console.terminal.await_screen(agrees, "rate and errors as the load generator counts them")
    for _ in range(3):
        scene.await_finished("/v1/catalog/1", len(scene.loads["/v1/catalog/1"].finished) + 20)
        console.terminal.await_screen(agrees, "rate and errors as the load generator counts them, again")
    console.terminal.press("w")


def account(scene: Scene, end_s: float) -> tuple[float, float]:
    """Requests a second of a minute, and how many of a hundred failed, as the load generator counts them."""
    ended = scene.finished(end_s - 60, end_s)
    return len(ended) / 60, 100 * sum(each.status >= 500 for each in ended) / len(ended)


def test_7_an_endpoint_is_drained_and_seen_empty(console: Benchmark, scene: Scene) -> None:
    assert "removes 1 of 5" in twin(scene, "drain", "stock", scene.services[STEADY].address, "--dry-run")
    task = Task(7, "Drain an endpoint, see it empty", 9, 8, (
        press("3", "ENDPOINT"), press("/"), write("1.7", r"filter: 1\.7"), press("Enter"), press("a", "d drain"),
        press("d", "removes 1 of 5", r"do it\?"), press("y", rf"{re.escape(STEADY)}:\d+ +draining .* 0\+0"),
    ))  # fmt: skip
    console.perform(task)
    assert re.search(r"draining", twin(scene, "upstreams", "stock"))


def test_8_a_configuration_is_rolled_back(console: Benchmark, scene: Scene) -> None:
    assert "30ms" in twin(scene, "rollback", "1", "--dry-run")
    task = Task(8, "Roll back config, verify reach", 10, 12, (
        press("7", r"rev 2 +err"), press("j j", r"^ rev 1 "), press("a", "roll back"), press("b", "30ms -> 15s", "type 1 to do it"),
        press("1 Enter", r"workers 2/2 +rev \w+ #3"), press("8", r"all 2 workers run revision \w+ \(sequence 3\)"),
    ))  # fmt: skip
    console.perform(task)
    assert scene.program.status()["sequence"] == 3
