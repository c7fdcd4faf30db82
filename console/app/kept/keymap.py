"""Other keys, as `keys.yaml` wants them: every key of the console has an id, and words about what cannot be."""

import re
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from textual.binding import Binding
from textual.dom import DOMNode

from console.screens.acting.editor import EditorScreen
from console.state.commands import ranked
from console.widgets.prompt import Prompt

_KEY: Final = re.compile(r"\S|[a-z][a-z0-9_]*|((ctrl|shift|alt)\+)+(\S|[a-z][a-z0-9_]*)")

_TAKE_ALL: Final = frozenset({Prompt.__module__, EditorScreen.__module__})


class Keymap(NamedTuple):
    """`keys` can be given to Textual; `problems` are sentences about the rest."""

    keys: dict[str, str]
    problems: list[str]


def keymap_of(wanted: Mapping[str, str]) -> Keymap:
    """wanted: keys by id, as in `live: l` or `back: escape,ctrl+h`."""
    known, keys, problems = {each.id: each for each in _bindings()}, dict[str, str](), list[str]()
    for binding_id, given in wanted.items():
        if binding_id not in known:
            near = ranked(binding_id, known)
            problems.append(f"no key has the id {binding_id!r}" + (f"; did you mean {near[0]!r}?" if near else ""))
        elif wrong := [key for key in given.split(",") if not _KEY.fullmatch(key.strip())]:
            problems.append(f"{wrong[0]!r} for {binding_id!r} is no key")
        else:
            keys[binding_id] = ",".join(key.strip() for key in given.split(","))
    return Keymap(keys, problems + list(_clashes(known, keys)))


class _Bound(NamedTuple):
    id: str
    key: str
    taken_by: str
    """What takes all keys while it is there, as the prompt does; empty for keys that screens share."""


def _bindings() -> Iterator[_Bound]:
    """All that the console's own classes bind."""
    waiting: list[type[DOMNode]] = [DOMNode]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if kind.__module__.startswith("console."):
            for binding in kind.__dict__.get("BINDINGS", ()):
                if isinstance(binding, Binding) and binding.id:
                    taken_by = kind.__module__ if kind.__module__ in _TAKE_ALL else ""
                    yield _Bound(binding.id, binding.key, taken_by)


def _clashes(known: Mapping[str, _Bound], keys: Mapping[str, str]) -> Iterator[str]:
    taken = dict[tuple[str, str], str]()
    for bound in known.values():
        for key in keys.get(bound.id, bound.key).split(","):
            other = taken.setdefault((key, bound.taken_by), bound.id)
            # What clashes without anybody's doing is on screens that are never in front at the same time.
            if other != bound.id and (bound.id in keys or other in keys):
                yield f"{key!r} is the key of {' and of '.join(repr(each) for each in sorted((other, bound.id)))}"
