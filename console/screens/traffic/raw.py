"""Raw: the object as the gateway told it, as JSON or YAML."""

from collections.abc import Callable, Sequence
from typing import ClassVar, Final

from textual.app import ComposeResult

from console.render.cells import Cell
from console.render.raw import RAW_FORMS, raw_lines
from console.screens.operator_screen import OperatorScreen
from console.state.raw import RawObject, raw_object
from console.state.reading import AnyReading
from console.state.selection import Selection
from console.widgets.line import CellLine
from console.widgets.text_view import TextView

_SELECTIONS: Final[dict[str, Callable[[str], Selection]]] = {
    "route": lambda name: Selection("route", name, route=name),
    "upstream": lambda name: Selection("upstream", name, upstream=name),
    "endpoint": lambda name: Selection("endpoint", name, endpoint=name),
    "exchange": lambda name: Selection("exchange", name, request_id=name),
}


class RawScreen(OperatorScreen):
    """`subject`: kind and name, as in `route:orders` or `exchange:0c1b7a4de25f4c7e`."""

    NAME: ClassVar[str] = "raw"
    IS_FILTERED: ClassVar[bool] = False
    HINTS: ClassVar[tuple[str, ...]] = ("back", "raw", "refetch", "copy_twin", "copy_id", "help")

    def __init__(self, subject: str = "", filter_text: str = "") -> None:
        super().__init__(subject, filter_text)
        self._form = RAW_FORMS[0]

    def body(self) -> ComposeResult:
        yield CellLine(id="head")
        yield TextView(id="text")

    @property
    def _object(self) -> RawObject | None:
        return raw_object(self.subject)

    def readings(self) -> Sequence[AnyReading]:
        wanted = self._object
        return () if wanted is None else (wanted.reading,)

    def show(self) -> None:
        wanted = self._object
        found = wanted.of(self.model) if wanted is not None else None
        problem = self.model.get(wanted.reading).problem if wanted is not None else "there is no view of this kind"
        where = wanted.reading.target if wanted is not None else ""
        self.query_one("#head", CellLine).show(
            (Cell(f" {self.subject}", "strong"), Cell(f"   GET {where}", "dim")), (Cell(f"{self._form} ", "accent"),)
        )
        text = self.query_one(TextView)
        if found is None:
            text.show(((Cell(f" {problem or 'asking the gateway ..'}", "dim"),),))
        else:
            text.show(raw_lines(found, self._form))

    def focus_body(self) -> None:
        self.query_one(TextView).focus()

    def action_pivot(self, where: str) -> None:
        if where == "raw":
            at = RAW_FORMS.index(self._form) + 1
            self._form = RAW_FORMS[at % len(RAW_FORMS)]
            self.refresh_all()
        else:
            super().action_pivot(where)

    @property
    def selection(self) -> Selection | None:
        kind, _, name = self.subject.partition(":")
        make = _SELECTIONS.get(kind)
        return make(name) if make is not None else None

    def twin(self) -> str:
        return self._object.twin if self._object is not None else super().twin()
