"""The requests of one route or endpoint that an operator would look at: those that failed, were slow or were tried again."""

import shlex
from typing import Final

from console.state import reading
from console.state.reading import Reading
from console.state.traffic.filtering import narrowed
from gateway.wire.views import ExchangeListView

WORTH_A_LOOK: Final = "err | slow | retried"
_MOST: Final = 60
_EVERY_S: Final = 5.0
"""They are read, not watched."""


def of_route(name: str) -> str:
    """As a filter."""
    return f"{narrowed('', 'route', name)} ({WORTH_A_LOOK})"


def of_endpoint(upstream: str, address: str) -> str:
    """As a filter."""
    return f"{narrowed(narrowed('', 'upstream', upstream), 'endpoint', address)} ({WORTH_A_LOOK})"


def newest(wanted: str) -> Reading[ExchangeListView]:
    """Of those that the gateway still has, the newest first. wanted: a filter."""
    return reading.exchanges(wanted, _MOST, _EVERY_S)


def twin_of(wanted: str) -> str:
    """The command that prints them."""
    return f"sightline tail --no-follow --last {_MOST} {shlex.quote(wanted)}"
