"""Every reason of the closed list is given by some code and caused by some test, or belongs to what is yet to come."""

import ast
from pathlib import Path
from typing import Final

import pytest

from gateway.model.outcome import Reason

ROOT: Final = Path(__file__).resolve().parents[2]
DATA_PATH: Final = ("http1", "net", "routing", "upstreams", "proxy")

LATER: Final = {
    Reason.AUTH_DENIED: "policies",
    Reason.RATE_LIMITED: "policies",
    Reason.TLS_ERROR: "TLS to upstreams",
    Reason.CONFIG_ERROR: "policies",
}
"""Reasons nothing ends with yet, and what will bring them."""


def given() -> set[str]:
    """Names of reasons that the data path mentions anywhere but as keys of a table or members of a set."""
    names = set()
    for path in [path for floor in DATA_PATH for path in (ROOT / "gateway" / floor).rglob("*.py")]:
        tree = ast.parse(path.read_text())
        tables = {
            id(inner) for node in ast.walk(tree) if isinstance(node, (ast.Dict, ast.Set)) for inner in ast.walk(node)
        }
        names |= {
            node.attr
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id == "Reason"
            and id(node) not in tables
        }
    return names


def test_the_data_path_gives_every_reason_that_is_not_for_later() -> None:
    assert {reason.name for reason in Reason} - given() == {reason.name for reason in LATER}


@pytest.mark.parametrize(
    "reason", [reason for reason in Reason if reason not in LATER], ids=lambda reason: reason.value
)
def test_a_test_causes_each_of_them(reason: Reason) -> None:
    tests = [path.read_text() for path in (ROOT / "tests/live").rglob("test_*.py")]
    tests += [path.read_text() for path in (ROOT / "tests/unit/gateway/proxy").rglob("test_*.py")]
    assert any(f'"{reason.value}"' in text or f"Reason.{reason.name}" in text for text in tests)
