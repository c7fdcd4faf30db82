"""One request: why this status, and where did the time go?"""

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from textual.binding import Binding, BindingType

from console.render.traffic.lines import BLANK, Line, sentence
from console.render.traffic.request import (
    chosen_line,
    not_kept_lines,
    request_lines,
    waiting_lines,
)
from console.render.traffic.tail_rows import is_slow
from console.render.traffic.verdicts import Known
from console.screens.traffic.asking import ExplainingScreen
from console.screens.traffic.neighbours import ListsRequests
from console.state import reading
from console.state.reading import ONCE, AnyReading
from console.state.selection import Destination, Selection
from console.state.traffic.selecting import route_traffic, selection_of
from gateway.wire.explain import ExplainRequest
from gateway.wire.live import AccessLine


class RequestScreen(ExplainingScreen):
    """`subject`: a request id, or a trace id."""

    NAME: ClassVar[str] = "request"
    IS_FILTERED: ClassVar[bool] = False
    HINTS: ClassVar[tuple[str, ...]] = (
        "back", "next_request", "request_before", "traces", "explain", "live", "raw", "copy_twin", "copy_id", "help",
    )  # fmt: skip
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("J", "neighbour(1)", "next request", id="next_request"),
        Binding("K", "neighbour(-1)", "one before", id="request_before"),
    ]

    def __init__(self, subject: str = "", filter_text: str = "") -> None:
        super().__init__(subject, filter_text)
        self._next_pivot = ""

    def readings(self) -> Sequence[AnyReading]:
        line, _ = self._line()
        return (reading.exchange(self.subject), *([_usual(line)] if line is not None and self._is_slow(line) else []))

    def _line(self) -> tuple[AccessLine | None, int]:
        """As the gateway keeps it, or else as the tail brought it; and how many its answer has."""
        line, number = chosen_line(self.model.view(reading.exchange(self.subject)), self.subject)
        if line is not None:
            return line, number
        rows = self.model.tail.rows
        return next((shown.line for shown in reversed(rows) if shown.line.request_id == self.subject), None), 0

    def question(self) -> ExplainRequest | None:
        return ExplainRequest(exchange=self.subject) if self.subject else None

    def lines(self, width: int) -> list[Line]:
        line, number = self._line()
        answer = self.model.get(reading.exchange(self.subject))
        if line is None:
            problem = answer.problem
            return not_kept_lines(self.subject, problem, width) if problem else waiting_lines(self.subject, width)
        known = Known(line, self.explanation, self._usual_p99(line))
        told = request_lines(known, width, others=max(0, number - 1), ascii_only=self.console.ascii_only)
        if self.problem:
            told += [BLANK, *sentence(f"which routes were looked at is not known: {self.problem}", width, "dim")]
        return told

    def _is_slow(self, line: AccessLine) -> bool:
        return bool(line.upstream) and is_slow(line, Known(line, self.explanation).slow_ms)

    def _usual_p99(self, line: AccessLine) -> float | None:
        view = self.model.view(_usual(line)) if self._is_slow(line) else None
        endpoints = view.endpoints if view is not None else []
        return next((each.recent.p99_ms for each in endpoints if each.address == line.endpoint), None)

    @property
    def selection(self) -> Selection | None:
        line, _ = self._line()
        return None if line is None else selection_of(line)

    def pivot_to(self, where: str) -> Destination | None:
        if where == "explain":
            return Destination("explain", self.subject)
        line, _ = self._line()
        return None if line is None else route_traffic(line, where)

    def action_pivot(self, where: str) -> None:
        """Who types faster than the gateway answers gets there as soon as it is known where that is."""
        if self.selection is None and where != "explain" and not self.model.get(reading.exchange(self.subject)).problem:
            self._next_pivot = where
            self.say("asking the gateway, then going there")
        else:
            super().action_pivot(where)

    def turn_to(self, subject: str) -> None:
        self._next_pivot = ""
        super().turn_to(subject)

    def show(self) -> None:
        super().show()
        if self._next_pivot and self.selection is not None:
            where, self._next_pivot = self._next_pivot, ""
            self.call_later(self.action_pivot, where)

    def twin(self) -> str:
        return f"sightline req {self.subject}"

    def action_neighbour(self, step: int) -> None:
        behind: object = self.console.behind
        ids = list(behind.request_ids()) if isinstance(behind, ListsRequests) else []
        if self.subject not in ids:
            self.say("there is no list to go on in: it has moved on, or this request was asked for by its id")
            return
        at = ids.index(self.subject) + step
        if 0 <= at < len(ids):
            self.turn_to(ids[at])
        else:
            self.say("that was the last of the list" if step > 0 else "that was the first of the list")

    def action_copy(self) -> None:
        if self._line()[0] is None:
            self.say("nothing is known of it that could be copied")
        else:
            super().action_copy()


def _usual(line: AccessLine) -> AnyReading:
    """The upstream, once: what is usual for its endpoints."""
    return replace(reading.upstream(line.upstream), every_s=ONCE)
