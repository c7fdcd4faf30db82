"""Overview: is anything wrong, where first, and did a change cause it?"""

from collections.abc import Sequence
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.events import Resize

from console.render.health.overview_grids import attention_grid, changes_grid, worst_grid
from console.render.health.tiles import tile_lines
from console.render.health.time_axis import axis_lines
from console.screens.operator_screen import OperatorScreen
from console.state.health.attention import MOST, attention, courses_wanted
from console.state.health.overview import needed_for_overview, tiles
from console.state.health.words import Attention
from console.state.reading import AnyReading
from console.state.selection import Destination, Selection
from console.widgets.cell_block import CellBlock
from console.widgets.section_table import SectionTable

_TALL: Final = 30


class OverviewScreen(OperatorScreen):
    NAME: ClassVar[str] = "overview"
    IS_FILTERED: ClassVar[bool] = False
    CSS = """
    #tiles { height: 1; }
    #tiles.-tall { height: 3; }
    #attention { height: 1fr; }
    #axis { height: 0; }
    #attention.-tall { height: 12; }
    #axis.-tall { height: 1fr; }
    #below { height: 6; }
    #worst { width: 1fr; margin-right: 2; }
    #changes { width: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("exclamation_mark", "worst", "to the worst", id="worst")]

    def __init__(self, subject: str = "", filter_text: str = "") -> None:
        super().__init__(subject, filter_text)
        self._found: list[Attention] = []
        self._wanted: list[AnyReading] = []

    def body(self) -> ComposeResult:
        yield CellBlock(id="tiles")
        yield SectionTable(id="attention")
        yield CellBlock(id="axis")
        with Horizontal(id="below"):
            yield SectionTable(id="worst")
            yield SectionTable(id="changes")

    def readings(self) -> Sequence[AnyReading]:
        self._wanted = list(dict.fromkeys([*needed_for_overview(self.model), *courses_wanted(self._found)]))
        return self._wanted

    def show(self) -> None:
        model, ascii_only = self.model, self.console.ascii_only
        self._found = attention(model)
        is_tall = self.size.height >= _TALL
        block = self.query_one("#tiles", CellBlock)
        for part in ("#tiles", "#attention", "#axis"):
            self.query_one(part).set_class(is_tall, "-tall")
        axis = self.query_one("#axis", CellBlock)
        axis.show(axis_lines(model, self.size.width, axis.size.height, ascii_only=ascii_only))
        block.show(tile_lines(tiles(model), self.size.width, has_room=is_tall, ascii_only=ascii_only))
        self.query_one("#attention", SectionTable).show(
            attention_grid(model, self._found, self.size.width, ascii_only=ascii_only)
        )
        self.query_one("#worst", SectionTable).show(worst_grid(model))
        self.query_one("#changes", SectionTable).show(changes_grid(model))
        self._ask_for_what_is_new()

    def _ask_for_what_is_new(self) -> None:
        """Revisions come and go, and so do routes whose course is asked for."""
        before = set(self._wanted)
        if self.is_current and before and set(self.readings()) != before:
            self.console.screen_shown(self)

    @property
    def selection(self) -> Selection | None:
        table = self._section
        if table is None or table.cursor_key is None:
            return None
        if table.id == "changes":
            return Selection("revision", table.cursor_key)
        if table.id == "worst":
            return Selection("route", table.cursor_key, route=table.cursor_key)
        found = self._attention_at(table.cursor_key)
        return None if found is None else _selection_of(found)

    def drill_to(self) -> Destination | None:
        table = self._section
        if table is None or table.cursor_key is None:
            return None
        if table.id == "changes":
            return Destination("changes", table.cursor_key)
        if table.id == "worst":
            return Destination("route", table.cursor_key)
        found = self._attention_at(table.cursor_key)
        return found.leads_to if found is not None else None

    def action_worst(self) -> None:
        table = self.query_one("#attention", SectionTable)
        table.action_end(-1)
        table.focus()

    def on_resize(self, _event: Resize) -> None:
        if self.is_attached:
            self.refresh_all()

    @property
    def _section(self) -> SectionTable | None:
        """The list the cursor is in."""
        return self.focused if isinstance(self.focused, SectionTable) else None

    def _attention_at(self, key: str) -> Attention | None:
        return next((each for each in self._found[:MOST] if f"{each.kind}:{each.subject}" == key), None)


def _selection_of(found: Attention) -> Selection | None:
    if found.kind in ("failing", "slow", "burning"):
        return Selection("route", found.subject, route=found.subject, upstream=found.cause.upstream)
    if found.kind == "endpoint":
        upstream, address = found.cause.upstream, found.cause.endpoint
        return Selection("endpoint", address, upstream=upstream, endpoint=address)
    return Selection("worker", found.subject) if found.kind == "worker" else None
