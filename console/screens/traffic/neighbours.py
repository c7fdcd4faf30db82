"""Lists of requests, so that a screen about one of them can go on to the next."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable


@runtime_checkable
class ListsRequests(Protocol):
    """A screen that shows many."""

    def request_ids(self) -> Sequence[str]:
        """In the order in which they are shown, from top to bottom."""
        ...
