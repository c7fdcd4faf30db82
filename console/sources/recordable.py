"""A source that can be recorded while it runs."""

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from console.sources.source import Source, Take
from console.state.messages import Message, Request, Response, TailWanted
from console.state.model import Model
from console.state.reading import AnyReading

if TYPE_CHECKING:
    from console.sources.recorder import Recorder


class Recordable:
    """Implements Source: another one, with a recorder beside it where somebody wants one."""

    def __init__(self, source: Source, recorder: "Recorder | None" = None) -> None:
        self.recorder = recorder
        self.notice: Callable[[str], None] = lambda _text: None
        """Told when a recording ends by itself, and why."""
        self._source = source
        self._told_s = 0.0
        """The time of the newest message: answers come in its order."""
        self._take: Take = lambda _at_s, _message: None

    @property
    def can_act(self) -> bool:
        return self._source.can_act

    def record(self, file: str, model: Model) -> None:
        """Begin, with what is known. Raises WrongUsage."""
        from console.sources.recorder import Recorder  # noqa: PLC0415 - most consoles record nothing

        recorder = Recorder(file)
        recorder.begin(model)
        self._leave_recording()
        self.recorder = recorder

    async def stop_recording(self) -> str:
        """A sentence about the recording that has ended, once it is written; empty where there was none."""
        recorder, self.recorder = self.recorder, None
        # A disk may take its time, and whoever types does not wait for it.
        return await asyncio.to_thread(recorder.close) if recorder is not None else ""

    def _leave_recording(self) -> None:
        """What it holds is written, and nobody waits for it."""
        recorder, self.recorder = self.recorder, None
        if recorder is not None:
            recorder.end()

    async def run(self, take: Take) -> None:
        self._take = take
        try:
            await self._source.run(self._both)
        finally:
            self._leave_recording()

    def want(self, readings: Iterable[AnyReading], tail: TailWanted | None) -> None:
        self._source.want(readings, tail)

    def refetch(self) -> None:
        self._source.refetch()

    def keep_pace(self, slowness: float) -> None:
        self._source.keep_pace(slowness)

    async def ask(self, request: Request) -> Response:
        response = await self._source.ask(request)
        if self.recorder is not None:
            self.recorder.take_answer(self._told_s or time.time(), request, response)
        return response

    def _both(self, at_s: float, message: Message) -> None:
        self._told_s = at_s
        if self.recorder is not None:
            self.recorder.take(at_s, message)
            if self.recorder.over:
                self.notice(self.recorder.over)
                self._leave_recording()
        self._take(at_s, message)
