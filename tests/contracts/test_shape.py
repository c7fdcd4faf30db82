"""The shape of the source: how long files, classes and functions may be, and that every module says what it is for.

The ceilings keep each file readable in one sitting. What is over one carries its reason beside it, as a comment
`# shape: REASON`: in a signature for a function or class, on a line of its own after the docstring for a file, in
`__init__.py` for a package. A mark that is not needed is an error too.
"""

import ast
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[2]
SOURCES: Final = sorted(
    path for folder in ("gateway", "console", "dashboards") for path in (ROOT / folder).rglob("*.py")
)
PYTHON: Final = sorted(
    path for folder in ("gateway", "console", "dashboards", "tests", "perf") for path in (ROOT / folder).rglob("*.py")
)

FILE_LINES: Final = 400
CLASS_LINES: Final = 200
FUNCTION_LINES: Final = 50
PACKAGE_MODULES: Final = 15
MEDIAN_FUNCTION_LINES: Final = 8
P90_FUNCTION_LINES: Final = 25

MARK: Final = re.compile(r"# shape: \S.{9,}$")
"""A reason has ten characters at least: `# shape: long` is none."""


@dataclass(frozen=True)
class Piece:
    """A file, class, function or package, how long it is, and the lines on which its reason may stand (from 1)."""

    name: str
    size: int
    ceiling: int
    path: Path
    mark_lines: range


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def lines_of(path: Path) -> list[str]:
    return path.read_text().splitlines()


@cache
def functions_and_classes(path: Path) -> list[Piece]:
    """Sizes run from the signature to the last line; decorators are not counted, docstrings are."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            ceiling = CLASS_LINES if isinstance(node, ast.ClassDef) else FUNCTION_LINES
            signature = range(node.lineno, node.body[0].lineno)
            size = (node.end_lineno or node.lineno) - node.lineno + 1
            found.append(Piece(f"{name_of(path)}:{node.name}", size, ceiling, path, signature))
    return found


@cache
def file_piece(path: Path) -> Piece:
    body = ast.parse(path.read_text()).body
    docstring_ends = (body[0].end_lineno or 1) if body else 1
    return Piece(name_of(path), len(lines_of(path)), FILE_LINES, path, range(docstring_ends + 1, docstring_ends + 4))


def package_piece(init: Path) -> Piece:
    modules = [path for path in init.parent.glob("*.py") if path != init]
    return Piece(name_of(init.parent), len(modules), PACKAGE_MODULES, init, file_piece(init).mark_lines)


def pieces(path: Path) -> list[Piece]:
    whole = package_piece(path) if path.name == "__init__.py" else file_piece(path)
    return [whole, *functions_and_classes(path)]


def marks(piece: Piece) -> set[int]:
    lines = lines_of(piece.path)
    return {number for number in piece.mark_lines if number <= len(lines) and MARK.search(lines[number - 1])}


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_what_is_over_its_ceiling_says_why(path: Path) -> None:
    silent = [
        f"{piece.name}: {piece.size}, ceiling {piece.ceiling}"
        for piece in pieces(path)
        if piece.size > piece.ceiling and not marks(piece)
    ]
    assert silent == []


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_a_reason_stands_only_where_one_is_needed(path: Path) -> None:
    needed = {number for piece in pieces(path) if piece.size > piece.ceiling for number in marks(piece)}
    written = {number for number, line in enumerate(lines_of(path), 1) if "# shape:" in line}
    assert written == needed


def test_most_functions_are_short() -> None:
    sizes = [piece.size for path in SOURCES for piece in functions_and_classes(path) if piece.ceiling == FUNCTION_LINES]
    sizes.sort()
    assert sizes[len(sizes) // 2] <= MEDIAN_FUNCTION_LINES
    assert sizes[len(sizes) * 9 // 10] <= P90_FUNCTION_LINES


@pytest.mark.parametrize("path", PYTHON, ids=name_of)
def test_every_module_says_what_it_is_for(path: Path) -> None:
    docstring = ast.get_docstring(ast.parse(path.read_text()))
    assert docstring, "a module begins with a docstring: its role and its place"


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_no_module_is_called_by_a_word_that_says_nothing(path: Path) -> None:
    empty_words = {"util", "utils", "helpers", "helper", "common", "base", "manager", "misc"}
    assert not empty_words & {path.stem, path.parent.name}
