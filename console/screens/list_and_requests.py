"""A list, what is known of the row under its cursor, and the requests of that row that an operator would look at."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from console.render.grid import Grid
from console.screens.list_and_detail import ListAndDetail
from console.state.reading import AnyReading
from console.state.selection import Destination, Selection
from console.widgets.live_table import LiveTable

if TYPE_CHECKING:
    from console.screens.requests_below import RequestsBelow


class ListAndRequests(ListAndDetail):
    """Subclasses say besides what is selected in the list, where that leads, and whose requests are shown."""

    def requests_of(self, _key: str) -> Mapping[str, str]:
        """Whose requests belong to a row: fields of the filter language and their values; empty for a row that is gone."""
        raise NotImplementedError

    def selected(self, _key: str) -> Selection | None:
        """What keys that act on a row of the list act on."""
        raise NotImplementedError

    def drilled(self, _key: str) -> Destination:
        """Where `enter` leads from a row of the list."""
        raise NotImplementedError

    def list_twin(self) -> str:
        """The command that prints the list."""
        raise NotImplementedError

    @property
    def rows(self) -> LiveTable:
        return self.query_one("#list", LiveTable)

    @property
    def pointed_at(self) -> str | None:
        return self.rows.cursor_key

    @cached_property
    def requests(self) -> "RequestsBelow":
        """What is below."""
        # Few terminals have room for them, and the filter language with all that it needs is not to delay the first rows.
        from console.screens.requests_below import RequestsBelow  # noqa: PLC0415

        return RequestsBelow()

    def needed_below(self, key: str) -> Sequence[AnyReading]:
        whose = self.requests_of(key)
        return self.requests.needed(whose, self.model) if whose else ()

    def below(self, key: str | None) -> Grid:
        whose = self.requests_of(key) if key is not None else {}
        console = self.console
        return self.requests.grid(whose, self.model, console.frozen_at_s, ascii_only=console.ascii_only)

    @property
    def selection(self) -> Selection | None:
        if self.is_below:
            return self.requests.selection(self.rows_below.cursor_key)
        key = self.rows.cursor_key
        return None if key is None else self.selected(key)

    def drill_to(self) -> Destination | None:
        if self.is_below:
            return self.requests.drilled(self.rows_below.cursor_key)
        key = self.rows.cursor_key
        return None if key is None else self.drilled(key)

    def pivot_to(self, where: str) -> Destination | None:
        return self.requests.pivot_to(self.rows_below.cursor_key, where) if self.is_below else None

    def request_ids(self) -> Sequence[str]:
        return [line.request_id for line in self.requests.lines.values()]

    def twin(self) -> str:
        whose = self.requests_of(self.followed) if self.is_below and self.followed is not None else {}
        return self.requests.twin(whose) if whose else self.list_twin()
