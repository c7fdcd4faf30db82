"""Server-sent events as a client reads them (HTML Living Standard, section 9.2.6), without any code of ours."""

from typing import NamedTuple


class Event(NamedTuple):
    name: str
    data: str
    id: str


def parse_events(stream: bytes) -> list[Event]:
    """The whole events of a stream; comments and what has no data are left out. The id is the last that was set."""
    events, last_id = [], ""
    for block in stream.decode().split("\n\n"):
        fields: dict[str, list[str]] = {}
        for line in block.split("\n"):
            name, _, value = line.partition(":")
            fields.setdefault(name, []).append(value.removeprefix(" "))
        last_id = fields.get("id", [last_id])[-1]
        if "data" in fields:
            events.append(Event(fields.get("event", ["message"])[-1], "\n".join(fields["data"]), last_id))
    return events
