"""The keys of a screen as they are right now: after other keys were given to them, and whether they do anything."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from textual.app import App
from textual.dom import DOMNode
from textual.screen import Screen

from console.render.frame.help import KeyHelp, Taker
from console.render.frame.hints import Hint


def hints_of(screen: Screen[Any], binding_ids: Iterable[str], why_not: Callable[[str], str]) -> Iterator[Hint]:
    """Those of these bindings that the screen has. why_not: as Console's."""
    found = {key.id: key for key in keys_of(screen, why_not)}
    for binding_id in binding_ids:
        if binding_id in found:
            key = found[binding_id]
            yield Hint(key.keys[0], key.label, key.is_possible)


def keys_of(screen: Screen[Any], why_not: Callable[[str], str]) -> list[KeyHelp]:
    """All that do something on it, each once, with every key that it has."""
    by_action: dict[tuple[str, str], KeyHelp] = {}
    for key, active in screen.active_bindings.items():
        binding = active.binding
        if not binding.id:
            continue  # Textual's own.
        known = by_action.get((binding.id or "", binding.action))
        keys = (*known.keys, key) if known is not None else (key,)
        by_action[binding.id or "", binding.action] = KeyHelp(
            keys,
            active.tooltip or binding.description,
            binding.id or "",
            _taker(active.node),
            active.enabled and not why_not(binding.id or ""),
            binding.description,
        )
    return list(by_action.values())


def _taker(node: DOMNode) -> Taker:
    return "app" if isinstance(node, App) else "screen" if isinstance(node, Screen) else "rows"
