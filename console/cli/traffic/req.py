"""`sightline req`: all about one request: why this status, and where the time went."""

import argparse
import shutil
from typing import Any, Final

import msgspec

from console.cli.twin import Reading, Twin, answer_to, body_of
from console.client.call import decode
from console.client.problems import AdminProblem
from console.render.traffic.lines import text_of
from console.render.traffic.request import chosen_line, request_lines
from console.render.traffic.tail_rows import is_slow
from console.render.traffic.verdicts import Known
from console.state import reading
from console.state.messages import Request
from gateway.wire.explain import ExplainRequest, ExplanationView
from gateway.wire.upstream_views import UpstreamView
from gateway.wire.views import ExchangeListView

NARROWEST: Final = 60


def width() -> int:
    """Of the terminal, or of a page where there is none."""
    return max(NARROWEST, shutil.get_terminal_size((120, 40)).columns)


class RequestTwin(Twin):
    name = "req"
    help = "tell all about one request: why this status, and where the time went"

    def configure_own(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("id", metavar="ID", help="a request id, as in the answer's x-request-id, or a trace id")

    def reading(self, arguments: argparse.Namespace) -> Reading[Any]:
        def told(view: ExchangeListView) -> str:
            line, number = chosen_line(view, arguments.id)
            if line is None:
                return "what the gateway keeps of it is not understood"
            known = Known(line, _explanation(arguments, line.request_id))
            known = known._replace(usual_p99_ms=_usual_p99(arguments, known))
            return text_of(request_lines(known, width(), others=number - 1))

        path = reading.exchange(arguments.id).path
        return Reading(path, ExchangeListView, told, objects="exchanges")


def _explanation(arguments: argparse.Namespace, request_id: str) -> ExplanationView | None:
    """What is more than the record says; without it the rest is told all the same."""
    question = Request("POST", "explain", body=msgspec.json.encode(ExplainRequest(exchange=request_id)))
    try:
        return decode(answer_to(arguments, question), ExplanationView)
    except AdminProblem:
        return None


def _usual_p99(arguments: argparse.Namespace, known: Known) -> float | None:
    line = known.line
    if not is_slow(line, known.slow_ms) or not line.upstream:
        return None
    try:
        view = decode(body_of(arguments, reading.upstream(line.upstream).path, {}), UpstreamView)
    except AdminProblem:
        return None
    return next((each.recent.p99_ms for each in view.endpoints if each.address == line.endpoint), None)


command = RequestTwin()
