"""Server-sent events out of bytes that come in pieces (WHATWG HTML, section 9.2)."""

from typing import Final, NamedTuple

_MOST_PENDING: Final = 8 * 1024 * 1024


class ServerEvent(NamedTuple):
    name: str
    data: str
    id: str


class EventReader:
    """Fed with bytes, gives the events that are whole. Raises ValueError for a line that never ends."""

    def __init__(self) -> None:
        self._pending = b""
        self._name, self._data, self._id = "message", list[str](), ""

    def feed(self, data: bytes) -> list[ServerEvent]:
        *lines, self._pending = (self._pending + data).split(b"\n")
        if len(self._pending) > _MOST_PENDING:
            raise ValueError(f"an event is larger than {_MOST_PENDING} bytes")
        events = []
        for line in lines:
            text = line.decode("utf-8", "replace").removesuffix("\r")
            if text:
                self._take(text)
                continue
            if self._data:
                events.append(ServerEvent(self._name, "\n".join(self._data), self._id))
            self._name, self._data = "message", []
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
