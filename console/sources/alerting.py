"""A source with alerts beside it: Prometheus and Alertmanager are asked while a screen shows what they say."""

import asyncio
import time
from collections.abc import Iterable
from typing import Final, TypeVar

import aiohttp
import msgspec

from console.sources.source import Source, Take
from console.state.alerting.alerts import ALERTS, MOST, SILENCES, AlertList
from console.state.alerting.merging import ManagedAlert, PrometheusAlert, Silence, brought_together
from console.state.messages import Answered, Message, Request, Response, TailWanted
from console.state.reading import AnyReading

T = TypeVar("T")

_ANSWER_S: Final = 5.0
_MOST_BYTES: Final = 8 * 1024 * 1024
_OK: Final = 200


class _Data(msgspec.Struct):
    alerts: list[PrometheusAlert]


class _PrometheusAnswer(msgspec.Struct):
    data: _Data


class Alerting:
    """Implements Source: everything but alerts and silences is the inner source's. Where neither URL is given, the list of
    alerts says that nobody was asked."""

    def __init__(self, inner: Source, prometheus: str | None, alertmanager: str | None) -> None:
        self._inner = inner
        self._prometheus = prometheus.rstrip("/") if prometheus else None
        self._alertmanager = alertmanager.rstrip("/") if alertmanager else None
        self._wants = asyncio.Event()
        self._is_due = asyncio.Event()
        self._slowness = 1.0
        self._take: Take = lambda _at_s, _message: None

    @property
    def can_act(self) -> bool:
        return self._inner.can_act

    async def run(self, take: Take) -> None:
        self._take = take
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._inner.run(take))
            tasks.create_task(self._ask_again())

    def want(self, readings: Iterable[AnyReading], tail: TailWanted | None) -> None:
        wanted = list(readings)
        if ALERTS not in wanted:
            self._wants.clear()
        elif not self._wants.is_set():
            self._wants.set()
            self._is_due.set()
        self._inner.want([reading for reading in wanted if reading != ALERTS], tail)

    def refetch(self) -> None:
        self._is_due.set()
        self._inner.refetch()

    def keep_pace(self, slowness: float) -> None:
        self._slowness = slowness
        self._inner.keep_pace(slowness)

    async def ask(self, request: Request) -> Response:
        if request.path != SILENCES:
            return await self._inner.ask(request)
        if self._alertmanager is None:
            return Response(0, problem="no Alertmanager is configured (alertmanager: in contexts.yaml)")
        url = f"{self._alertmanager}/api/v2/silences"
        fields = {"Content-Type": request.content_type}
        try:
            async with (
                asyncio.timeout(_ANSWER_S),
                aiohttp.ClientSession() as session,
                session.post(url, data=request.body, headers=fields) as answer,
            ):
                body = await _body(answer)
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            return Response(0, problem=f"Alertmanager: {_text(error)}")
        self._is_due.set()
        if answer.status == _OK:
            return Response(answer.status, body)
        return Response(answer.status, body, f"Alertmanager refuses: {body[:200].decode(errors='replace').strip()}")

    def _tell(self, message: Message) -> None:
        self._take(time.time(), message)

    async def _ask_again(self) -> None:
        async with aiohttp.ClientSession() as session:
            while True:
                await self._wants.wait()
                self._is_due.clear()
                self._tell(Answered(ALERTS, await self._alerts(session)))
                try:
                    async with asyncio.timeout(ALERTS.every_s * self._slowness):
                        await self._is_due.wait()
                except TimeoutError:
                    pass

    async def _alerts(self, session: aiohttp.ClientSession) -> AlertList:
        asked, problems = list[str](), list[str]()

        async def read(who: str, url: str, view: type[T], nothing: T) -> T:
            try:
                return await _fetched(session, url, view)
            except (aiohttp.ClientError, OSError, TimeoutError, ValueError, msgspec.DecodeError) as error:
                if not any(problem.startswith(who) for problem in problems):
                    problems.append(f"{who}: {_text(error)}")
                return nothing

        ours, managed, silences = list[PrometheusAlert](), list[ManagedAlert](), list[Silence]()
        if self._prometheus is not None:
            asked.append("Prometheus")
            url = f"{self._prometheus}/api/v1/alerts"
            ours = (await read("Prometheus", url, _PrometheusAnswer, _PrometheusAnswer(_Data([])))).data.alerts
        if self._alertmanager is not None:
            asked.append("Alertmanager")
            managed, silences = await asyncio.gather(
                read("Alertmanager", f"{self._alertmanager}/api/v2/alerts", list[ManagedAlert], managed),
                read("Alertmanager", f"{self._alertmanager}/api/v2/silences?active=true", list[Silence], silences),
            )
        found = brought_together(ours, managed, silences)
        return AlertList(alerts=found[:MOST], asked=asked, problems=problems, left_out=max(0, len(found) - MOST))


async def _fetched(session: aiohttp.ClientSession, url: str, view: type[T]) -> T:
    """Raises what can go wrong on the way, and ValueError for what is no such answer."""
    async with asyncio.timeout(_ANSWER_S), session.get(url) as answer:
        body = await _body(answer)
        if answer.status != _OK:
            raise ValueError(f"it answers {answer.status}")
    return msgspec.json.decode(body, type=view)


async def _body(answer: aiohttp.ClientResponse) -> bytes:
    body = await answer.content.read(_MOST_BYTES)
    while len(body) < _MOST_BYTES and (more := await answer.content.read(_MOST_BYTES - len(body))):
        body += more
    if not answer.content.at_eof():
        raise ValueError(f"its answer is larger than {_MOST_BYTES} bytes")
    return body


def _text(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "it takes too long to answer"
    return str(error) or type(error).__name__
