"""One change: what differs between two revisions, by object and key, and what came of it; raw at a key. Or one incident, in full."""

from collections.abc import Sequence
from typing import Any, ClassVar

import msgspec
from textual.app import ComposeResult

from console.render.cells import Cell
from console.render.changes.comparison import comparison_lines, incident_lines
from console.render.changes.differences import difference_lines
from console.render.changes.effects import wrapped
from console.render.raw import raw_lines
from console.screens.operator_screen import OperatorScreen
from console.state import reading
from console.state.reading import AnyReading, Reading
from console.state.selection import Selection
from console.widgets.line import CellLine
from console.widgets.text_view import Line, TextView
from gateway.wire.changes import IncidentView, RevisionDetailView, RevisionDiffView


class DiffScreen(OperatorScreen):
    """`subject`: `411..412`, `rev:1` for a revision that none came before, or `inc:17` for an incident."""

    NAME: ClassVar[str] = "diff"
    IS_FILTERED: ClassVar[bool] = False
    HINTS: ClassVar[tuple[str, ...]] = ("back", "raw", "act", "copy_twin", "help")

    def __init__(self, subject: str = "", filter_text: str = "") -> None:
        super().__init__(subject, filter_text)
        self._is_raw = False
        self._old, _, self._new = subject.partition("..")

    def body(self) -> ComposeResult:
        yield CellLine(id="head")
        yield TextView(id="text")

    def readings(self) -> Sequence[AnyReading]:
        if self._is_incident:
            return (reading.INCIDENTS,)
        return (self._difference, self._detail) if self._new else (self._detail,)

    def show(self) -> None:
        self.query_one("#head", CellLine).show(self._head())
        found = self._raw() if self._is_raw else None
        lines: list[Line] = (
            [(Cell(" "), *line) for line in self._lines()] if found is None else raw_lines(found, "json")
        )
        self.query_one(TextView).show(wrapped(lines, self.app.size.width - 1))

    def on_text_view_reshaped(self, _event: TextView.Reshaped) -> None:
        self.refresh_all()

    def focus_body(self) -> None:
        self.query_one(TextView).focus()

    def action_pivot(self, where: str) -> None:
        if where == "raw":
            self._is_raw = not self._is_raw
            self.refresh_all()
        else:
            super().action_pivot(where)

    @property
    def selection(self) -> Selection | None:
        """What one may want to go back to: the newer one, or where that runs already, the one before it."""
        if not self._new:
            return None
        view = self.model.view(self._difference)
        return Selection("revision", self._old if view is not None and view.new.running else self._new)

    @property
    def copied(self) -> Selection | None:
        """What the page is about, be it the one that runs."""
        kind, _, number = self.subject.partition(":")
        return Selection("incident", number) if kind == "inc" else Selection("revision", self._new or number)

    def twin(self) -> str:
        if self._is_incident:
            return "sightline incidents"
        return f"sightline diff {self._old} {self._new}" if self._new else "sightline changes"

    @property
    def _is_incident(self) -> bool:
        return self.subject.startswith("inc:")

    @property
    def _difference(self) -> Reading[RevisionDiffView]:
        return reading.difference(self._old, self._new)

    @property
    def _detail(self) -> Reading[RevisionDetailView]:
        return reading.revision(self._new or self.subject.partition(":")[2])

    def _incident(self) -> IncidentView | None:
        number = int(self.subject.partition(":")[2])
        view = self.model.view(reading.INCIDENTS)
        known = [*self.model.incidents, *(view.incidents if view is not None else ())]
        return next((each for each in known if each.id == number), None)

    def _head(self) -> list[Cell]:
        if self._is_incident:
            return [Cell(f" incident {self.subject.partition(':')[2]}", "strong")]
        view = self.model.view(self._difference) if self._new else None
        if view is None:
            return [Cell(f" {self.subject}", "strong")]
        told = [f" rev {each.sequence} {each.revision}" for each in (view.old, view.new)]
        return [Cell(" ->".join(told), "strong"), Cell(f"   by {view.new.actor or view.new.trigger}", "dim")]

    def _lines(self) -> list[list[Cell]]:
        if self._is_incident:
            incident = self._incident()
            return (
                incident_lines(incident) if incident is not None else [[Cell("it is not remembered any more", "dim")]]
            )
        wanted: Reading[Any] = self._difference if self._new else self._detail
        answer = self.model.get(wanted)
        if answer.view is None:
            return [[Cell(answer.problem or "asking the gateway ..", "dim")]]
        changes = answer.view.changes
        lines = (
            difference_lines(changes)
            if changes is not None
            else [[Cell("1 revision, no earlier one to compare", "dim")]]
        )
        detail = self.model.view(self._detail)
        return [*lines, [], *comparison_lines(detail)] if detail is not None else lines

    def _raw(self) -> Any:
        view = (
            self._incident() if self._is_incident else self.model.view(self._difference if self._new else self._detail)
        )
        return None if view is None else msgspec.to_builtins(view)
