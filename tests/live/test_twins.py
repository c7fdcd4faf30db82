"""The command-line twins against a real gateway, as their users run them."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.support.command_line import sightline
from tests.support.config import free_port
from tests.support.loop_thread import LoopThread
from tests.support.origin import Origin, say_target
from tests.support.program import Program
from tests.support.waiting import wait_until

ROOT: Final = Path(__file__).resolve().parents[2]
ROUTES: Final = "  - {name: gone, match: {path: /gone}, upstream: gone}\n"


@pytest.fixture(scope="module")
def origin(origin_thread: LoopThread) -> Iterator[Origin]:
    started = Origin(origin_thread, say_target)
    yield started
    started.close()


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory, origin: Origin) -> Iterator[Program]:
    """With a route to an origin and one to an address where nobody listens; both have had requests."""
    gateway = Program(tmp_path_factory.mktemp("twins"), origin.address)
    upstream = f"  gone: {{endpoints: ['127.0.0.1:{free_port()}']}}\n"
    gateway.write(gateway.text(more_upstreams=upstream, more_routes=ROUTES))
    with gateway:
        for path, status in [("/a", 200)] * 5 + [("/gone", 502)] * 2:
            ask(gateway, path, status)
        wait_until(lambda: counted(gateway) == 7, "all requests are counted")
        yield gateway


def ask(gateway: Program, path: str, status: int) -> None:
    assert gateway.send(path)[0] == status


def counted(gateway: Program) -> int:
    routes = gateway.call("/api/v1/routes")[1]["routes"]
    return sum(route["traffic"]["requests"] for route in routes)


def twin(gateway: Program, *words: str) -> subprocess.CompletedProcess[str]:
    return sightline(words[0], "--url", f"http://127.0.0.1:{gateway.admin_port}", *words[1:])


@pytest.mark.parametrize(
    "words",
    [
        ("status",), ("overview",), ("routes",), ("routes", "all"), ("upstreams",), ("ups",), ("upstreams", "origin"),
        ("incidents",), ("inflight",), ("tail", "--no-follow"), ("top", "route", "--for", "100ms"), ("unmatched",), ("nodes",), ("logs",), ("logs", "--level", "info", "--limit", "2"),
        ("wait", "synced"), ("wait", "ups/origin=healthy"), ("doctor",),
        ("status", "--window", "5m"), ("routes", "all", "--window", "15m"), ("ups", "--window", "1h"), ("slo",),
    ],
)  # fmt: skip
def test_every_twin_tells_people_and_scripts_the_same_thing_and_ends_well(
    program: Program, words: tuple[str, ...]
) -> None:
    table, document, lines = (
        twin(program, *words),
        twin(program, *words, "--json"),
        twin(program, *words, "--format", "ndjson"),
    )
    assert (table.returncode, document.returncode, lines.returncode) == (0, 0, 0), table.stderr
    assert table.stdout.strip()
    json.loads(document.stdout)
    for line in lines.stdout.splitlines():
        json.loads(line)


def test_routes_show_what_was_counted(program: Program) -> None:
    rows = {line.split()[0]: line.split() for line in twin(program, "routes").stdout.splitlines() if line}
    titles = rows["ROUTE"]
    assert rows["gone"][titles.index("REQUESTS")] == rows["gone"][titles.index("FAILURES")] == "2"
    assert rows["all"][titles.index("REQUESTS")] == "5"


def test_the_worst_route_is_first_when_sorted_by_errors(program: Program) -> None:
    assert twin(program, "routes", "--sort", "errors", "--window", "1h").stdout.splitlines()[1].split()[0] == "gone"


def test_what_was_asked_for_is_the_same_in_every_format(program: Program) -> None:
    words = ("routes", "--sort", "errors", "--window", "1h", "--limit", "1")
    (line,) = twin(program, *words, "--format", "ndjson").stdout.splitlines()
    document = json.loads(twin(program, *words, "--json").stdout)
    assert json.loads(line)["name"] == document["routes"][0]["name"] == "gone"
    assert len(document["routes"]) == 1


def test_chosen_fields_are_columns_in_the_order_asked_for(program: Program) -> None:
    words = ("--format", "csv", "--fields", "traffic.requests,name")
    told = twin(program, "routes", "--sort", "errors", "--window", "1h", *words).stdout.splitlines()
    assert told[:2] == ["traffic.requests,name", "2,gone"]
    lines = twin(program, "tail", "--no-follow", "status:5xx", "--format", "csv", "--fields", "route,reason").stdout
    assert lines.splitlines() == ["route,reason", *["gone,connect_refused"] * 2]


def test_a_tail_shows_what_matches_and_why_it_failed(program: Program) -> None:
    lines = twin(program, "tail", "--no-follow", "status:5xx").stdout.splitlines()
    assert len(lines) == 2
    assert all(" 502 " in line and "upstream connect_refused" in line for line in lines)


def test_a_request_and_its_trace_are_told_with_the_reason_the_routes_and_each_attempt(program: Program) -> None:
    (line, *_) = twin(
        program, "tail", "--no-follow", "--last", "1", "--format", "ndjson", "status:502"
    ).stdout.splitlines()
    exchange = json.loads(line)
    told = " ".join(twin(program, "req", exchange["request_id"]).stdout.split())
    assert "502 by upstream connect_refused GET /gone" in told
    assert f"{exchange['endpoint']} refused the connection" in told
    assert "+ gone:" in told
    tree = twin(program, "trace", exchange["trace_id"]).stdout
    assert f"trace {exchange['trace_id']}" in tree
    assert f"try 1 {exchange['endpoint']}" in tree
    for words in (("req", exchange["request_id"]), ("trace", exchange["trace_id"])):
        assert json.loads(twin(program, *words, "--format", "ndjson").stdout)["request_id"] == exchange["request_id"]


def test_a_tail_follows_until_it_is_interrupted(program: Program) -> None:
    url = f"http://127.0.0.1:{program.admin_port}"
    command = [
        sys.executable,
        "-m",
        "gateway",
        "tail",
        "--url",
        url,
        "--last",
        "0",
        "--format",
        "ndjson",
        "path~followed",
    ]
    wait_until(lambda: followers(program) == 0, "nobody follows any more")
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as follower:
        try:
            assert follower.stdout is not None
            wait_until(lambda: followers(program) == 1, "somebody follows")
            ask(program, "/followed", 200)
            shown = json.loads(follower.stdout.readline())
            assert (shown["weight"], shown["exchange"]["url.path"]) == (1, "/followed")
        finally:
            follower.terminate()


def followers(gateway: Program) -> float:
    return gateway.metric("sightline_tail_subscribers")


def test_top_counts_the_traffic_of_its_seconds(program: Program) -> None:
    url = f"http://127.0.0.1:{program.admin_port}"
    command = [
        sys.executable,
        "-m",
        "gateway",
        "top",
        "path",
        "--url",
        url,
        "--for",
        "2",
        "--json",
        "--filter",
        "path~top",
    ]
    wait_until(lambda: followers(program) == 0, "nobody follows any more")
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as ranking:
        wait_until(lambda: followers(program) == 1, "somebody follows")
        for _ in range(4):
            ask(program, "/top/a", 200)
        ask(program, "/top/b", 200)
        told, _ = ranking.communicate(timeout=20)
    assert [(row["key"], row["requests"]) for row in json.loads(told)] == [("/top/a", 4), ("/top/b", 1)]


@pytest.mark.parametrize(
    ("words", "code", "talk"),
    [
        (("routes", "ordrs"), 1, "no route of this name"),
        (("req", "nowhere"), 1, "has this id"),
        (("tail", "--no-follow", "latency:>500"), 2, "latency:>500\n            ^ expected a unit"),
        (("tail", "--json"), 2, "a stream has no end"),
        (("routes", "--fields", "name"), 2, "--fields goes with"),
        (("routes", "--format", "csv", "--fields", "nme"), 2, "no field nme; there are: name, "),
        (("status", "--context", "nowhere"), 2, "nowhere"),
        (("doctor", "--context", "nowhere"), 2, "nowhere"),
        (("wait", "ups/origin=fine"), 2, "one of healthy, "),
        (("wait", "revision=ffff", "--timeout", "1ms"), 1, "not after "),
        (("wait", "ups/ordrs=healthy", "--timeout", "1ms"), 1, "404"),
        (("top", "--for", "0s"), 2, "expected a duration such as 5s"),
        (("tail", "--last", "-1"), 2, "expected"),
    ],
)
def test_what_cannot_be_done_is_told_with_its_exit_code(
    program: Program, words: tuple[str, ...], code: int, talk: str
) -> None:
    url = () if "--context" in words else ("--url", f"http://127.0.0.1:{program.admin_port}")
    run = sightline(words[0], *url, *words[1:])
    assert run.returncode == code, run.stderr
    assert run.stdout == ""
    assert talk in run.stderr


def test_no_gateway_is_exit_code_four() -> None:
    command = [sys.executable, "-m", "gateway", "status", "--url", f"http://127.0.0.1:{free_port()}"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert (run.returncode, run.stdout) == (4, "")


def test_waiting_goes_on_until_it_is_the_case_and_says_for_what(program: Program, origin: Origin) -> None:
    host, port = origin.address.split(":")
    command = [sys.executable, "-m", "gateway", "wait", f"ups/origin/{host}:{port}=draining"]
    command += ["--url", f"http://127.0.0.1:{program.admin_port}", "--format", "ndjson"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as waiting:
        assert waiting.stderr is not None
        assert waiting.stderr.readline() == f"waiting: 0 of 1 endpoints of origin draining: {origin.address} healthy\n"
        assert twin(program, "drain", "origin", origin.address, "--yes").returncode == 0
        try:
            told, _ = waiting.communicate(timeout=30)
        finally:
            assert twin(program, "undrain", "origin", origin.address, "--yes").returncode == 0
    assert waiting.returncode == 0
    assert json.loads(told)["told"] == "1 of 1 endpoints of origin draining"


@pytest.mark.parametrize("words", [("wait", "ready", "--timeout", "1ms"), ("doctor", "--json")])
def test_who_waits_or_looks_where_no_gateway_is_is_told_that(words: tuple[str, ...]) -> None:
    run = sightline(words[0], "--url", f"http://127.0.0.1:{free_port()}", *words[1:])
    assert run.returncode == 4
    assert "no gateway answers at" in (run.stdout if words[0] == "doctor" else run.stderr)


def test_the_doctor_names_a_token_that_others_may_read_and_an_alertmanager_that_is_not_there(
    program: Program, tmp_path: Path
) -> None:
    token, port = tmp_path / "token", free_port()
    token.write_text("s3cret")
    token.chmod(0o644)
    url = f"http://127.0.0.1:{program.admin_port}"
    known = (
        f"contexts: [{{name: a, url: '{url}', alertmanager: 'http://me:pw@127.0.0.1:{port}', token_file: '{token}'}}]"
    )
    (tmp_path / "sightline").mkdir()
    (tmp_path / "sightline" / "contexts.yaml").write_text(known)
    run = sightline("doctor", "--json", environ={"XDG_CONFIG_HOME": str(tmp_path)})
    checks = {check["name"]: check for check in json.loads(run.stdout)["checks"]}
    assert (checks["token"]["verdict"], checks["alertmanager"]["verdict"]) == ("warn", "warn")
    assert checks["alertmanager"]["told"] == f"127.0.0.1:{port}: connection refused"
    assert "pw" not in run.stdout
    assert "s3cret" not in run.stdout


def test_a_twin_imports_neither_textual_nor_aiohttp() -> None:
    code = "import sys, gateway.cli.main as m; m.main(['status', '--url', 'http://127.0.0.1:1']); print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=30, check=True)
    assert not {"textual", "aiohttp", "asyncio", "pydantic", "yaml"} & set(run.stdout.split())


def test_nodes_tell_of_every_process_whether_it_runs_what_it_should(program: Program) -> None:
    text = twin(program, "nodes").stdout
    assert "all 2 workers run revision" in text.splitlines()[0]
    assert all(name in text for name in ("worker 1", "worker 2", "supervisor", "SYNCED", "SEEN"))
    workers = [json.loads(line) for line in twin(program, "nodes", "--format", "ndjson").stdout.splitlines()]
    assert [(worker["index"], worker["sync"]) for worker in workers] == [(1, "synced"), (2, "synced")]


def test_logs_are_followed_from_what_is_kept_on_and_filtered_alike(program: Program) -> None:
    url = f"http://127.0.0.1:{program.admin_port}"
    command = [
        sys.executable,
        "-m",
        "gateway",
        "logs",
        "--url",
        url,
        "--follow",
        "--format",
        "ndjson",
        "--filter",
        "event:config_apply | event:ready",
    ]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as following:
        try:
            assert following.stdout is not None
            first = json.loads(following.stdout.readline())
            program.call(
                "/api/v1/config/apply?dry_run=true", program.file.read_text(), {"Content-Type": "application/yaml"}
            )
            then = json.loads(following.stdout.readline())
        finally:
            following.kill()
    assert (first["event"], then["event"], then["actor"]) == ("ready", "config_apply", "loopback")
    assert then["id"] > first["id"]


def test_logs_refuse_a_filter_with_a_mark_under_the_place_and_a_document_without_an_end(program: Program) -> None:
    wrong = twin(program, "logs", "--filter", "worker:2 level:loud")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert wrong.stderr.splitlines()[1].index("^") == 15
    assert twin(program, "logs", "--follow", "--json").returncode == 2
    assert "0 of " in twin(program, "logs", "--filter", "nobody_says_this").stdout
