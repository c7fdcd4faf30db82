"""All that a console knows. Messages come in by `take`, screens and commands read; nothing here waits or draws."""

from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar, cast

import msgspec

from console.state.endpoint_counts import EndpointCounts
from console.state.inside.log_book import LogBook
from console.state.link import Link
from console.state.messages import Answered, Event, Failed, Linked, Message, Sought, TailFailed
from console.state.pulse import Pulse
from console.state.reading import GATEWAY_PAST, AnyReading, Reading
from console.state.reading import INCIDENTS as INCIDENTS_PAST
from console.state.tail import Tail
from console.state.times import checked, wrong_time
from gateway.wire.changes import IncidentListView, IncidentView
from gateway.wire.history import HistoryTickView, HistoryView, SeriesPointView
from gateway.wire.live import CountsEvent, HelloEvent, InFlightListView, LostEvent
from gateway.wire.logs import LogListView, LogRecordView
from gateway.wire.upstream_views import UpstreamListView
from gateway.wire.views import StatusView

V = TypeVar("V")

TICKS: Final = 300
INCIDENTS: Final = 500
ANSWERS: Final = 64
"""Readings that are kept: those of the screens visited last."""

WINDOWS_S: Final = (60, 300, 900, 3_600, 21_600)
"""That an operator can choose from."""


_DENIED: Final = frozenset({401, 403})
_LEAST_LATE_S: Final = 15.0
_TURNS_LATE: Final = 12.0
"""An answer that is so much older than the newest, in turns in which it would have been asked for again, is not asked for any more:
who looks elsewhere asks at a tenth of the pace."""


class Answer(msgspec.Struct, Generic[V], frozen=True):
    """What is known of a reading. A failure leaves the view that was there: nothing is ever blanked by one."""

    view: V | None
    at_s: float
    """When the view came; 0 where none did."""
    problem: str = ""
    """Why the newest try gave none; empty if it did."""
    status: int = 0
    """Of the newest try, where it was refused."""


class Model:
    """One gateway as the console knows it. All times are Unix seconds of the console's clock, or of a recording's."""

    def __init__(self) -> None:
        self.now_s = 0.0
        """Set by whoever feeds this model, before each `take` and before anything is shown."""
        self.link = Link()
        self.status: StatusView | None = None
        self.ticks: deque[HistoryTickView] = deque(maxlen=TICKS)
        self.pulse = Pulse()
        """The ticks by series."""
        self.endpoint_counts = EndpointCounts()
        self.incidents: deque[IncidentView] = deque(maxlen=INCIDENTS)
        self.in_flight: InFlightListView | None = None
        self.logs = LogBook()
        self.tail = Tail()
        self.tail_problem = ""
        """Why the gateway does not let its traffic be followed; empty while it does."""
        self.window_s = 300
        self.at_s: int | None = None
        """The moment that is looked at; None for now."""
        self.not_understood = 0
        """Events that were no JSON, or not of the shape this console knows."""
        self.denied = ""
        """Why the gateway tells nothing, in its words, where it was asked without the right to; empty once it tells anything."""
        self.version = 0
        """Grows with every message, so that nobody draws what has been drawn."""
        self._answers: OrderedDict[AnyReading, Answer[Any]] = OrderedDict()
        self._answered_s = 0.0
        """When the newest of them came."""

    def take(self, message: Message) -> None:
        """A message of a source."""
        self.version += 1
        message = _understood(message)
        match message:
            case Event():
                self._heard()
                self._take_event(message)
            case Answered():
                if not message.reading.is_aside:
                    self._heard()
                self._keep(message.reading, Answer(message.view, self.now_s))
                self._take_past(message)
            case Failed():
                known = self._answers.get(message.reading, Answer(None, 0.0))
                answer = Answer(known.view, known.at_s, message.problem, message.status)
                self._keep(message.reading, answer)
                if message.status in _DENIED:
                    self.denied = f"{message.status}: {message.problem}"
            case TailFailed():
                self.tail_problem = message.problem
            case Sought():
                self._forget()
            case Linked():
                retry_at_s = self.now_s + message.retry_s if message.retry_s else 0.0
                self.link = msgspec.structs.replace(
                    self.link, state=message.state, problem=message.problem, retry_at_s=retry_at_s
                )

    def still(self) -> "Model":
        """As it is now, for as long as somebody wants to look at it."""
        still = Model()
        vars(still).update(vars(self))
        still.ticks, still.incidents = self.ticks.copy(), self.incidents.copy()
        still.pulse, still.endpoint_counts = self.pulse.still(), self.endpoint_counts.still()
        still.tail, still.logs = self.tail.still(), self.logs.still()
        still._answers = self._answers.copy()
        return still

    def fill(self, message: Message) -> None:
        """Take what was not known at all yet: what a screen opened over a still model asks for."""
        message = _understood(message)
        if not isinstance(message, Answered | Failed) or self.view(message.reading) is not None:
            return
        self.version += 1
        if isinstance(message, Answered):
            self._keep(message.reading, Answer(message.view, self.now_s))
        else:
            self._keep(message.reading, Answer(None, 0.0, message.problem, message.status))

    def latest(self, view: type[V]) -> V | None:
        """The newest answer of this type, whatever its window: for names that are wanted now."""
        found = [
            answer for reading, answer in self._answers.items() if reading.view is view and answer.view is not None
        ]
        return max(found, key=lambda answer: answer.at_s).view if found else None

    def answers(self) -> list[tuple[AnyReading, Answer[Any]]]:
        """All that was asked and is still known, what was asked longest ago first."""
        return list(self._answers.items())

    def get(self, reading: Reading[V]) -> Answer[V]:
        """What is known of it, which may be nothing."""
        answer = self._answers.get(reading)
        return cast("Answer[V]", answer) if answer is not None else Answer(None, 0.0)

    def view(self, reading: Reading[V]) -> V | None:
        """The newest view of it, however old."""
        return self.get(reading).view

    def evidence(self, reading: Reading[V]) -> V | None:
        """The same as long as it is kept up to date: what a screen asked for that was left since tells nothing of now."""
        answer = self.get(reading)
        late_s = max(_LEAST_LATE_S, _TURNS_LATE * reading.every_s)
        return answer.view if self._answered_s - answer.at_s <= late_s else None

    def _forget(self) -> None:
        """Nothing is known any more but what the operator chose."""
        self.link, self.status, self.in_flight = Link(), None, None
        self.ticks.clear()
        self.incidents.clear()
        self.pulse, self.endpoint_counts = Pulse(), EndpointCounts()
        self.tail, self.tail_problem, self.logs = Tail(), "", LogBook()
        self._answers.clear()
        self._answered_s = 0.0

    def _take_past(self, answered: Answered) -> None:
        """An answer that also tells what the stream told before anybody listened."""
        view = answered.view
        if isinstance(view, StatusView):
            self.status = view
        elif isinstance(view, LogListView):
            self.logs.merge(view)
        elif answered.reading == INCIDENTS_PAST:
            self._merge_incidents(view)
        elif answered.reading == GATEWAY_PAST:
            self._merge_ticks(view)
        elif isinstance(view, UpstreamListView) and view.at is None:
            self.endpoint_counts.take(view, self.now_s)

    def _merge_incidents(self, view: IncidentListView) -> None:
        known = {(incident.at, incident.id) for incident in self.incidents}
        missing = [incident for incident in view.incidents if (incident.at, incident.id) not in known]
        if missing:
            merged = sorted((*self.incidents, *missing), key=lambda incident: (incident.at, incident.id))
            self.incidents = deque(merged, maxlen=INCIDENTS)

    def _merge_ticks(self, view: HistoryView) -> None:
        known = {tick.at for tick in self.ticks}
        # The newest step may not be over yet; the stream tells it when it is.
        missing = [
            HistoryTickView(at=point.at, series=[SeriesPointView(kind="gateway", name="", point=point)])
            for point in view.points[:-1]
            if point.at not in known
        ]
        if missing:
            self.ticks = deque(sorted((*self.ticks, *missing), key=lambda tick: tick.at), maxlen=TICKS)

    def _heard(self) -> None:
        self.denied = ""
        self.link = msgspec.structs.replace(self.link, state="live", problem="", heard_at_s=self.now_s)

    def _keep(self, reading: AnyReading, answer: Answer[Any]) -> None:
        self._answers[reading] = answer
        self._answers.move_to_end(reading)
        self._answered_s = max(self._answered_s, answer.at_s)
        while len(self._answers) > ANSWERS:
            self._answers.popitem(last=False)

    def _take_event(self, event: Event) -> None:
        taker = _EVENTS.get(event.name)
        if taker is not None:
            try:
                taker(self, event.data)
            except msgspec.DecodeError:
                self.not_understood += 1


def _understood(message: Message) -> Message:
    """An answer with a time that is none counts as none: what was known before stays, and why is said."""
    if isinstance(message, Answered) and (problem := wrong_time(message.view)):
        return Failed(message.reading, 0, f"the answer is not what this console knows: {problem}")
    return message


def _decoded(data: str, kind: type[V]) -> V:
    return checked(msgspec.json.decode(data, type=kind))


def _take_status(model: Model, data: str) -> None:
    model.status = _decoded(data, StatusView)


def _take_tick(model: Model, data: str) -> None:
    tick = _decoded(data, HistoryTickView)
    model.pulse.take(tick)
    if model.ticks and model.ticks[-1].at == tick.at:
        model.ticks.pop()
    model.ticks.append(tick)


def _take_incident(model: Model, data: str) -> None:
    incident = _decoded(data, IncidentView)
    if not any(incident.id == known.id and incident.at == known.at for known in model.incidents):
        model.incidents.append(incident)


def _take_in_flight(model: Model, data: str) -> None:
    model.in_flight = _decoded(data, InFlightListView)


def _take_lost(model: Model, data: str) -> None:
    lost = _decoded(data, LostEvent)
    if lost.topic == "logs":
        model.logs.lose(lost.count)
    else:
        model.tail.lose(lost)


def _take_hello(model: Model, data: str) -> None:
    hello = _decoded(data, HelloEvent)
    if "exchanges" in hello.topics:
        model.tail.begin(hello, model.now_s)
        model.tail_problem = ""


_EVENTS: Final[dict[str, Callable[[Model, str], None]]] = {
    "status": _take_status,
    "history": _take_tick,
    "incidents": _take_incident,
    "inflight": _take_in_flight,
    "hello": _take_hello,
    "exchange": lambda model, data: model.tail.add(data, model.now_s),
    "counts": lambda model, data: model.tail.count(_decoded(data, CountsEvent), model.now_s),
    "logs": lambda model, data: model.logs.add(_decoded(data, LogRecordView)),
    "lost": _take_lost,
}
"""Events this console knows; a newer gateway may tell of more."""
