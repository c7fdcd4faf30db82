"""Logs: what did the gateway say, and who did what? The newest at the bottom, with the whole record on demand."""

import shlex
from collections.abc import Sequence
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from console.render.inside.logs import COLUMNS, header, log_cells, nothing_said, record_grid
from console.screens.operator_screen import OperatorScreen
from console.state import reading
from console.state.inside.log_book import Logged, jump
from console.state.inside.log_filter import predicate_of, problem_of
from console.state.reading import AnyReading
from console.state.selection import Selection
from console.widgets.line import CellLine
from console.widgets.live_table import LiveTable
from console.widgets.tail_view import TailView

_MINUTE_S: Final = 60
_HOUR_S: Final = 3_600


class LogsScreen(OperatorScreen):
    NAME: ClassVar[str] = "logs"
    HINTS: ClassVar[tuple[str, ...]] = (
        "drill", "filter", "freeze", "follow", "minute_back", "minute_on", "hour_back", "hour_on", "traces", "copy_twin", "help",
    )  # fmt: skip
    CSS = "LogsScreen #record { height: 45%; display: none; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("F", "follow", "follow", id="follow"),
        Binding("left_square_bracket", f"jump(-{_MINUTE_S})", "minute back", id="minute_back"),
        Binding("right_square_bracket", f"jump({_MINUTE_S})", "on", id="minute_on"),
        Binding("left_curly_bracket", f"jump(-{_HOUR_S})", "hour back", id="hour_back"),
        Binding("right_curly_bracket", f"jump({_HOUR_S})", "on", id="hour_on"),
    ]

    def body(self) -> ComposeResult:
        yield CellLine(id="head")
        yield TailView[Logged](COLUMNS, lambda row: log_cells(row, ascii_only=self.console.ascii_only))
        yield LiveTable(id="record")

    def readings(self) -> Sequence[AnyReading]:
        return (reading.LOGS,)

    @property
    def _view(self) -> TailView[Logged]:
        return self.query_one(TailView)

    @property
    def _record(self) -> LiveTable:
        return self.query_one("#record", LiveTable)

    def refresh_frame(self) -> None:
        super().refresh_frame()
        book, came = self.model.logs, None
        if self.console.frozen_at_s is not None:
            newest = book.rows[-1].number if book.rows else 0
            came = sum(row.number > newest for row in self.console.live_model.logs.rows)
        head = header(book, self._rows(), came, is_following=self._view.is_following)
        self.query_one("#head", CellLine).show(*head)

    def show(self) -> None:
        self._view.empty = nothing_said(self.model.logs, self.filter, self.model.get(reading.LOGS).problem)
        self._view.show(self._rows())
        self._show_record()

    def _rows(self) -> Sequence[Logged]:
        rows, until_s = self.model.logs.matching(self.filter, predicate_of), self.model.at_s
        return rows if until_s is None else [row for row in rows if row.at_s <= until_s]

    def on_tail_view_moved(self, _event: TailView.Moved) -> None:
        """At once: where the gateway says nothing more, nothing else would have it drawn."""
        self._show_record()

    def _show_record(self) -> None:
        selected = self._view.selected
        if self._record.display and selected is not None:
            self._record.show(record_grid(selected.record))

    @property
    def selection(self) -> Selection | None:
        selected = self._view.selected
        if selected is None:
            return None
        known = {
            name: value
            for name in ("route", "upstream", "endpoint", "request_id", "trace_id")
            if isinstance(value := selected.record.fields.get(name), str)
        }
        return Selection("log", str(selected.record.id), **known)

    def action_drill(self) -> None:
        """All of the record, under the others; again, and it is gone."""
        if self._view.selected is None:
            self.say("nothing to open here")
            return
        self._record.display = not self._record.display
        self._show_record()
        self.focus_body()

    def action_back(self) -> None:
        if self._record.display:
            self._record.display = False
            self.focus_body()
        else:
            super().action_back()

    def action_follow(self) -> None:
        if self.console.frozen_at_s is not None:
            self.console.freeze()
        self._view.action_follow()
        self.refresh_all()

    def action_jump(self, seconds: int) -> None:
        selected = self._view.selected
        if selected is None:
            self.say("there is no record to go from")
            return
        found = jump(self._rows(), selected.number, seconds)
        if found is None:
            self._view.action_follow()
            self.say("that is beyond the newest record")
        elif found.number == selected.number:
            self.say("there is none so much older: this is the oldest")
        else:
            self._view.move_to(found.number)
        self.refresh_all()

    def twin(self) -> str:
        return (
            f"sightline logs --follow --filter {shlex.quote(self.filter)}" if self.filter else "sightline logs --follow"
        )

    def filter_problem(self, text: str) -> str:
        return problem_of(text)[1]

    def filter_column(self, text: str) -> int | None:
        return problem_of(text)[0]

    def focus_body(self) -> None:
        self._view.focus()
