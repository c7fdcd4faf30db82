"""What all screens have in common: the keys that mean the same everywhere. The frame and the feeding are FramedScreen's."""

from typing import ClassVar

from textual.binding import BindingType

from console.screens.framed import FramedScreen
from console.screens.keys import GLOBAL, SORT_KEYS
from console.state.selection import Destination, Selection
from console.widgets.live_table import LiveTable
from console.widgets.prompt import Prompt
from console.widgets.tail_view import TailView
from console.widgets.text_view import TextView


class OperatorScreen(FramedScreen):
    """Subclasses fill `body` and `show`, and say what they need. All they show comes from the model.

    `subject` is what the screen is about where there are many of its kind: a route, a request. `filter` is what the operator typed.
    `sort` is one of SORTS, the first to begin with; `is_reversed` turns it round.
    """

    BINDINGS: ClassVar[list[BindingType]] = GLOBAL

    def action_drill(self) -> None:
        destination = self.drill_to()
        if destination is not None:
            self.console.open(destination)
        else:
            self.say("nothing to open here")

    def action_back(self) -> None:
        self.console.back()

    def action_previous(self) -> None:
        self.console.previous()

    def action_worst(self) -> None:
        self.console.to_worst()

    def action_command(self) -> None:
        self.query_one(Prompt).ask(":")

    def action_filter(self) -> None:
        if self.IS_FILTERED:
            self.query_one(Prompt).ask("/", self.filter)
        else:
            self.say("there are no rows here to filter")

    def action_match(self, step: int) -> None:
        shown = [each for each in self.query("LiveTable, TailView") if each.display]
        for rows in sorted(shown, key=lambda each: not each.has_focus):
            if isinstance(rows, TailView):
                rows.action_move(-step)  # The newest is below, and what the filter leaves is all that is there.
                return
            if isinstance(rows, LiveTable):
                self._match_in(rows, step)
                return
        self.say("all that is shown matches the filter" if self.filter else "there is no filter to match")

    def _match_in(self, table: LiveTable, step: int) -> None:
        if not table.grid.rows:
            self.say("there are no rows")
        elif not table.move_to_match(self.filter, step):
            # A filter in the filter language stands in no cell; all rows there are match it.
            table.action_move(step)

    def action_pick_sort(self) -> None:
        if not self.sorts:
            self.say(self.WHY_FIXED)
            return
        options = dict(zip("123456789", self.sorts, strict=False))
        self.choose("sort by", options, lambda key: self.apply_sort(options[key]))

    def action_sort_by(self, key: str) -> None:
        for name in SORT_KEYS[key].names:
            if name in self.sorts:
                self.apply_sort(name)
                return
        self.say(f"nothing here to sort by {SORT_KEYS[key].names[0]}")

    def action_reverse(self) -> None:
        if self.sorts:
            self.apply_sort(self.sort, is_reversed=not self.is_reversed)
        else:
            self.say(self.WHY_FIXED)

    def action_views(self) -> None:
        self.console.offer_views()

    def action_freeze(self) -> None:
        self.console.freeze()

    def action_refetch(self) -> None:
        self.console.source.refetch()
        self.say("asking again")

    def action_help(self) -> None:
        self.console.open(Destination("help", self.NAME))

    def action_pivot(self, where: str) -> None:
        destination = self.pivot_to(where)
        if destination is not None:
            self.console.open(destination)
        else:
            self.console.pivot(where, self.selection)

    def action_copy_twin(self) -> None:
        self.console.copy_command(self.twin())

    def action_copy(self) -> None:
        self.console.offer_copies(self.copied, self._as_shown())

    @property
    def copied(self) -> Selection | None:
        """What `Y` copies of: what is selected, where a screen says nothing else."""
        return self.selection

    def _as_shown(self) -> str:
        """The row under the cursor with the titles of its columns, or all of a page of text."""
        found = [each for each in self.query("LiveTable, TailView, TextView") if each.display]
        inside = [each for each in found if each.has_focus] or found
        for each in inside:
            if isinstance(each, LiveTable | TailView):
                return each.row_text
            if isinstance(each, TextView):
                return each.text
        return ""

    def action_act(self) -> None:
        self.console.act(self.selection)

    def action_window(self, step: int) -> None:
        self.console.change_window(step)

    def on_prompt_paging(self, event: Prompt.Paging) -> None:
        """Rows are looked through while the filter is still being typed."""
        event.stop()
        for table in self.query(LiveTable):
            table.action_page(event.pages)
            return

    def on_prompt_changed(self, event: Prompt.Changed) -> None:
        if event.kind != "/":
            return
        event.stop()
        problem = self.filter_problem(event.text)
        if problem:
            self.hint(self.filter_column(event.text), problem)
            return
        self.show_hints()
        if not self.IS_FILTERED_THERE:
            self.filter = event.text
            self.refresh_all()

    def on_prompt_given(self, event: Prompt.Given) -> None:
        if event.kind == "?":
            self._answer(event.text)
            return
        self.focus_back()
        self.show_hints()
        if event.kind == ":":
            self.console.run_command(event.text)
        elif problem := self.filter_problem(event.text):
            self.say(problem, "crit")
        else:
            self.apply_filter(event.text)
