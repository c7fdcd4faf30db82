"""A recording as a source: it tells what was told, by the clock of then, and answers from what was answered."""

import asyncio
import time
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Final

import msgspec

from console.sources.archive import Archive, Found, Seen
from console.sources.decoding import decode_gently
from console.sources.recording import Line, is_question, name_of_question
from console.sources.source import Take
from console.state.messages import (
    Answered,
    Event,
    Failed,
    Linked,
    Message,
    Request,
    Response,
    Sought,
    TailFailed,
    TailWanted,
)  # fmt: skip
from console.state.model import INCIDENTS, TICKS
from console.state.reading import AnyReading
from gateway.wire.filter import Predicate, compile_filter, parse_filter, render
from gateway.wire.live import CountsEvent, HelloEvent

_TURN_S: Final = 0.1
_CLOCK_S: Final = 0.5
"""How often the time is told where nothing else is: ages go on while the recorded gateway is silent."""
_OK: Final = 200


class _Tail:
    """A tail that is followed in a recording: what its filter takes, and its counts since it began."""

    def __init__(self, wanted: TailWanted, archive: Archive) -> None:
        """Raises ValueError for what is no filter."""
        expression = parse_filter(wanted.filter)
        self._wanted = wanted
        self._archive = archive
        self._filter = render(expression)
        self._takes: Predicate = compile_filter(expression)
        self._seen = self._scanned = self._matched = 0
        self._estimated = 0.0

    def begin(self, t: float) -> Iterator[Event]:
        """The last few before that moment."""
        yield _event("hello", HelloEvent(1, ("exchanges",), self._filter, self._wanted.rate, "recording"))
        self._seen = self._archive.seen_at(t)
        before = [seen for seen in self._archive.exchanges[: self._seen] if self._takes(seen.line)]
        for seen in before[-self._wanted.last :] if self._wanted.last else []:
            yield _exchange(seen, is_replay=True)

    def go_on(self, t: float) -> Iterator[Event]:
        """Those up to that moment that have not been told."""
        until = self._archive.seen_at(t)
        for seen in self._archive.exchanges[self._seen : until]:
            self._scanned += 1
            if self._takes(seen.line):
                self._matched += 1
                self._estimated += seen.weight
                yield _exchange(seen, is_replay=False)
        self._seen = max(self._seen, until)

    def counts(self) -> Event:
        matched = self._matched
        counts = CountsEvent(
            scanned=self._scanned, matched=matched, estimated=self._estimated, shown=matched, sampled_out=0, lost=0,
            lost_weight=0.0,
        )  # fmt: skip
        return _event("counts", counts)


def _event(name: str, value: object) -> Event:
    return Event(name, msgspec.json.encode(value).decode())


def _exchange(seen: Seen, *, is_replay: bool) -> Event:
    replay = b',"replay":true' if is_replay else b""
    return Event("exchange", (b'{"weight":%g%b,"exchange":%b}' % (seen.weight, replay, seen.raw)).decode())


class RecordedSource:
    """Implements Source and Player. Times are Unix seconds of the recording."""

    can_act: Final = False

    def __init__(self, archive: Archive, *, speed: float = 1.0, start_t: float = 0.0) -> None:
        """start_t: seconds from its beginning."""
        self.speed = speed
        self.is_paused = False
        self._archive = archive
        self._lines = archive.recording.lines
        self._start_s = archive.recording.header.started_s
        self._t = min(max(0.0, start_t), archive.recording.ends_s)
        self._next = 0
        """Of the lines, the first that is still to come."""
        self._sought: float | None = self._t
        self._wanted: dict[AnyReading, float | None] = {}
        """When the answer that was told came; None before any."""
        self._tail: TailWanted | None = None
        self._following: _Tail | None = None
        self._told_s = 0.0
        self._answered_s = 0.0
        self._link = Linked("connecting")
        self._retry_t = 0.0
        self._wake = asyncio.Event()
        self._take: Take = lambda _at_s, _message: None

    @property
    def now_s(self) -> float:
        return self._start_s + self._t

    @property
    def ends_s(self) -> float:
        return self._start_s + self._archive.recording.ends_s

    async def run(self, take: Take) -> None:
        self._take = take
        began_s = time.monotonic()
        while True:
            self._wake.clear()
            if self._sought is not None:
                self._go_to(self._sought)
            elif not self.is_paused:
                self._go_on((time.monotonic() - began_s) * self.speed)
            began_s = time.monotonic()
            self._tell_tail()
            await self._answer()
            with suppress(TimeoutError):
                async with asyncio.timeout(_TURN_S):
                    await self._wake.wait()

    def want(self, readings: Iterable[AnyReading], tail: TailWanted | None) -> None:
        self._wanted = {reading: self._wanted.get(reading) for reading in readings}
        if tail != self._tail:
            self._tail, self._following = tail, None
        self._wake.set()

    def refetch(self) -> None:
        self._wanted = dict.fromkeys(self._wanted)
        self._wake.set()

    def keep_pace(self, slowness: float) -> None:
        """Playing costs the same at any pace."""

    async def ask(self, request: Request) -> Response:
        if is_question(request):
            found = self._archive.answer_to(name_of_question(request), self._t)
            return Response(found.status, found.body, found.problem)
        if request.method != "GET":
            return Response(0, problem="a recording cannot be acted upon")
        found = self._archive.at(request.path, dict(request.query), self._t)
        return Response(found.status, found.body, found.problem)

    def pause(self, *, is_paused: bool) -> None:
        """Stop the clock, or let it go on."""
        self.is_paused = is_paused
        self._wake.set()

    def seek(self, at_s: float) -> None:
        """Go on from another moment; from the nearest there is."""
        self._sought = min(max(at_s - self._start_s, 0.0), self._archive.recording.ends_s)
        self._wake.set()

    def _tell(self, message: Message) -> None:
        self._told_s = time.monotonic()
        self._take(self.now_s, message)

    def _go_on(self, by_s: float) -> None:
        until = self._t + by_s
        while self._next < len(self._lines) and self._lines[self._next].t <= until:
            line = self._lines[self._next]
            self._next += 1
            self._t = line.t
            self._play(line)
        if self._next < len(self._lines):
            self._t = until
            if time.monotonic() - self._told_s > _CLOCK_S:
                self._tell_link()
        elif self._link.state != "ended":
            self._note_link(Linked("ended", "the recording ends here"))
            self._tell_link()

    def _note_link(self, link: Linked) -> None:
        self._link, self._retry_t = link, self._t + link.retry_s

    def _tell_link(self) -> None:
        retry_s = max(0.0, self._retry_t - self._t) if self._link.retry_s else 0.0
        self._tell(Linked(self._link.state, self._link.problem, retry_s))

    def _go_to(self, t: float) -> None:
        """As if it had been heard from the beginning, but for what a model would have forgotten since."""
        self._sought, self._t = None, t
        self._next = bisect_right(self._lines, t, key=lambda line: line.t)
        self._tell(Sought())
        before = self._lines[: self._next]
        self._note_link(Linked("connecting"))
        events = [line for line in before if line.kind == "event"]
        for name, most in (("status", 1), ("incidents", INCIDENTS), ("history", TICKS)):
            for line in [line for line in events if line.of == name][-most:]:
                # Each at its own time, so that what is silent is seen to be.
                self._t = line.t
                self._play(line)
        for line in [line for line in before if line.kind == "link"][-1:]:
            self._t = line.t
            self._play(line)
        self._t = t
        self._wanted = dict.fromkeys(self._wanted)
        self._following = None
        self._tell_link()

    def _play(self, line: Line) -> None:
        if line.kind == "link":
            self._note_link(Linked(line.state, line.problem, line.retry_s))
            self._tell_link()
        elif line.kind == "event" and line.of not in {"exchange", "counts", "hello"}:
            if self._link.state != "live":
                self._note_link(Linked("live"))
            self._tell(Event(line.of, bytes(line.data).decode()))
        elif line.kind == "event" and line.of == "counts" and self._following is not None:
            self._tell(self._following.counts())

    def _tell_tail(self) -> None:
        if self._tail is None:
            return
        if self._following is not None:
            events = self._following.go_on(self._t)
        else:
            try:
                self._following = _Tail(self._tail, self._archive)
            except ValueError as error:
                self._tail = None
                self._tell(TailFailed(400, str(error)))
                return
            events = self._following.begin(self._t)
        for event in events:
            self._tell(event)

    async def _answer(self) -> None:
        """Each answer that is wanted and newer than the one that was told."""
        now_s = time.monotonic()
        is_due = now_s - self._answered_s > _CLOCK_S
        if is_due:
            self._answered_s = now_s
        for reading, told in list(self._wanted.items()):
            if told is not None and not is_due:
                continue
            found = self._archive.at(reading.path, dict(reading.query), self._t)
            if told is None or found.t > told:
                self._wanted[reading] = found.t
                self._tell_answer(await self._message(reading, found), found.t)

    async def _message(self, reading: AnyReading, found: Found) -> Answered | Failed:
        if found.status != _OK:
            return Failed(reading, found.status, found.problem)
        try:
            return Answered(reading, await decode_gently(found.body, reading.view), found.body)
        except msgspec.DecodeError as error:
            return Failed(reading, 0, f"the recorded answer is not what this console knows: {error}")

    def _tell_answer(self, message: Answered | Failed, t: float) -> None:
        if self._link.state == "live":
            self._tell(message)
        else:
            # It came when the gateway was still heard, and does not mean that it is.
            self._take(self._start_s + t, message)
            self._tell_link()
