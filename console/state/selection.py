"""What is selected on a screen, so that a key means the same for a route, an endpoint or an exchange."""

from typing import Final, Literal, TypeAlias

import msgspec

SelectionKind: TypeAlias = Literal[
    "route",
    "upstream",
    "endpoint",
    "exchange",
    "trace",
    "revision",
    "incident",
    "node",
    "worker",
    "objective",
    "alert",
    "log",
    "unmatched",
]


class Selection(msgspec.Struct, frozen=True):
    """`name` is the object's own: an endpoint's address, a request id, a sequence. The rest is what else is known of it."""

    kind: SelectionKind
    name: str
    route: str = ""
    upstream: str = ""
    endpoint: str = ""
    client: str = ""
    request_id: str = ""
    trace_id: str = ""

    @property
    def filter(self) -> str:
        """What picks its exchanges in the filter language; empty where nothing does."""
        if self.request_id:
            return f"req:{self.request_id}"
        if self.endpoint:
            return f"endpoint:{self.endpoint}"
        if self.upstream and not self.route:
            return f"upstream:{self.upstream}"
        return f"route:{self.route}" if self.route else ""


COMPARED: Final = "compared"
"""The filter of a page about one route that is to show it beside the window before."""


class Destination(msgspec.Struct, frozen=True):
    """A screen, what it is about, and the filter it opens with."""

    screen: str
    subject: str = ""
    filter: str = ""
