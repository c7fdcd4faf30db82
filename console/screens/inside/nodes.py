"""Nodes: does every node run the same thing, and is each well? Under them the processes of the one that is selected."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from console.render.cells import Cell, glyph
from console.render.inside.nodes import SUPERVISOR, node_grid, worker_grid
from console.screens.operator_screen import OperatorScreen
from console.state.inside.nodes import Heard, heard_of, verdict
from console.state.selection import Destination, Selection
from console.widgets.line import CellLine
from console.widgets.live_table import LiveTable
from console.widgets.section_table import SectionTable


class NodesScreen(OperatorScreen):
    """Lives from the status that the stream brings every second; it asks for nothing else."""

    NAME: ClassVar[str] = "nodes"
    HINTS: ClassVar[tuple[str, ...]] = ("drill", "log", "changes", "act", "copy_twin", "copy_id", "freeze", "help")
    CSS = "NodesScreen #nodes { height: auto; } NodesScreen #workers { height: 1fr; }"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("e", "log", "its log", id="log")]

    def body(self) -> ComposeResult:
        yield CellLine(id="verdict")
        yield SectionTable(id="nodes")
        yield CellLine(id="of")
        yield SectionTable(id="workers")

    def show(self) -> None:
        status, heard, ascii_only = self.model.status, self._heard(), self.console.ascii_only
        nodes = node_grid(status, heard, empty=self._why(), ascii_only=ascii_only)
        wanted = [row for row in nodes.rows if self.filter in row.key]
        hidden = f"no node is called {self.filter!r}; {len(nodes.rows)} hidden by the filter"
        nodes = nodes if not nodes.rows else nodes._replace(rows=wanted, empty=hidden)
        self._node_table.styles.height = max(2, len(nodes.rows)) + 1
        self._node_table.show(nodes)
        workers = worker_grid(status if wanted else None, heard, ascii_only=ascii_only)
        self._worker_table.show(workers)
        if status is not None:
            standing, told = verdict(status, heard)
            self.query_one("#verdict", CellLine).show(
                [
                    Cell(" "),
                    glyph(standing, ascii_only=ascii_only),
                    Cell(f" {told}", "plain" if standing == "ok" else standing),
                ]
            )
        name = self._node_table.cursor_key
        self.query_one("#of", CellLine).show([Cell(f" processes of {name}" if name and workers.rows else "", "dim")])

    def _heard(self) -> Heard:
        status = self.model.status
        return heard_of(status, self.model.link.heard_at_s, self.model.now_s) if status is not None else Heard()

    def _why(self) -> str:
        problem = self.model.link.problem
        return "waiting for the gateway to tell of itself" + (f": {problem}" if problem else "")

    @property
    def _node_table(self) -> LiveTable:
        return self.query_one("#nodes", LiveTable)

    @property
    def _worker_table(self) -> LiveTable:
        return self.query_one("#workers", LiveTable)

    @property
    def _is_inside(self) -> bool:
        return self._worker_table.has_focus

    @property
    def selection(self) -> Selection | None:
        key = self._worker_table.cursor_key if self._is_inside else self._node_table.cursor_key
        return None if key is None else Selection("worker" if self._is_inside else "node", key)

    def action_drill(self) -> None:
        """Into the workers, and from a worker to what it said."""
        if self._is_inside:
            self.action_log()
        elif self._worker_table.grid.rows:
            self._worker_table.focus()
        else:
            self.say("nothing to open here")

    def action_back(self) -> None:
        if self._is_inside:
            self._node_table.focus()
        else:
            super().action_back()

    def action_log(self) -> None:
        selection = self.selection
        if selection is None:
            self.say("nothing is selected")
        else:
            self.console.open(Destination("logs", filter=_said_of(selection)))

    def pivot_to(self, where: str) -> Destination | None:
        selection = self.selection
        if where == "changes" and selection is not None and selection.kind == "worker":
            return Destination("changes", filter=selection.name)
        return None

    def focus_body(self) -> None:
        (self._worker_table if self._is_inside else self._node_table).focus()


def _said_of(selection: Selection) -> str:
    """The filter of logs that finds what a process said, or what was said of it."""
    if selection.kind == "node":
        return f"node:{selection.name}"
    return "!worker~." if selection.name == SUPERVISOR else f"worker:{selection.name.removeprefix('worker ')}"
