"""All that is known of one exchange: what became of it, why, and where each millisecond went."""

from typing import Final

from console.render.amounts import clock_millis, count, milliseconds, percent, size
from console.render.cells import Cell, Severity
from console.render.traffic.explanation import choice_lines, step_lines
from console.render.traffic.lines import BLANK, Line, fact, heading, sentence
from console.render.traffic.tail_rows import severity_of
from console.render.traffic.verdicts import Known, time_told, verdict
from console.render.traffic.waterfall import waterfall_lines
from console.state.traffic.traces import lines_of
from gateway.wire.live import AccessLine
from gateway.wire.views import ExchangeListView

_STEPS_SHOWN: Final = 6


def chosen_line(view: ExchangeListView | None, wanted_id: str) -> tuple[AccessLine | None, int]:
    """The exchange of this request id, or the first of this trace; and how many the answer has."""
    lines = lines_of(view.exchanges) if view is not None else []
    own = [line for line in lines if line.request_id == wanted_id] or lines[::-1]
    return (own[0] if own else None), len(lines)


def request_lines(known: Known, width: int, *, others: int = 0, ascii_only: bool = False) -> list[Line]:
    """others: how many more exchanges its trace has here."""
    line, explanation = known.line, known.explanation
    lines = [
        _title(known),
        *sentence(verdict(known), width, _severity(known)),
        *sentence(time_told(known), width),
    ]
    lines += [BLANK, *waterfall_lines(line, width, known.tries, ascii_only=ascii_only), BLANK]
    share = percent(line.overhead_ms / line.duration_ms) if line.duration_ms else "-"
    own = f"{milliseconds(line.duration_ms)}, of which gateway itself {milliseconds(line.overhead_ms)} ({share})"
    lines += fact("total", own, width)
    lines += _facts(line, width, others)
    if explanation is not None:
        lines += [BLANK, *step_lines(explanation, width, most=_STEPS_SHOWN)]
        for choice in explanation.choices:
            lines += [BLANK, *choice_lines(choice, width)]
    return lines


def _title(known: Known) -> Line:
    line = known.line
    by = f" by {line.source}" if line.source else ""
    reason = "" if line.reason == "none" else f"  {line.reason}"
    return (
        Cell(f" {line.status or 'no answer'}{by}{reason}", _severity(known)),
        Cell(f"   {line.method} {line.path}", "strong"),
        Cell(f"   {milliseconds(line.duration_ms)}"),
        Cell(f"   rev {line.revision[:6]}   {clock_millis(line.at)}", "dim"),
    )


def _severity(known: Known) -> Severity:
    severity = severity_of(known.line, known.slow_ms)
    return "ok" if severity == "plain" else severity


def _facts(line: AccessLine, width: int, others: int) -> list[Line]:
    query = f"?{line.query}" if line.query else ""
    more = f"; {count(others)} more of this trace, t shows them" if others else ""
    sampled = "sampled" if line.sampled else "not sampled"
    lines = fact("request", f"{line.request_id}   {line.method} {line.host}{line.path}{query}", width)
    lines += fact(
        "trace", f"{line.trace_id}   span {line.span_id or '-'}, {sampled}{more}" if line.trace_id else "", width
    )
    lines += fact("route", line.route + (f" -> {line.upstream} {line.endpoint}" if line.upstream else ""), width)
    lines += fact("client", f"{line.client}   {line.user_agent or 'no user agent'}   HTTP/{line.protocol}", width)
    lines += fact("bytes", f"{size(line.bytes_in)} in, {size(line.bytes_out)} out", width)
    lines += fact("detail", line.detail, width)
    return lines


def not_kept_lines(wanted: str, problem: str, width: int) -> list[Line]:
    """problem: as the gateway told it, with how many it keeps and since when."""
    lines = [heading(f"request {wanted}"), *sentence(f"It is not known any more: {problem}.", width, "warn")]
    told = (
        "A gateway keeps the last 2 000 exchanges or so, and the last 1 000 of the failed, slow and retried ones. "
        "Successes have a line only as often as the access log samples them. What is older is in the logs, by this id."
    )
    return [*lines, *sentence(told, width, "dim")]


def waiting_lines(wanted: str, width: int) -> list[Line]:
    return [heading(f"request {wanted}"), *sentence("asking the gateway ..", width, "dim")]
