"""Traces: which hop was slow, which one failed? Those that were kept, and one of them."""

import shlex
from collections.abc import Mapping, Sequence
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from console.render.amounts import clock, count
from console.render.cells import Cell
from console.render.traffic.beside import trace_beside
from console.render.traffic.request import not_kept_lines
from console.render.traffic.traces import SORTS, backend_told, trace_grid, trace_title, traces_grid
from console.screens.list_and_requests import ListAndRequests
from console.screens.operator_screen import OperatorScreen
from console.state import reading
from console.state.reading import AnyReading
from console.state.selection import Destination, Selection
from console.state.traffic.filtering import problem_of
from console.state.traffic.selecting import selection_of
from console.state.traffic.traces import KEPT, Trace, lines_of, traces_of
from console.widgets.line import CellLine
from console.widgets.live_table import LiveTable
from console.widgets.text_view import TextView
from gateway.wire.views import ExchangeListView

_LIMIT: Final = 300
_ROOMY: Final = 110


class TracesScreen(ListAndRequests):
    NAME: ClassVar[str] = "traces"
    IS_FILTERED_THERE: ClassVar[bool] = True
    SORTS: ClassVar[tuple[str, ...]] = tuple(SORTS)
    HINTS: ClassVar[tuple[str, ...]] = (
        "drill",
        "errors_only",
        "filter",
        "sort",
        "live",
        "explain",
        "copy_twin",
        "copy_id",
        "help",
    )
    BINDINGS: ClassVar[list[BindingType]] = [Binding("e", "errors_only", "errors only", id="errors_only")]

    def __init__(self, subject: str = "", filter_text: str = "") -> None:
        super().__init__(subject, filter_text)
        self._has_errors_only = False
        self._told_traces: ExchangeListView | None = None
        self._known: list[Trace] = []
        """What was told, as traces."""
        self._shown_how: tuple[object, ...] = ()

    def body(self) -> ComposeResult:
        yield CellLine(id="head")
        yield from self.list_and_detail()

    @property
    def _wanted(self) -> str:
        """The filter of those that are shown."""
        kept = "err" if self._has_errors_only else f"({KEPT})"
        return f"({self.filter}) {kept}" if self.filter else kept

    def readings(self) -> Sequence[AnyReading]:
        return (reading.exchanges(self._wanted, _LIMIT), reading.CONFIG, *self.readings_beside())

    def _traces(self) -> list[Trace]:
        view = self.model.view(reading.exchanges(self._wanted, _LIMIT))
        if view is not self._told_traces:
            self._told_traces = view
            self._known = traces_of(lines_of(view.exchanges)) if view is not None else []
        return self._known

    def show(self) -> None:
        answer, traces = self.model.get(reading.exchanges(self._wanted, _LIMIT)), self._traces()
        head = f" {count(len(traces))} kept traces, the {'slowest' if self.sort == 'duration' else self.sort} first   "
        view = answer.view
        empty = f"asking the gateway for {self._wanted} .. {answer.problem}".strip()
        if view is not None:
            since = f" since {clock(view.since)}" if view.since else ""
            empty = f"none of the {count(view.scanned)} exchanges kept{since} is {self._wanted}"
        self.query_one("#head", CellLine).show(
            (Cell(head), Cell("errors only  " if self._has_errors_only else "", "accent")),
            (Cell(f"{backend_told(self.model.view(reading.CONFIG))} ", "dim"),)
            if self.app.size.width >= _ROOMY
            else (),
        )
        how = traces, empty, self.sort, self.is_reversed, self.console.ascii_only
        if how != self._shown_how:  # Drawn twice a second, and told every other one.
            self._shown_how = how
            self.rows.show(self.in_order(traces_grid(traces, self.sort, empty, ascii_only=self.console.ascii_only)))

    def _trace(self, key: str) -> Trace | None:
        return next((trace for trace in self._traces() if trace.trace_id == key), None)

    def beside(self, key: str, width: int, _height: int) -> Sequence[Sequence[Cell]]:
        trace = self._trace(key)
        if trace is None:
            return [[Cell(f" trace {key} is not among them any more", "dim")]]
        return trace_beside(trace, width, ascii_only=self.console.ascii_only)

    def requests_of(self, key: str) -> Mapping[str, str]:
        trace = self._trace(key)
        return {"route": trace.lines[0].route} if trace is not None else {}

    def selected(self, key: str) -> Selection | None:
        trace = self._trace(key)
        return None if trace is None else selection_of(trace.lines[0])

    def drilled(self, key: str) -> Destination:
        return Destination("trace", key)

    def request_ids(self) -> Sequence[str]:
        if self.is_below:
            return super().request_ids()
        by_id = {trace.trace_id: trace.lines[0].request_id for trace in self._traces()}
        return [by_id[row.key] for row in self.rows.grid.rows if row.key in by_id]

    def filter_problem(self, text: str) -> str:
        return problem_of(text)[1]

    def filter_column(self, text: str) -> int | None:
        return problem_of(text)[0]

    def list_twin(self) -> str:
        return f"sightline tail --no-follow --last {_LIMIT} {shlex.quote(self._wanted)}"

    def action_errors_only(self) -> None:
        self._has_errors_only = not self._has_errors_only
        self.console.screen_shown(self)
        self.refresh_all()


class TraceScreen(OperatorScreen):
    """`subject`: a trace id, or the id of one of its requests."""

    NAME: ClassVar[str] = "trace"
    IS_FILTERED: ClassVar[bool] = False
    HINTS: ClassVar[tuple[str, ...]] = (
        "drill",
        "back",
        "live",
        "explain",
        "raw",
        "open",
        "copy_twin",
        "copy_id",
        "help",
    )

    def body(self) -> ComposeResult:
        yield CellLine(id="head")
        yield CellLine(id="backend")
        yield LiveTable(id="body")
        yield TextView(id="missing")

    def readings(self) -> Sequence[AnyReading]:
        return (reading.exchange(self.subject), reading.CONFIG)

    def _trace(self) -> Trace | None:
        view = self.model.view(reading.exchange(self.subject))
        traces = traces_of(lines_of(view.exchanges)) if view is not None else []
        return traces[0] if traces else None

    def show(self) -> None:
        trace, width = self._trace(), self.app.size.width
        table, missing = self.query_one(LiveTable), self.query_one("#missing", TextView)
        table.display, missing.display = trace is not None, trace is None
        if trace is None:
            problem = self.model.get(reading.exchange(self.subject)).problem
            missing.show(not_kept_lines(self.subject, problem, width) if problem else ())
            return
        self.query_one("#head", CellLine).show(
            (Cell(f" {trace_title(trace)}", "crit" if trace.has_failed else "strong"),)
        )
        self.query_one("#backend", CellLine).show((Cell(f" {backend_told(self.model.view(reading.CONFIG))}", "dim"),))
        table.show(trace_grid(trace, width, ascii_only=self.console.ascii_only))

    def _request_id(self) -> str:
        key = self.query_one(LiveTable).cursor_key
        return key.rpartition("#")[0] if key else ""

    @property
    def selection(self) -> Selection | None:
        trace = self._trace()
        found = (
            next((line for line in trace.lines if line.request_id == self._request_id()), None)
            if trace is not None
            else None
        )
        return None if found is None else selection_of(found)

    def drill_to(self) -> Destination | None:
        return Destination("request", self._request_id()) if self._request_id() else None

    def request_ids(self) -> Sequence[str]:
        trace = self._trace()
        return [line.request_id for line in trace.lines] if trace is not None else []

    def twin(self) -> str:
        return f"sightline trace {self.subject}"

    def on_resize(self) -> None:
        self.refresh_all()
