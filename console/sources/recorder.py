"""Writes down what a source brings, in a thread of its own: a slow disk holds up nobody who types."""

import atexit
import queue
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from importlib.metadata import version
from typing import Final

import msgspec

from console.client.problems import WrongUsage
from console.sources.recording import (
    MOST_BYTES,
    Line,
    header_of,
    is_question,
    line_of,
    may_be_kept,
    name_of_question,
    open_to_write,
)
from console.state.messages import Answered, Event, Linked, Message, Request, Response
from console.state.model import Model
from console.state.reading import STATUS
from gateway.wire.live import HelloEvent
from gateway.wire.views import StatusView

_WAITING: Final = 2_000
"""Messages; more than a disk that hangs leaves in a minute."""
_HELD: Final = 50
"""Messages that wait for the gateway to say which version it is."""
_CLOSE_S: Final = 5.0
_FLUSH_S: Final = 5.0
"""So much is lost at most when the console is killed."""


class Recorder:
    """One recording. `take` is called with each message; it never waits. `over` says why no more is written."""

    def __init__(self, file: str, most_bytes: int = MOST_BYTES) -> None:
        """Raises WrongUsage if the file cannot be made, or is there already."""
        self.file = file
        self.over = ""
        self.bytes = 0
        self.lines = -1  # The header is none of them.
        self._most_bytes = most_bytes
        self._started_s: float | None = None
        self._latest_t = 0.0
        self._held: list[bytes] = []
        self._has_header = False
        self._waiting: queue.Queue[bytes | None] = queue.Queue(_WAITING)
        try:
            self._opened = open_to_write(file)
        except OSError as error:
            raise WrongUsage(f"{file} cannot be written: {error.strerror}") from error
        self._writer = threading.Thread(target=self._write, name="recorder", daemon=True)
        self._writer.start()

    def begin(self, model: Model) -> None:
        """Write down what is known already, as if it had just come."""
        if model.now_s:
            for message in messages_of(model):
                self.take(model.now_s, message)

    def take(self, at_s: float, message: Message) -> None:
        if self.over:
            return
        line = line_of(self._t(at_s), message)
        if line is not None:
            self._put(line, _status_in(message))

    def take_answer(self, at_s: float, request: Request, response: Response) -> None:
        """Of a question that was asked once; other calls are no part of a recording."""
        if not self.over and response.is_ok and is_question(request) and may_be_kept(request):
            try:
                body = msgspec.json.format(response.body, indent=-1)
            except msgspec.DecodeError:
                return
            name = name_of_question(request)
            self._put(Line(t=round(self._t(at_s), 3), kind="answer", of=name, data=msgspec.Raw(body)), None)

    def _t(self, at_s: float) -> float:
        if self._started_s is None:
            self._started_s = at_s
        # The clock of the machine may be put back; a recording's does not run backwards.
        self._latest_t = max(self._latest_t, at_s - self._started_s)
        return self._latest_t

    def _put(self, line: Line, status: StatusView | None) -> None:
        self._held.append(msgspec.json.encode(line) + b"\n")
        if not self._has_header and (status is not None or len(self._held) >= _HELD):
            self._put_header(status)
        if self._has_header:
            self._put_held()

    def end(self) -> None:
        """No more is taken. What waits is written meanwhile, and where the program ends before, it waits for that a little."""
        if not self._has_header and not self.over:
            self._put_header(None)
            self._put_held()
        self._stop("")
        if self._writer.is_alive():
            _ = atexit.register(self._writer.join, _CLOSE_S)

    def close(self) -> str:
        """End the recording and wait until it is written, some seconds at most; a sentence about it."""
        self.end()
        self._writer.join(_CLOSE_S)
        atexit.unregister(self._writer.join)
        return self.over or f"recorded {self.lines} messages to {self.file}"

    def _put_header(self, status: StatusView | None) -> None:
        gateway, service = ("", "") if status is None else (status.version, status.service_name)
        header = header_of(self._started_s or 0.0, version("sightline"), gateway, service)
        self._held.insert(0, msgspec.json.encode(header) + b"\n")
        self._has_header = True

    def _put_held(self) -> None:
        held, self._held = self._held, []
        for line in held:
            self.bytes += len(line)
            if self.bytes > self._most_bytes:
                size = f"{self._most_bytes / (1 << 20):g} MiB"
                self._stop(f"the recording is {size} long and ends here: {self.file} holds {self.lines} messages")
                return
            try:
                self._waiting.put_nowait(line)
            except queue.Full:
                self._stop(f"{self.file} is written too slowly: the recording ends after {self.lines} messages")
                return
            self.lines += 1

    def _stop(self, why: str) -> None:
        self.over = self.over or why
        # The writer ends when it has written what waits; if it does not even take this, it hangs and ends with the program.
        with suppress(queue.Full):
            self._waiting.put_nowait(None)

    def _write(self) -> None:
        try:
            with self._opened:
                flushed_s = time.monotonic()
                while (line := self._waiting.get()) is not None:
                    self._opened.write(line)
                    # Seldom: what is compressed in small pieces hardly is.
                    if time.monotonic() - flushed_s > _FLUSH_S:
                        self._opened.flush()
                        flushed_s = time.monotonic()
        except OSError as error:
            self.over = f"{self.file} cannot be written any more: {error.strerror}"


def _status_in(message: Message) -> StatusView | None:
    if isinstance(message, Answered) and isinstance(message.view, StatusView):
        return message.view
    if isinstance(message, Event) and message.name == "status":
        try:
            return msgspec.json.decode(message.data, type=StatusView)
        except msgspec.DecodeError:
            return None
    return None


def messages_of(model: Model) -> Iterator[Message]:
    """What would bring another model to where this one is."""

    def event(name: str, value: object) -> Event:
        return Event(name, msgspec.json.encode(value).decode())

    if model.status is not None:
        yield Answered(STATUS, model.status)
    for tick in model.ticks:
        yield event("history", tick)
    for incident in model.incidents:
        yield event("incidents", incident)
    for reading, answer in model.answers():
        if answer.view is not None:
            yield Answered(reading, answer.view)
    if model.tail.filter is not None:
        yield event("hello", HelloEvent(1, ("exchanges",), model.tail.filter, 0, ""))
        for row in model.tail.rows:
            yield Event("exchange", row.text)
    yield Linked(model.link.state, model.link.problem)
