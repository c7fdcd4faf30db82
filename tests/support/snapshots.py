"""Pictures of screens as text, compared with those that were looked at. UPDATE_SNAPSHOTS=1 writes them anew."""

import difflib
import os
from collections.abc import Callable
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Final, Literal, Union, get_args, get_origin

import msgspec
import pytest

FOLDER: Final = Path(__file__).resolve().parents[1] / "snapshots"
IS_UPDATE: Final = os.environ.get("UPDATE_SNAPSHOTS", "") not in {"", "0"}
_MOST_LINES: Final = 60
_TIMES: Final = frozenset({"at", "start", "end", "complete_since"})
_NOTHING: Final[dict[Any, Any]] = {str: "", int: 0, float: 0.0}
_SOME_TIME: Final = "2026-01-31T08:00:00Z"


def compare(name: str, text: str) -> str:
    """What differs from the snapshot of this name, for people; empty where nothing does, or where it was just written."""
    file = FOLDER / f"{name}.txt"
    told = "\n".join(line.rstrip() for line in text.splitlines()).rstrip("\n") + "\n"
    if IS_UPDATE:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(told)
        return ""
    if not file.exists():
        return f"{name}: there is no such snapshot; look at what UPDATE_SNAPSHOTS=1 writes"
    kept = file.read_text()
    if kept == told:
        return ""
    lines = difflib.unified_diff(kept.splitlines(), told.splitlines(), f"{name} as kept", f"{name} now", lineterm="")
    return "\n".join(list(lines)[:_MOST_LINES])


def blank(kind: Any, name: str = "") -> Any:
    """The emptiest value of a type of the admin API: no rows, no words, nothing that is known."""
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Literal:
        return parts[0]
    if origin in {Union, UnionType}:
        return None if NoneType in parts else blank(parts[0], name)
    if origin is not None:
        return origin()
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return kind(
            **{field.name: blank(field.type, field.name) for field in msgspec.structs.fields(kind) if field.required}
        )
    is_time = kind is str and (name in _TIMES or name.endswith("_at"))
    return _SOME_TIME if is_time else _NOTHING.get(kind, None if kind is not bool else name == "ready")


def keep_picture(name: str, draw: Callable[[], str]) -> None:
    """For people to look at: the program's own picture. Its bytes depend on the version of Textual, so it is not compared."""
    if IS_UPDATE:
        file = FOLDER / f"{name}.svg"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(draw())


def fail_with(differences: list[str]) -> None:
    """One failure that tells all that differs."""
    found = [each for each in differences if each]
    if found:
        pytest.fail("\n\n".join(found), pytrace=False)
