"""A route or an upstream edited as text: opened, checked by the gateway as often as one likes, and run."""

from urllib.parse import quote

import msgspec

from console.app.acting.actions import GROUP, Acting
from console.app.acting.answers import decoded, refusal
from console.screens.acting.editor import EditorScreen
from console.state.changing.acting import edit
from console.state.messages import Request, Response
from gateway.wire.actions import ObjectTextView
from gateway.wire.views import ApplyResult, ProblemView


class Editing(Acting):
    """The part of the app that edits."""

    def edit(self, kind: str, name: str) -> None:
        """kind: route or upstream."""
        if kind not in {"route", "upstream"}:
            self.say("a route or an upstream can be edited")
        elif self.may_act():
            path = f"config/objects/{kind}/{quote(name, safe='')}"
            self.run_worker(self._open_editor(path), exclusive=True, group=GROUP)

    async def _open_editor(self, path: str) -> None:
        answer = await self.source.ask(Request("GET", path))
        view = decoded(answer, ObjectTextView)
        if view is None:
            self.say(refusal(answer))
        else:
            self.show_over(EditorScreen(view, self._check_text))

    def _check_text(self, of: ObjectTextView, text: str) -> None:
        if self.may_act():  # What was confirmed before may still be under way.
            self.run_worker(self._check(of, text), exclusive=True, group=GROUP)

    async def _check(self, of: ObjectTextView, text: str) -> None:
        action, editor = edit(of.kind, of.name, text), self.screen
        answer = await self.source.ask(msgspec.structs.replace(action.preview(), if_match=str(of.sequence)))
        view = decoded(answer, ApplyResult)
        if not isinstance(editor, EditorScreen) or not editor.is_current:
            return
        if view is None:
            problem = _decoded_problem(answer)
            if problem is not None and problem.errors:
                editor.tell_errors(problem.errors, problem.detail)
            else:
                editor.tell_errors([], refusal(answer))
        elif view.outcome == "unchanged":
            editor.say("nothing differs from what runs")
        else:
            editor.say("")
            self.confirm(action, view, is_undo=False)


def _decoded_problem(answer: Response) -> ProblemView | None:
    try:
        return msgspec.json.decode(answer.body, type=ProblemView)
    except msgspec.DecodeError:
        return None
