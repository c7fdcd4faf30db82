"""The command line, and a file for it."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeAlias

import pytest

from tests.support import command_line

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
    return command_line.sightline


@pytest.fixture
def good(tmp_path: Path) -> Path:
    """A configuration file without a mistake."""
    path = tmp_path / "gateway.yaml"
    path.write_text(GOOD)
    return path
