"""The questions an operator comes with, answered on the console of a real gateway on which something is wrong: with no more
keys than the benchmark allows, and the same by a command."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import pytest

from tests.support.loop_thread import LoopThread
from tests.support.operator_task import Benchmark, Task, paste, press, write
from tests.support.scene import NOISY, Scene, make_noise, open_scene
from tests.support.terminal import Terminal

pytestmark = [pytest.mark.real("tmux"), pytest.mark.timeout(120)]

ROOT: Final = Path(__file__).resolve().parents[2]
ROUTES: Final = r"^\S+ orders "
OVERVIEW: Final = r"NEEDS ATTENTION"


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory, origin_thread: LoopThread) -> Iterator[Scene]:
    """Healthy for two seconds and a half, then everything at once."""
    with open_scene(tmp_path_factory.mktemp("tasks"), origin_thread) as opened, ExitStack() as stack:
        opened.slow_down()
        make_noise(opened, stack)
        opened.await_finished("/v1/orders/1", 30)
        opened.refuse()
        opened.spoil()
        opened.retry()
        opened.await_finished("/v1/orders/1", 100)
        yield opened


@pytest.fixture(scope="module")
def benchmark(scene: Scene, request: pytest.FixtureRequest) -> Iterator[Benchmark]:
    command = [sys.executable, "-m", "gateway", "console", "--url", scene.url]
    with Terminal(command, environ={"PYTHONPATH": str(ROOT)}) as terminal:
        measured = Benchmark(terminal)
        yield measured
    # The seconds are for whoever reads: what they are depends on what else the machine does.
    capture = request.config.pluginmanager.get_plugin("capturemanager")
    assert capture is not None
    with capture.global_and_fixture_disabled():
        sys.stdout.write(f"\n{measured.table()}\n")


@pytest.fixture
def console(benchmark: Benchmark) -> Benchmark:
    """On Overview, as every task begins."""
    benchmark.terminal.press("1")
    benchmark.terminal.await_text(OVERVIEW)
    return benchmark


def twin(scene: Scene, *words: str, code: int = 0) -> str:
    """What a command prints that ends with this code."""
    command = [sys.executable, "-m", "gateway", words[0], "--url", scene.url, *words[1:]]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert run.returncode == code, run.stdout + run.stderr
    return run.stdout


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
    console.terminal.await_text(identity[:8])
    task = Task(13, "Follow one request through retries", 1, 3, (press("t", r"(?s)127\.0\.0\.1.*127\.0\.0\.1"),))
    console.perform(task)
    assert identity in twin(scene, "tail", "--no-follow", "--format", "ndjson", f"req:{identity}")
