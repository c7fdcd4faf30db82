"""The requests of one route or endpoint that an operator would look at: those that failed, were slow or were tried again."""

import shlex
from collections.abc import Mapping
from typing import Final

from console.state import reading
from console.state.reading import Reading
from console.state.traffic.filtering import narrowed
from gateway.wire.views import ExchangeListView

WORTH_A_LOOK: Final = "err | slow | retried"
_MOST: Final = 60
_EVERY_S: Final = 5.0
"""They are read, not watched."""


def those_of(whose: Mapping[str, str]) -> str:
    """As a filter. whose: fields that tell them from others, such as route or upstream and endpoint, and their values."""
    text = ""
    for field, value in whose.items():
        text = narrowed(text, field, value)
    return f"{text} ({WORTH_A_LOOK})"


def newest(wanted: str) -> Reading[ExchangeListView]:
    """Of those that the gateway still has, the newest first. wanted: a filter."""
    return reading.exchanges(wanted, _MOST, _EVERY_S)


def twin_of(wanted: str) -> str:
    """The command that prints them."""
    return f"sightline tail --no-follow --last {_MOST} {shlex.quote(wanted)}"
