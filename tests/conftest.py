"""Rules for the whole test run: what needs a real component on the machine is skipped without it, or fails where the
run must be complete (REQUIRE_REAL=1). Only such a run, or one that asks for them (-m proof), has the long proofs."""

import os
import shutil
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import settings

from tests.support.operator_task import TOLD_AT_THE_END

# How long one example takes says how busy the machine is. Tests as a whole have their own limit.
settings.register_profile("sightline", deadline=None)
settings.load_profile("sightline")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with a long proof come first: where files are played beside each other, nothing is to wait for them at the end."""
    long = {item.path for item in items if item.get_closest_marker("proof")}
    items.sort(key=lambda item: item.path not in long)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    reports = [report for category in terminalreporter.stats.values() for report in category]
    for line in sorted({line for report in reports for line in told_by(report)}):
        terminalreporter.write_line(line)


def told_by(report: object) -> Sequence[str]:
    properties: Sequence[tuple[str, object]] = getattr(report, "user_properties", ())
    return [str(value) for name, value in properties if name == TOLD_AT_THE_END]


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("proof") and os.environ.get("REQUIRE_REAL") != "1" and not item.config.option.markexpr:
        pytest.skip("a long proof: REQUIRE_REAL=1 or -m proof runs it")
    for marker in item.iter_markers("real"):
        component = str(marker.args[0])
        if shutil.which(component) is not None:
            continue
        if os.environ.get("REQUIRE_REAL") == "1":
            pytest.fail(f"{component} is not installed, and REQUIRE_REAL=1 asks for it", pytrace=False)
        pytest.skip(f"{component} is not installed")
