"""Changes: what changed before it got worse, and who did it? Revisions and incidents over a strip of errors, on one axis of time."""

import shlex
from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from console.render.cells import Cell
from console.render.changes.strip import error_strip
from console.render.changes.timeline import effect_text, severity_of, suspect, timeline_grid, told
from console.screens.operator_screen import OperatorScreen
from console.state import reading
from console.state.changing.timeline import Change, reach_of, timeline
from console.state.reading import ONCE, AnyReading, Reading
from console.state.selection import Destination, Selection
from console.widgets.line import CellLine
from console.widgets.live_table import LiveTable
from gateway.wire.changes import RevisionDetailView, RevisionView
from gateway.wire.history import HistoryView

_COMPARED: Final = 6
"""Revisions whose effect is asked for, the newest and the one under the cursor: each is a call, and only that of the running one
still changes."""


class ChangesScreen(OperatorScreen):
    NAME: ClassVar[str] = "changes"
    HINTS: ClassVar[tuple[str, ...]] = ("drill", "mark", "act", "window", "filter", "copy_twin", "help")
    BINDINGS: ClassVar[list[BindingType]] = [Binding("m", "mark", "mark to diff", id="mark")]
    CSS: ClassVar[str] = "ChangesScreen #effect { margin-bottom: 1; }"

    def __init__(self, subject: str = "", filter_text: str = "") -> None:
        super().__init__(subject, filter_text)
        self._marked = ""
        self._asked: tuple[AnyReading, ...] = ()

    def body(self) -> ComposeResult:
        yield CellLine(id="errors")
        yield CellLine(id="marks")
        yield CellLine(id="effect")
        yield _Steered(id="body")

    def readings(self) -> Sequence[AnyReading]:
        return (reading.REVISIONS, reading.INCIDENTS, self._history(), *(_detail_of(each) for each in self._compared()))

    def show(self) -> None:
        changes = self._changes()
        table, ascii_only = self.query_one(_Steered), self.console.ascii_only
        table.show(
            timeline_grid(
                changes,
                self.filter,
                marked=self._marked,
                reach=reach_of(self.model.status),
                ascii_only=ascii_only,
                unknown=self._unknown(),
            )
        )
        if not table.was_steered:
            table.lead_to(suspect(changes))
        self._show_strip(changes)
        self._ask_for_more()

    def _ask_for_more(self) -> None:
        """The effect of revisions that were not known when this screen came to the front."""
        wanted = tuple(self.readings())
        if wanted != self._asked:
            self._asked = wanted
            self.console.screen_shown(self)

    def _show_strip(self, changes: Sequence[Change]) -> None:
        selected = self.query_one(LiveTable).cursor_key or ""
        bars, marks = error_strip(
            self.model.view(self._history()), changes, [severity_of(change) for change in changes], self.app.size.width,
            selected=selected, ascii_only=self.console.ascii_only,
        )  # fmt: skip
        self.query_one("#errors", CellLine).show(bars)
        self.query_one("#marks", CellLine).show(marks)
        self.query_one("#effect", CellLine).show(
            _verdict(next((each for each in changes if each.key == selected), None))
        )

    def on_live_table_moved(self, _event: LiveTable.Moved) -> None:
        self._ask_for_more()
        self._show_strip(self._changes())

    def action_mark(self) -> None:
        key = self.query_one(LiveTable).cursor_key or ""
        if not key.startswith("rev:"):
            self.say("a revision can be marked, to be compared with another")
        elif self._marked and self._marked != key:
            old, new = sorted((_number(self._marked), _number(key)))
            self._marked = ""
            self.console.open(Destination("diff", f"{old}..{new}"))
        else:
            self._marked = "" if self._marked == key else key
            self.say(f"rev {_number(key)} is marked; m on another compares them" if self._marked else "")
            self.refresh_all()

    @property
    def selection(self) -> Selection | None:
        key = self.query_one(LiveTable).cursor_key
        if key is None:
            return None
        if key.startswith("rev:"):
            return Selection("revision", str(_number(key)))
        change = next((each for each in self._changes() if each.key == key), None)
        detail = change.incident.detail if change is not None and change.incident is not None else {}
        upstream, endpoint = str(detail.get("upstream", "")), str(detail.get("endpoint", ""))
        if endpoint:
            return Selection("endpoint", endpoint, upstream=upstream, endpoint=endpoint)
        return Selection("incident", str(_number(key)))

    def drill_to(self) -> Destination | None:
        key = self.query_one(LiveTable).cursor_key
        if key is None:
            return None
        if not key.startswith("rev:"):
            return Destination("diff", key)
        sequence = _number(key)
        older = [each.sequence for each in self._revisions() if each.sequence < sequence]
        return Destination("diff", f"{max(older)}..{sequence}" if older else key)

    def pivot_to(self, where: str) -> Destination | None:
        return (
            self.drill_to()
            if where == "compare" and self.selection is not None and self.selection.kind == "revision"
            else None
        )

    def twin(self) -> str:
        return f"sightline changes {shlex.quote(self.filter)}" if self.filter else "sightline changes"

    def _history(self) -> Reading[HistoryView]:
        return reading.history("gateway", "", f"{self.model.window_s}s", end=str(self.model.at_s or ""))

    def _revisions(self) -> list[RevisionView]:
        view = self.model.view(reading.REVISIONS)
        return view.revisions if view is not None else []

    def _unknown(self) -> str:
        answer = self.model.get(reading.REVISIONS)
        if answer.view is not None:
            return ""
        return f"waiting for the gateway's revisions{f': {answer.problem}' if answer.problem else ''}"

    def _compared(self) -> list[RevisionView]:
        key = next((table.cursor_key for table in self.query(LiveTable)), None)
        revisions = self._revisions()
        return [each for at, each in enumerate(revisions) if at < _COMPARED or f"rev:{each.sequence}" == key]

    def _changes(self) -> list[Change]:
        incidents = {each.id: each for each in self.model.incidents}
        view = self.model.view(reading.INCIDENTS)
        incidents |= {each.id: each for each in (view.incidents if view is not None else ())}
        details = {each.sequence: self.model.view(_detail_of(each)) for each in self._revisions()}
        return timeline(
            self._revisions(),
            incidents.values(),
            {number: view for number, view in details.items() if view is not None},
        )


class _Steered(LiveTable):
    """Knows whether the operator has moved the cursor: until then it is led to where it is of most use."""

    was_steered = False

    def lead_to(self, key: str) -> None:
        if key != self.cursor_key:
            self.move_to(key)
            self.was_steered = False

    def _go(self, position: int) -> None:
        self.was_steered = True
        super()._go(position)


def _detail_of(revision: RevisionView) -> Reading[RevisionDetailView]:
    wanted = reading.revision(str(revision.sequence))
    return wanted if revision.running else replace(wanted, every_s=ONCE)


def _verdict(change: Change | None) -> list[Cell]:
    if change is None:
        return [Cell("")]
    effect = effect_text(change)
    cells = [Cell(f" {change.key.replace(':', ' ')}  ", "accent")]
    if effect:
        cells.append(Cell(f"{effect}   ", severity_of(change)))
    return [*cells, Cell(told(change))]


def _number(key: str) -> int:
    return int(key.partition(":")[2])
