"""A screen that has the gateway explain a request, and shows text about it."""

import msgspec
from textual.app import ComposeResult

from console.render.traffic.lines import Line
from console.screens.operator_screen import OperatorScreen
from console.state.messages import Request
from console.state.times import checked
from console.widgets.text_view import TextView
from gateway.wire.explain import ExplainRequest, ExplanationView

_EXPLAIN = "explain"


class ExplainingScreen(OperatorScreen):
    """Subclasses say what is to be explained and make the lines. `explanation` is None until the answer is there."""

    def __init__(self, subject: str = "", filter_text: str = "") -> None:
        super().__init__(subject, filter_text)
        self.explanation: ExplanationView | None = None
        self.problem = ""
        """Why there is no explanation."""
        self._asked: ExplainRequest | None = None
        self._is_new = True

    def body(self) -> ComposeResult:
        yield TextView(id="text")

    def question(self) -> ExplainRequest | None:
        """None while it is not known yet what to ask."""
        raise NotImplementedError

    def lines(self, width: int) -> list[Line]:
        raise NotImplementedError

    def show(self) -> None:
        self._ask_once()
        self.query_one(TextView).show(self.lines(self.app.size.width), from_top=self._is_new)
        self._is_new = False

    def focus_body(self) -> None:
        self.query_one(TextView).focus()

    def turn_to(self, subject: str) -> None:
        """Be about something else from now on."""
        self.subject, self.explanation, self.problem, self._asked, self._is_new = subject, None, "", None, True
        self.console.screen_shown(self)
        self.refresh_all()

    def action_refetch(self) -> None:
        self._asked = None
        super().action_refetch()
        self.refresh_all()

    def on_text_view_reshaped(self, _event: TextView.Reshaped) -> None:
        self.refresh_all()

    def _ask_once(self) -> None:
        question = self.question()
        if question is not None and question != self._asked:
            self._asked = question
            self.run_worker(self._explain(question), exclusive=True, group=_EXPLAIN)

    async def _explain(self, question: ExplainRequest) -> None:
        answer = await self.console.source.ask(Request("POST", _EXPLAIN, body=msgspec.json.encode(question)))
        try:
            self.explanation = checked(msgspec.json.decode(answer.body, type=ExplanationView)) if answer.is_ok else None
            self.problem = answer.problem
        except msgspec.DecodeError as error:
            self.problem = f"the answer is not understood: {error}"
        self.console.screen_shown(self)  # What it tells may call for more.
        self.refresh_all()
