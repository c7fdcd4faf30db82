"""Alerts and objectives: what burns, how long what is left will last, and who knows of it."""

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.events import Resize

from console.render.alerting.evidence import LINES, evidence
from console.render.alerting.rows import Item, alert_grid, head_line, items
from console.screens.operator_screen import OperatorScreen
from console.state import reading
from console.state.alerting.alerts import ALERTS
from console.state.health.looking import upstream_of
from console.state.reading import AnyReading
from console.state.selection import Destination, Selection
from console.widgets.line import CellLine
from console.widgets.live_table import LiveTable

_TALL: int = 30
"""Rows of a terminal from which on the evidence always has room."""


class AlertsScreen(OperatorScreen):
    """Where the terminal is low, `enter` shows the evidence first, and the route the second time."""

    NAME: ClassVar[str] = "alerts"
    HINTS: ClassVar[tuple[str, ...]] = (
        "drill", "evidence", "act", "live", "failing", "changes", "copy_twin", "filter", "help",
    )  # fmt: skip
    BINDINGS: ClassVar[list[BindingType]] = [Binding("e", "evidence", "evidence", id="evidence")]

    def __init__(self, subject: str = "", filter_text: str = "") -> None:
        super().__init__(subject, filter_text)
        self._items: dict[str, Item] = {}
        self._has_evidence: bool | None = None
        """What the operator wants; None while the height of the terminal says."""

    def body(self) -> ComposeResult:
        yield CellLine(id="head")
        yield LiveTable(id="body")
        for number in range(LINES):
            yield CellLine(id=f"evidence-{number}", is_panel=True)

    def readings(self) -> Sequence[AnyReading]:
        return (reading.OBJECTIVES, ALERTS, reading.INCIDENTS)

    def show(self) -> None:
        found = items(self.model)
        self._items = {item.key: item for item in found}
        self.query_one("#head", CellLine).show(head_line(self.model))
        grid = alert_grid(self.model, self.filter, found, ascii_only=self.console.ascii_only)
        self.query_one(LiveTable).show(self.in_order(grid))
        self._show_evidence()

    @property
    def _shows_evidence(self) -> bool:
        return self.size.height >= _TALL if self._has_evidence is None else self._has_evidence

    def _show_evidence(self) -> None:
        lines = evidence(self._item) if self._shows_evidence else []
        for number in range(LINES):
            line = self.query_one(f"#evidence-{number}", CellLine)
            line.display = self._shows_evidence
            line.show(lines[number] if number < len(lines) else ())

    @property
    def _item(self) -> Item | None:
        return self._items.get(self.query_one(LiveTable).cursor_key or "")

    @property
    def selection(self) -> Selection | None:
        item = self._item
        if item is None:
            return None
        if item.objective is not None:
            return Selection("objective", item.route, route=item.route, upstream=upstream_of(self.model, item.route))
        assert item.alert is not None, "a row is about something"
        labels = item.alert.labels
        return Selection(
            "alert", item.alert.name, route=item.route, upstream=labels.get("upstream", ""), endpoint=labels.get("endpoint", "")
        )  # fmt: skip

    def drill_to(self) -> Destination | None:
        item = self._item
        return Destination("route", item.route) if item is not None and item.route else None

    def action_drill(self) -> None:
        if self._item is not None and not self._shows_evidence:
            self.action_evidence()
        else:
            super().action_drill()

    def action_evidence(self) -> None:
        """Shown or hidden, whatever the height."""
        self._has_evidence = not self._shows_evidence
        self._show_evidence()

    def action_act(self) -> None:
        item = self._item
        if item is None:
            self.say("nothing is selected")
        elif item.alert is None:
            self.say("no alert is known of this objective: nothing to mute")
        else:
            key = item.alert.key
            self.choose("act on", {"m": f"mute {item.alert.name}"}, lambda _chosen: self._ask_how_long(key))

    def _ask_how_long(self, key: str) -> None:
        self.ask("mute for", lambda duration: self.console.mute(key, duration), "30m")

    def twin(self) -> str:
        return "sightline slo"

    def on_live_table_moved(self, _event: LiveTable.Moved) -> None:
        self._show_evidence()

    def on_resize(self, _event: Resize) -> None:
        self._show_evidence()
