"""What a filter can ask about: the fields of an exchange or of a log record, what kind of value each takes, and the macros."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final


class Kind(Enum):
    """How the values of a field are written and compared."""

    TEXT = "text, with * for any characters"
    METHOD = "a method such as GET"
    SOURCE = "gateway, upstream or client"
    REASON = "a reason such as connect_refused"
    ADDRESS = "an address, or a network such as 10.0.0.0/8"
    STATUS = "a status such as 404, 5xx, 400..404 or >499"
    DURATION = "a duration such as >500ms or 100ms..2s"
    SIZE = "a size such as >10KiB"
    COUNT = "a number such as >0 or 1..3"
    LEVEL = "debug, info, warning, error or critical"


FIELDS: Final[dict[str, Kind]] = {
    "route": Kind.TEXT,
    "upstream": Kind.TEXT,
    "endpoint": Kind.TEXT,
    "method": Kind.METHOD,
    "host": Kind.TEXT,
    "path": Kind.TEXT,
    "query": Kind.TEXT,
    "status": Kind.STATUS,
    "reason": Kind.REASON,
    "by": Kind.SOURCE,
    "client": Kind.ADDRESS,
    "proto": Kind.TEXT,
    "latency": Kind.DURATION,
    "overhead": Kind.DURATION,
    "ttfb": Kind.DURATION,
    "queue": Kind.DURATION,
    "connect": Kind.DURATION,
    "retries": Kind.COUNT,
    "size.req": Kind.SIZE,
    "size.res": Kind.SIZE,
    "trace": Kind.TEXT,
    "req": Kind.TEXT,
    "rev": Kind.TEXT,
    "hdr.user-agent": Kind.TEXT,
}
"""A step that an exchange did not have lasted 0; a text it does not have is empty."""

LATER: Final = frozenset({"node", "policy", "consumer"})
"""Fields of the language that no exchange has yet."""

MACROS: Final = {
    "err": "an error of the gateway or the upstream",
    "slow": "longer than the route's latency objective, or than 1 s without one",
    "retried": "more than one attempt",
    "cut": "the client left before the end",
    "sampled": "its trace was chosen when it began",
}

NUMERIC: Final = frozenset({Kind.STATUS, Kind.DURATION, Kind.SIZE, Kind.COUNT})

UNITS: Final[dict[Kind, dict[str, int]]] = {
    Kind.DURATION: {"us": 1, "ms": 1000, "s": 1_000_000, "m": 60_000_000},
    Kind.SIZE: {"": 1, "B": 1, "KiB": 1024, "MiB": 1024 * 1024, "GiB": 1024 * 1024 * 1024},
    Kind.COUNT: {"": 1},
    Kind.STATUS: {"": 1},
}
"""Factor of each unit: durations are counted in microseconds, sizes in bytes."""

PRINTED: Final[dict[Kind, tuple[str, ...]]] = {
    Kind.DURATION: ("s", "ms", "us"),
    Kind.SIZE: ("GiB", "MiB", "KiB", ""),
    Kind.COUNT: ("",),
    Kind.STATUS: ("",),
}
"""Units in which numbers are written down again: the first that divides."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What can be asked about one kind of thing. has_others: whether any other name is a field too, of text."""

    fields: Mapping[str, Kind]
    macros: Mapping[str, str]
    has_others: bool = False

    def kind_of(self, field: str) -> Kind | None:
        """None for what is no field."""
        return self.fields.get(field, Kind.TEXT if self.has_others else None)


EXCHANGES: Final = Vocabulary(FIELDS, MACROS)

LOGS: Final = Vocabulary(
    {"level": Kind.LEVEL, "event": Kind.TEXT, "logger": Kind.TEXT, "node": Kind.TEXT, "actor": Kind.TEXT},
    {"audit": "somebody did it", "err": "an error, or worse"},
    has_others=True,
)
"""Of records; a level stands for itself and all that are worse, a name that is not here for a field of the record."""
