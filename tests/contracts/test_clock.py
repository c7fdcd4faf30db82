"""Time on the data path has one seam: model.clock. What reads a clock elsewhere could not be tested with a clock that jumps,
and a wall clock in a deadline fails whenever somebody sets it."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[2]
SEAM: Final = ROOT / "gateway" / "model" / "clock.py"
FLOORS: Final = (
    "model",
    "http1",
    "net",
    "routing",
    "upstreams",
    "proxy",
    "runtime/worker",
    "telemetry/recording",
    "telemetry/propagation",
)
MODULES: Final = sorted(
    {path for floor in FLOORS for path in (ROOT / "gateway" / floor).rglob("*.py") if path != SEAM}
    | {ROOT / "gateway" / "telemetry" / "recorder.py"}
)
CLOCKS: Final = frozenset({"time", "now", "utcnow", "today", "call_at"})
"""Methods that tell the time, or take a moment of a clock: those of event loops and of dates."""
DEADLINES: Final = ("net/deadlines.py", "proxy/ending.py", "proxy/client_connection.py", "upstreams/connection.py")


def clock_uses(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import) and any(alias.name == "time" for alias in node.names):
            yield f"line {node.lineno}: imports a clock"
        elif isinstance(node, ast.ImportFrom) and node.module == "time":
            yield f"line {node.lineno}: imports from a clock"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CLOCKS:
            yield f"line {node.lineno}: calls .{node.func.attr}()"


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_module_of_the_data_path_reads_another_clock(module: Path) -> None:
    assert list(clock_uses(ast.parse(module.read_text()))) == []


@pytest.mark.parametrize("name", DEADLINES)
def test_deadlines_never_see_the_wall_clock(name: str) -> None:
    assert "wall_ns" not in (ROOT / "gateway" / name).read_text()


@pytest.mark.parametrize("text", ["import time", "from time import monotonic", "loop.time()", "datetime.now()"])
def test_the_search_finds_what_it_is_for(text: str) -> None:
    assert list(clock_uses(ast.parse(text)))
