"""Server-sent events as bytes (HTML Living Standard, section 9.2), and the ids from which a stream is taken up again."""

from collections.abc import Mapping
from typing import Final

import msgspec

HEARTBEAT: Final = b": beat\n\n"
_LONGEST_ID: Final = 400

encode: Final = msgspec.json.Encoder().encode


def event(name: str, data: bytes, event_id: str = "") -> bytes:
    """data: JSON on one line, as access lines and all we encode are."""
    id_line = b"id: %b\n" % event_id.encode() if event_id else b""
    return b"event: %b\n%bdata: %b\n\n" % (name.encode(), id_line, data)


def write_id(epoch: str, places: Mapping[str, str]) -> str:
    """How far each topic has been told, and of which supervisor's counting."""
    return ";".join([epoch, *(f"{topic}={place}" for topic, place in places.items() if place)])


def read_id(text: str) -> tuple[str, dict[str, str]]:
    """The inverse; of anything else an epoch that nobody has."""
    epoch, *parts = text[:_LONGEST_ID].split(";")
    places = dict(part.split("=", 1) for part in parts if "=" in part)
    return epoch, places
