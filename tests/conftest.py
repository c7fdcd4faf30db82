"""Rules for the whole test run: what needs a real component on the machine is skipped without it, or fails where the
run must be complete (REQUIRE_REAL=1)."""

import os
import shutil

import pytest


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in item.iter_markers("real"):
        component = str(marker.args[0])
        if shutil.which(component) is not None:
            continue
        if os.environ.get("REQUIRE_REAL") == "1":
            pytest.fail(f"{component} is not installed, and REQUIRE_REAL=1 asks for it", pytrace=False)
        pytest.skip(f"{component} is not installed")
