"""The keys of a screen as they are right now: after other keys were given to them, and whether they do anything."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from textual.binding import ActiveBinding
from textual.screen import Screen

from console.render.hints import Hint


def hints_of(screen: Screen[Any], binding_ids: Iterable[str], why_not: Callable[[str], str]) -> Iterator[Hint]:
    """Those of these bindings that the screen has. why_not: as Console's."""
    by_id: dict[str, ActiveBinding] = {}
    for active in screen.active_bindings.values():
        if active.binding.id:
            by_id.setdefault(active.binding.id, active)
    for binding_id in binding_ids:
        found = by_id.get(binding_id)
        if found is not None:
            is_possible = found.enabled and not why_not(binding_id)
            yield Hint(found.binding.key, found.binding.description, is_possible)
