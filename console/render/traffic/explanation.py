"""What a gateway would do with a request, and why: the routes it looks at, what it applies, and where it would send it."""

from collections.abc import Iterator

from console.render.amounts import count, milliseconds, percent, size
from console.render.cells import Cell
from console.render.policies import faults_in_words
from console.render.traffic.lines import BLANK, Line, fact, heading, sentence
from gateway.wire.explain import AppliedView, ConsideredView, ExplanationView, HeaderEditView, UpstreamChoiceView
from gateway.wire.views import PlaceView


def explanation_lines(view: ExplanationView, width: int) -> list[Line]:
    """All of it."""
    lines = [_title(view), *_outcome(view, width)]
    lines += fact("parameters", ", ".join(f"{name} = {value}" for name, value in view.parameters.items()), width)
    lines += _recorded(view, width)
    lines += [BLANK, *step_lines(view, width)]
    if view.applied is not None:
        lines += [BLANK, heading("applied"), *_applied(view.applied, width)]
    for choice in view.choices:
        lines += [BLANK, *choice_lines(choice, width)]
    return [*lines, BLANK, *fact("revision", f"{view.revision}   listener {view.listener or '-'}", width)]


def _title(view: ExplanationView) -> Line:
    return (Cell(f" {view.method} {view.host}{view.path}", "strong"), Cell("   nothing is sent", "dim"))


def _outcome(view: ExplanationView, width: int) -> list[Line]:
    if view.route is None:
        return sentence(f"no route: {view.status} {view.reason}, {view.detail}", width, "crit")
    where = f" ({place_told(view.place)})" if view.place is not None else ""
    lines = sentence(f"route {view.route}{where}: {view.detail}", width, "ok")
    if view.verdict:
        lines += sentence(view.verdict, width, "crit")
    if view.action == "forward" and view.status is None:
        shares = ", ".join(f"{share.upstream} (weight {share.weight})" for share in view.upstreams)
        return [
            *lines,
            *sentence(f"forwarded to {shares} as {view.forwarded_path} with Host {view.forwarded_host}", width),
        ]
    if view.action == "forward":
        return lines
    location = f" to {view.location}" if view.location is not None else ""
    return [*lines, *sentence(f"answered by the gateway with {view.status}{location}", width)]


def _recorded(view: ExplanationView, width: int) -> list[Line]:
    record = view.recorded
    if record is None:
        return []
    at = f" at {record.upstream} {record.endpoint}" if record.endpoint else ""
    lines = fact("recorded", f"{record.request_id}: route {record.route}{at}, {record.status} {record.reason}", width)
    if not record.same_revision:
        lines += fact(
            "", f"it ran under revision {record.revision}; what is told here is of the one that runs now", width, "warn"
        )
    for unknown in record.unknown:
        lines += fact("", f"not in the record: {unknown}", width, "dim")
    return lines


def step_lines(view: ExplanationView, width: int, most: int | None = None) -> list[Line]:
    """The routes that were looked at, in order, each with the first thing that did not fit and where it is written."""
    if not view.considered:
        return []
    shown = view.considered[:most]
    lines = [heading("routes looked at", "in order of precedence")]
    for each in shown:
        lines += _considered(each, width)
    left = len(view.considered) - len(shown)
    more = [f"{count(left)} more, explain shows them"] if left else []
    more += [f"{count(number)} more by {what}" for what, number in view.others.items()]
    return [*lines, *(sentence("and " + ", ".join(more), width, "dim", indent=3) if more else [])]


def _considered(each: ConsideredView, width: int) -> list[Line]:
    mark = "+" if each.matched else "-"
    place = place_told(each.failed.place if each.failed is not None else each.place)
    unsure = "" if each.failed is None or each.failed.known else ", which is not recorded"
    return sentence(
        f"{mark} {each.route}: {each.because}{unsure}   {place}", width, "ok" if each.matched else "plain", hanging=2
    )


def choice_lines(choice: UpstreamChoiceView, width: int) -> list[Line]:
    """The endpoints it may go to and why others get none of it."""
    place = f"{place_told(choice.place)}, " if choice.place is not None else ""
    chosen = f": {choice.chosen}" if choice.chosen is not None else ""
    lines = [heading(f"upstream {choice.upstream}")]
    lines += sentence(f"{place}{percent(choice.share)} of the requests: {choice.rule}{chosen}", width, "dim")
    for each in choice.endpoints:
        load = (
            f"; {count(each.in_flight)} in flight, {count(each.pending)} waiting" if each.in_flight is not None else ""
        )
        told = f"{'+' if each.eligible else '-'} {each.address}: {each.because} (weight {each.weight}{load})"
        lines += sentence(told, width, "plain" if each.eligible else "crit", hanging=2)
    if choice.endpoints_left_out:
        lines += sentence(f"and {count(choice.endpoints_left_out)} more", width, "dim")
    return lines


def _applied(applied: AppliedView, width: int) -> Iterator[Line]:
    for of, edit in (("request", applied.request_headers), ("answer", applied.response_headers)):
        for told in _edits(edit):
            yield from fact(of, told, width)
    timeouts = (
        ("request", applied.request_timeout_ms),
        ("first byte", applied.first_byte_timeout_ms),
        ("idle", applied.upstream_idle_timeout_ms),
    )
    yield from fact("timeouts", ", ".join(f"{name} {_or_none(value)}" for name, value in timeouts), width)
    if applied.faults:
        yield from fact("on purpose", f"it {faults_in_words(applied.faults)}", width, "warn")
    if applied.deadline_header is not None:
        yield from fact("deadline", f"told the upstream in {applied.deadline_header}", width)
    if applied.criticality != "normal":
        yield from fact("criticality", applied.criticality, width)
    if applied.retried:
        yield from fact("retries", applied.retried, width)
    limits = ", ".join(f"{name} {_limit(name, value)}" for name, value in applied.limits.items())
    yield from fact("limits", limits, width)
    keep = f", and {', '.join(applied.trace_keep)} are kept" if applied.trace_keep else ""
    yield from fact("traces", f"{percent(applied.trace_sample_ratio)} sampled{keep}", width)
    yield from fact("access log", f"{percent(applied.log_sample_ratio)} of successes", width)
    if applied.slo_availability is not None:
        yield from fact("objective", f"{percent(applied.slo_availability)} without failure", width)
    if applied.slo_latency_target is not None:
        told = f"{percent(applied.slo_latency_target)} under {_or_none(applied.slo_latency_under_ms)}"
        yield from fact("objective", told, width)


def _edits(edit: HeaderEditView | None) -> Iterator[str]:
    if edit is None:
        return
    yield from (f"remove {name}" for name in edit.remove)
    yield from (f"set {name}: {value}" for name, value in edit.set.items())
    yield from (f"add {name}: {value}" for name, value in edit.add)


def _or_none(value_ms: float | None) -> str:
    return "none" if value_ms is None else milliseconds(value_ms)


def _limit(name: str, value: int | None) -> str:
    if value is None:
        return "none"
    return count(value) if name in {"headers", "connections", "requests_per_connection"} else size(value)


def place_told(place: PlaceView) -> str:
    """`gateway.yaml:73`: the last part of the path is enough to find it."""
    return f"{place.file.rsplit('/', 1)[-1]}:{place.line}"
