"""Server-sent events out of bytes that come in pieces (WHATWG HTML, section 9.2)."""

from typing import Final, NamedTuple

MOST_BYTES: Final = 4 * 1024 * 1024
"""Of one event: twice what a gateway lets wait for one follower."""


class ServerEvent(NamedTuple):
    name: str
    data: str
    id: str


class EventReader:
    """Fed with bytes, gives the events that are whole. Raises ValueError for one that does not end within MOST_BYTES."""

    def __init__(self) -> None:
        self._pending = b""
        self._name, self._data, self._id = "message", list[str](), ""
        self._bytes = 0
        """Of the lines of an event that has not ended yet."""

    def feed(self, data: bytes) -> list[ServerEvent]:
        *lines, self._pending = (self._pending + data).split(b"\n")
        events = []
        for line in lines:
            text = line.decode("utf-8", "replace").removesuffix("\r")
            if text:
                self._bytes += len(line)
                self._take(text)
                continue
            if self._data:
                events.append(ServerEvent(self._name, "\n".join(self._data), self._id))
            self._name, self._data, self._bytes = "message", [], 0
        if len(self._pending) + self._bytes > MOST_BYTES:
            raise ValueError(f"an event is larger than {MOST_BYTES} bytes")
        return events

    def _take(self, text: str) -> None:
        field, _, value = text.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            self._name = value
        elif field == "data":
            self._data.append(value)
        elif field == "id":
            self._id = value
