"""The tree of unit tests mirrors the source: whoever looks for the tests of a file finds them where its name says."""

from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[2]
UNIT: Final = ROOT / "tests" / "unit"
TESTS: Final = sorted(UNIT.rglob("test_*.py"))


def sources_of(test: Path) -> list[Path]:
    """The file a test is named after, or the package where it covers several files of one."""
    folder = ROOT / test.parent.relative_to(UNIT)
    name = test.stem.removeprefix("test_")
    return [folder / f"{name}.py", folder / name / "__init__.py"]


@pytest.mark.parametrize("test", TESTS, ids=lambda path: path.relative_to(UNIT).as_posix())
def test_every_unit_test_is_named_after_a_source_file(test: Path) -> None:
    assert any(source.is_file() for source in sources_of(test))
