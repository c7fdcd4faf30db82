"""The keys of a screen as they are right now: after other keys were given to them, and whether they do anything."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from textual.binding import ActiveBinding

from console.render.hints import Hint

if TYPE_CHECKING:
    from console.screens.framed import FramedScreen


def hints_of(screen: "FramedScreen") -> Iterator[Hint]:
    """Those that the screen's bottom line tells of, and the way to the rest."""
    by_id: dict[str, ActiveBinding] = {}
    for active in screen.active_bindings.values():
        if active.binding.id:
            by_id.setdefault(active.binding.id, active)
    for binding_id in screen.HINTS:
        active_one = by_id.get(binding_id)
        if active_one is not None:
            is_possible = active_one.enabled and not screen.console.why_not(binding_id)
            yield Hint(active_one.binding.key, active_one.binding.description, is_possible)
