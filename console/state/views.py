"""Saved views: a filter, an order and a window of one screen, under a name."""

from collections.abc import Sequence
from typing import Final

import msgspec

VIEWS: Final = 100
"""So many are kept; with another the oldest goes."""


class SavedView(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`screen` as in the command bar."""

    name: str
    screen: str
    filter: str = ""
    sort: str = ""
    is_reversed: bool = False
    window_s: int = 0
    """0 for whichever is chosen."""


def with_view(views: Sequence[SavedView], view: SavedView) -> list[SavedView]:
    """Another one; it takes the place of one of the same name and screen."""
    return [*without_view(views, view.screen, view.name), view][-VIEWS:]


def without_view(views: Sequence[SavedView], screen: str, name: str) -> list[SavedView]:
    return [each for each in views if (each.screen, each.name) != (screen, name)]


def of_screen(views: Sequence[SavedView], screen: str) -> list[SavedView]:
    return [each for each in views if each.screen == screen]
