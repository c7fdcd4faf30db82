"""The commands of the runbooks can be typed: our own command line and filter language take them, and the admin API has the
calls that curl makes."""

import argparse
import re
import shlex
from importlib.metadata import entry_points
from typing import Final

import pytest

from gateway.admin.catalog import OPERATIONS
from gateway.cli.command import ENTRY_POINT_GROUP
from gateway.wire.filter import parse_filter
from tests.support.alerts.rules import RUNBOOKS

FILES: Final = sorted(RUNBOOKS.glob("*.md"))
COMMANDS: Final = [
    pytest.param(" ".join(command.split()), id=f"{path.stem}: {' '.join(command.split())}")
    for path in FILES
    for command in re.findall(r"`(sightline (?!supervisor|worker)[^`]+)`", path.read_text())
]
CALLS: Final = [
    pytest.param("POST" if "-X POST" in call else "GET", address, id=f"{path.stem}: {address}")
    for path in FILES
    for call in re.findall(r"`(curl [^`]*\$A[^`]*)`", path.read_text())
    for address in re.findall(r"\$A(/[\w./]+)", call)
]


@pytest.mark.parametrize("text", COMMANDS)
def test_a_command_can_be_typed(text: str) -> None:
    _, name, *rest = shlex.split(text)
    (entry,) = entry_points(group=ENTRY_POINT_GROUP, name=name)
    parser = argparse.ArgumentParser(exit_on_error=False)
    command = entry.load()
    command.configure(parser)

    arguments = parser.parse_args(rest if rest or name != "explain" else ["--url", "x"])

    given = getattr(arguments, "filter", None) or ""
    parse_filter(given if isinstance(given, str) else " ".join(given))


@pytest.mark.parametrize(("method", "address"), CALLS)
def test_the_admin_api_has_a_call(method: str, address: str) -> None:
    patterns = [
        re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(operation.path))
        for operation in OPERATIONS
        if operation.method.upper() == method
    ]

    assert any(re.fullmatch(pattern, address) for pattern in patterns), f"{method} {address}"


def test_there_are_commands_and_calls_to_judge() -> None:
    assert len(COMMANDS) > 30
    assert len(CALLS) > 8
