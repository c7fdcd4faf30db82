"""`sightline check`."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

from gateway.wire.exit_codes import ExitCode

Sightline = Callable[..., subprocess.CompletedProcess[str]]


def test_a_good_file_is_fine(sightline: Sightline, good: Path) -> None:
    run = sightline("check", "-c", str(good))
    assert run.returncode == ExitCode.OK
    assert run.stderr == ""
    assert run.stdout.startswith("1 listener, 1 upstream, 2 routes; 0 errors, 0 warnings; revision ")


def test_every_error_goes_to_stderr_and_the_count_to_stdout(sightline: Sightline, good: Path) -> None:
    good.write_text(good.read_text().replace("upstream: orders}", "upstream: order, prioriti: 1}"))
    run = sightline("check", "--config", str(good))
    assert run.returncode == ExitCode.CONFIG_INVALID
    assert run.stdout == "1 listener, 1 upstream, 2 routes (1 rejected); 2 errors, 0 warnings\n"
    first, second = run.stderr.splitlines()
    assert first.startswith(f"{good}:6: routes[0].prioriti: unknown key, perhaps priority was meant; expected one of ")
    assert second == f"{good}:6: routes[0].upstream: no upstream has the name 'order'; expected one of orders"


def test_a_file_that_is_not_there_is_an_invalid_configuration(sightline: Sightline, tmp_path: Path) -> None:
    run = sightline("check", "-c", str(tmp_path / "gone.yaml"))
    assert run.returncode == ExitCode.CONFIG_INVALID
    assert run.stderr == f"{tmp_path}/gone.yaml: cannot be read: no such file or directory\n"


def test_warnings_are_told_and_fail_only_when_asked_to(sightline: Sightline, good: Path) -> None:
    good.write_text(good.read_text() + "  - {name: all, match: {path_prefix: /old}, upstream: orders, priority: 1}\n")
    run = sightline("check", "-c", str(good))
    assert run.returncode == ExitCode.OK
    assert run.stderr == (
        f"{good}:7: routes[1].match: warning: never reached, because all it matches is taken by "
        "route 'all' at line 8 (higher priority)\n"
    )
    assert sightline("check", "-c", str(good), "--strict").returncode == ExitCode.CONFIG_INVALID


def test_the_same_for_programs(sightline: Sightline, good: Path) -> None:
    good.write_text(good.read_text().replace("hosts: [api.example.com]", "hosts: [5]"))
    run = sightline("check", "-c", str(good), "--format", "json")
    assert run.returncode == ExitCode.CONFIG_INVALID
    assert run.stderr == ""
    report = json.loads(run.stdout)
    assert (report["valid"], report["revision"], report["warnings"]) == (False, "", [])
    assert report["errors"] == [
        {
            "file": str(good),
            "line": 6,
            "key": "routes[0].match.hosts[0]",
            "message": "got 5; expected a host name without a port, such as api.example.com, *.example.org or [::1], "
            "or * for any",
        }
    ]
    assert [(each["kind"], each["name"], each["accepted"]) for each in report["objects"]] == [
        ("listener", "public", True),
        ("upstream", "orders", True),
        ("route", "order", False),
        ("route", "old", True),
        ("settings", "settings", True),
    ]


def test_the_environment_is_that_of_the_process(sightline: Sightline, good: Path) -> None:
    good.write_text(good.read_text().replace("name: order,", 'name: "${ROUTE_NAME}",'))
    assert sightline("check", "-c", str(good), environ={"ROUTE_NAME": "x"}).returncode == ExitCode.OK
    assert "the environment variable ROUTE_NAME is not set" in sightline("check", "-c", str(good)).stderr
