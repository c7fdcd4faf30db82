"""Times in what the gateway tells: checked once, where it comes in, so that nothing that shows them has to."""

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import cache
from types import UnionType
from typing import Any, Final, TypeAlias, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

Check: TypeAlias = Callable[[Any], str]

_NAMES: Final = frozenset({"at", "since", "until", "start", "end"})
_ENDINGS: Final = ("_at", "_since", "_until")


V = TypeVar("V")


def checked(view: V) -> V:
    """The view itself. Raises msgspec.ValidationError where a time in it is none, by its place: `routes[3].at is no time: 'soon'`."""
    if problem := wrong_time(view):
        raise msgspec.ValidationError(problem)
    return view


def wrong_time(view: Any) -> str:
    """What is no time though it should be one; empty where all of them are."""
    kind: Any = type(view)
    check = _check_of(kind)
    return check(view) if check is not None else ""


@cache
def _check_of(kind: Any) -> Check | None:
    """None where a value of this type holds no times."""
    origin, parts = get_origin(kind), get_args(kind)
    if origin in {Union, UnionType}:
        return _of_either(parts)
    if origin in {list, tuple} and parts:
        return _of_each(_check_of(parts[0]))
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return _of_struct(kind)
    return None


def _of_either(parts: tuple[Any, ...]) -> Check | None:
    checks = tuple((get_origin(part) or part, check) for part in parts if (check := _check_of(part)) is not None)
    if not checks:
        return None

    def check_one(value: Any) -> str:
        return next((of(value) for kind, of in checks if isinstance(value, kind)), "")

    return check_one


def _of_struct(kind: type[msgspec.Struct]) -> Check | None:
    checks = tuple(_checks_in(kind))
    if not checks:
        return None

    def check(view: Any) -> str:
        for name, of in checks:
            value = getattr(view, name)
            if value is not None and (problem := of(value)):
                return f"{name}{'' if problem[0] in ' [' else '.'}{problem}"
        return ""

    return check


def _checks_in(kind: type[msgspec.Struct]) -> Iterator[tuple[str, Check]]:
    hints = get_type_hints(kind)
    for field in msgspec.structs.fields(kind):
        hint = hints[field.name]
        if field.name in _NAMES or field.name.endswith(_ENDINGS):
            if str in (hint, *get_args(hint)):
                yield field.name, _required if field.required and hint is str else _optional
        elif (check := _check_of(hint)) is not None:
            yield field.name, check


def _of_each(check: Check | None) -> Check | None:
    if check is None:
        return None

    def check_all(values: Any) -> str:
        for position, value in enumerate(values):
            if value is not None and (problem := check(value)):
                return f"[{position}]{'' if problem[0] in ' [' else '.'}{problem}"
        return ""

    return check_all


def _optional(text: str) -> str:
    return _required(text) if text else ""


def _required(text: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            _ = moment.astimezone().timestamp()
            return ""
    except (ValueError, OverflowError, OSError):
        pass
    return f" is no time: {text[:40]!r}"
