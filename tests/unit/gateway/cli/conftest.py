"""Running the command line as its users do: a process of its own."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeAlias

import pytest

ROOT: Final = Path(__file__).resolve().parents[4]

Sightline: TypeAlias = Callable[..., subprocess.CompletedProcess[str]]

GOOD: Final = """\
listeners:
  - {name: public, address: 127.0.0.1:9080}
upstreams:
  orders: {endpoints: [127.0.0.1:9001]}
routes:
  - {name: order, match: {hosts: [api.example.com], path: "/v1/orders/{id}", methods: [GET]}, upstream: orders}
  - {name: old, match: {path_prefix: /old}, redirect: {path_prefix: /new}}
"""


@pytest.fixture
def sightline() -> Sightline:
    """Run `python -m gateway` with these words; `environ` adds to the environment."""

    def run(*words: str, environ: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "gateway", *words]
        return subprocess.run(
            command,
            cwd=ROOT,
            env={**os.environ, **(environ or {})},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    return run


@pytest.fixture
def good(tmp_path: Path) -> Path:
    """A configuration file without a mistake."""
    path = tmp_path / "gateway.yaml"
    path.write_text(GOOD)
    return path
