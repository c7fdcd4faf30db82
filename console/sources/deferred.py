"""A source that takes its time to load: that is done when it runs, so that something is to be seen before."""

import asyncio
from collections.abc import Callable, Iterable

from console.sources.source import Source, Take
from console.state.messages import Request, Response, TailWanted
from console.state.reading import AnyReading


class Deferred:
    """Implements Source. load: makes the other one, on a thread of its own."""

    def __init__(self, load: Callable[[], Source], *, can_act: bool = True) -> None:
        self._load = load
        self._source: Source | None = None
        self._wanted: tuple[tuple[AnyReading, ...], TailWanted | None] = (), None
        self._slowness = 1.0
        self._can_act = can_act

    @property
    def can_act(self) -> bool:
        return self._can_act if self._source is None else self._source.can_act

    async def run(self, take: Take) -> None:
        source = self._source = await asyncio.to_thread(self._load)
        source.keep_pace(self._slowness)
        source.want(*self._wanted)
        await source.run(take)

    def want(self, readings: Iterable[AnyReading], tail: TailWanted | None) -> None:
        self._wanted = tuple(readings), tail
        if self._source is not None:
            self._source.want(*self._wanted)

    def refetch(self) -> None:
        if self._source is not None:
            self._source.refetch()

    def keep_pace(self, slowness: float) -> None:
        self._slowness = slowness
        if self._source is not None:
            self._source.keep_pace(slowness)

    async def ask(self, request: Request) -> Response:
        if self._source is None:
            return Response(0, problem="not connected yet")
        return await self._source.ask(request)
