"""Explain: which route would take this request, what would be applied to it, and where could it go? Nothing is sent."""

import shlex
from typing import ClassVar

from console.render.traffic.explanation import explanation_lines
from console.render.traffic.lines import Line, heading, sentence
from console.screens.traffic.asking import ExplainingScreen
from console.state.selection import Selection
from console.state.traffic.question import USAGE, example_of, parse_question
from gateway.wire.explain import ExplainRequest
from gateway.wire.views import RouteListView


class ExplainScreen(ExplainingScreen):
    """`subject`: a request as it is written behind `x`, or the id of one that was, or `route:NAME` for one that it may take."""

    NAME: ClassVar[str] = "explain"
    HINTS: ClassVar[tuple[str, ...]] = ("back", "edit", "live", "upstream", "refetch", "copy_twin", "command", "help")

    def on_mount(self) -> None:
        kind, _, name = self.subject.partition(":")
        view = self.model.latest(RouteListView) if kind == "route" else None
        if view is not None:
            self.subject = next((example_of(route) for route in view.routes if route.name == name), "")
        super().on_mount()

    def question(self) -> ExplainRequest | None:
        try:
            return parse_question(self.subject) if self.subject.strip() else None
        except ValueError:
            return None

    def lines(self, width: int) -> list[Line]:
        if self.explanation is not None:
            return explanation_lines(self.explanation, width)
        return [heading(f"explain {self.subject}"), *self._missing(width)]

    def _missing(self, width: int) -> list[Line]:
        if not self.subject.strip():
            return sentence(f"/ takes a request: {USAGE}", width)
        try:
            parse_question(self.subject)
        except ValueError as error:
            return sentence(str(error), width, "crit")
        return (
            sentence(self.problem, width, "crit") if self.problem else sentence("asking the gateway ..", width, "dim")
        )

    def apply_filter(self, text: str) -> None:
        """What is typed behind / is another request."""
        self.turn_to(text)

    def action_filter(self) -> None:
        self.ask("explain", self.turn_to, self.subject)

    @property
    def selection(self) -> Selection | None:
        if self.explanation is None or self.explanation.route is None:
            return None
        upstream = self.explanation.upstreams[0].upstream if self.explanation.upstreams else ""
        return Selection("route", self.explanation.route, route=self.explanation.route, upstream=upstream)

    def twin(self) -> str:
        try:
            wanted = parse_question(self.subject)
        except ValueError:
            return "sightline explain GET /"
        if wanted.exchange:
            return f"sightline explain --exchange {wanted.exchange}"
        fields = "".join(f" -H '{name}: {value}'" for name, value in wanted.headers)
        return f"sightline explain {wanted.method} {shlex.quote(wanted.url)}{fields}"
