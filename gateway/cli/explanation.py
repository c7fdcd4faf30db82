"""An explanation in words, for a terminal: what becomes of the request first, then why, then everything applied to it."""

from collections.abc import Iterator

from gateway.wire.explain import (
    AppliedView,
    ConsideredView,
    EndpointChoiceView,
    ExplanationView,
    HeaderEditView,
    RecordedView,
    UpstreamChoiceView,
)
from gateway.wire.views import FaultView, PlaceView


def told(view: ExplanationView) -> str:
    """The whole of it, without a line end after the last line."""
    lines = [f"{view.method} {view.host}{view.path}", *_outcome(view)]
    lines += [f"{name} = {value}" for name, value in view.parameters.items()]
    if view.recorded is not None:
        lines += ["", *_recorded(view.recorded)]
    if view.considered:
        lines += ["", "considered, in order:", *(_considered(each) for each in view.considered)]
    if view.others:
        lines.append("  and " + ", ".join(f"{count} more by {what}" for what, count in view.others.items()))
    if view.applied is not None:
        lines += ["", "applied:", *(f"  {line}" for line in _applied(view.applied, is_forwarded=bool(view.upstreams)))]
    for choice in view.choices:
        lines += ["", *_choice(choice)]
    lines += ["", f"revision {view.revision}"]
    return "\n".join(lines)


def _outcome(view: ExplanationView) -> list[str]:
    if view.route is None:
        return [f"no route: {view.status} {view.reason}", view.detail]
    lines = [f"route {view.route}: {view.detail}"]
    if view.action == "forward":
        if view.verdict:
            lines.append(view.verdict)
            if view.status is not None:
                return lines
        shares = ", ".join(_share(view, index) for index in range(len(view.upstreams)))
        return [*lines, f"forwarded to {shares} as {view.forwarded_path} with Host {view.forwarded_host}"]
    location = f" to {view.location}" if view.location is not None else ""
    return [*lines, f"answered by the gateway with {view.status}{location}"]


def _share(view: ExplanationView, index: int) -> str:
    share = view.upstreams[index]
    return share.upstream if len(view.upstreams) == 1 else f"{share.upstream} (weight {share.weight})"


def _recorded(record: RecordedView) -> Iterator[str]:
    where = f" at {record.upstream} {record.endpoint}" if record.endpoint else ""
    ended = f"{record.status} {record.reason}"
    yield f"recorded {record.at} as {record.request_id}: route {record.route}{where}, {ended}"
    if not record.same_revision:
        yield f"it ran under revision {record.revision}; what is told here is of the one that runs now"
    yield from (f"not in the record: {unknown}" for unknown in record.unknown)


def _considered(each: ConsideredView) -> str:
    mark = "+" if each.matched else "-"
    told = f"  {mark} {each.route} ({_place(each.place)}): {each.because}"
    failed = each.failed
    if failed is None:
        return told
    unsure = "" if failed.known else ", which is not recorded"
    return f"{told}\n      {failed.key} at {_place(failed.place)}{unsure}"


def _place(place: PlaceView) -> str:
    return f"{place.file}:{place.line}"


def _applied(applied: AppliedView, *, is_forwarded: bool) -> Iterator[str]:
    if is_forwarded:
        yield from _edits("request", applied.request_headers)
        yield from _edits("answer", applied.response_headers)
        yield (
            f"timeouts: request {_duration(applied.request_timeout_ms)}, first byte "
            f"{_duration(applied.first_byte_timeout_ms)}, idle {_duration(applied.upstream_idle_timeout_ms)}"
        )
        for fault in applied.faults:
            yield f"on purpose: {_fault(fault)}"
        if applied.deadline_header is not None:
            yield f"deadline: told the upstream in {applied.deadline_header}"
        if applied.criticality != "normal":
            yield f"criticality: {applied.criticality}"
        yield f"retries: {applied.retried}"
        yield f"trailers: {applied.trailers}"
    limits = ", ".join(f"{name} {'none' if value is None else value}" for name, value in applied.limits.items())
    yield f"limits: {limits}"
    keep = f", and {', '.join(applied.trace_keep)} are kept" if applied.trace_keep else ""
    yield f"traces: {_percent(applied.trace_sample_ratio)} sampled{keep}; incoming context: {applied.trust_incoming}"
    yield f"access log: {_percent(applied.log_sample_ratio)} of successes"
    if applied.slo_availability is not None:
        yield f"objective: {_percent(applied.slo_availability)} without failure"
    if applied.slo_latency_target is not None:
        yield f"objective: {_percent(applied.slo_latency_target)} under {_duration(applied.slo_latency_under_ms)}"


def _fault(fault: FaultView) -> str:
    some = f"{_percent(fault.share)} of the requests{' whose headers match' if fault.is_conditional else ''}"
    if fault.kind == "delay":
        return f"{some} are held back for {_duration(fault.delay_ms)}"
    return f"{some} are answered with {fault.status}"


def _edits(of: str, edit: HeaderEditView | None) -> Iterator[str]:
    if edit is None:
        return
    yield from (f"{of} header: remove {name}" for name in edit.remove)
    yield from (f"{of} header: set {name}: {value}" for name, value in edit.set.items())
    yield from (f"{of} header: add {name}: {value}" for name, value in edit.add)


def _duration(milliseconds: float | None) -> str:
    return "none" if milliseconds is None else f"{milliseconds:g} ms"


def _percent(ratio: float) -> str:
    return f"{100 * ratio:.6g}%"


def _choice(choice: UpstreamChoiceView) -> Iterator[str]:
    place = f" ({_place(choice.place)})" if choice.place is not None else ""
    chosen = f": {choice.chosen}" if choice.chosen is not None else ""
    yield f"upstream {choice.upstream}{place}, {_percent(choice.share)} of the requests: {choice.rule}{chosen}"
    yield from (_endpoint(endpoint) for endpoint in choice.endpoints)
    if choice.endpoints_left_out:
        yield f"  and {choice.endpoints_left_out} more"


def _endpoint(endpoint: EndpointChoiceView) -> str:
    mark = "+" if endpoint.eligible else "-"
    load = ""
    if endpoint.in_flight is not None:
        load = f"; {endpoint.in_flight} in flight, {endpoint.connections} connections, {endpoint.pending} waiting"
    return f"  {mark} {endpoint.address} (weight {endpoint.weight}{load}): {endpoint.because}"
