"""What can be copied of each kind of thing, one letter each: a table. What is not known of it is not offered."""

from collections.abc import Callable
from typing import Final, NamedTuple, TypeAlias, TypeVar

import msgspec

from console.render.changes.differences import difference_text
from console.render.copying.found import (
    FINDERS,
    alert_of,
    exchange_of,
    incident_of,
    objectives_of,
    record_of,
    revision_detail_of,
    revision_of,
    route_of,
    status_of,
    unmatched_of,
    worker_of,
)
from console.render.copying.texts import (
    burn_query,
    curl_like,
    curl_of,
    curl_to,
    json_text,
    matchers,
    p99_query,
    requests_query,
    rule_text,
    traceparent_of,
)
from console.render.table import plain
from console.state.model import Model
from console.state.raw import raw_object
from console.state.selection import Selection, SelectionKind
from gateway.wire.changes import IncidentView, RevisionDetailView
from gateway.wire.live import AccessLine
from gateway.wire.logs import LogRecordView
from gateway.wire.slo import Sli

T = TypeVar("T")
_Tell: TypeAlias = Callable[[Selection, Model], str]


class Copy(NamedTuple):
    """`is_command`: of sightline, and to be completed by what leads to this gateway."""

    key: str
    label: str
    text: str
    is_command: bool = False


class _Form(NamedTuple):
    """`tell` gives nothing where there is none."""

    key: str
    label: str
    tell: _Tell
    is_command: bool = False


def copies_of(selection: Selection, model: Model) -> list[Copy]:
    """The likeliest first. Texts are of now: what is selected may be gone when the letter is pressed."""
    forms = _FORMS.get(selection.kind, ())
    made = [Copy(form.key, form.label, form.tell(selection, model), form.is_command) for form in forms]
    return [each for each in made if each.text]


def _known(find: Callable[[Selection, Model], T | None], tell: Callable[[T], str]) -> _Tell:
    """What is to be told of what is found."""

    def text(selection: Selection, model: Model) -> str:
        found = find(selection, model)
        return tell(found) if found is not None else ""

    return text


def _sent_to(find: Callable[[Selection, Model], T | None], tell: Callable[[T, list[str]], str]) -> _Tell:
    """The same of a request to the gateway's listeners."""

    def text(selection: Selection, model: Model) -> str:
        found = find(selection, model)
        return tell(found, _addresses(model)) if found is not None else ""

    return text


def _addresses(model: Model) -> list[str]:
    return [each.address for each in model.status.listeners] if model.status is not None else []


def _name(selection: Selection, _model: Model) -> str:
    return selection.name


def _json(selection: Selection, model: Model) -> str:
    return json_text(FINDERS[selection.kind](selection, model))


def _twin(selection: Selection, _model: Model) -> str:
    found = raw_object(f"{selection.kind}:{selection.name}")
    return found.twin.removesuffix(" --json") if found is not None else ""


def _curl_of_exchange(selection: Selection, model: Model) -> str:
    line = exchange_of(selection, model)
    return curl_of(line, _addresses(model)) if line is not None else ""


def _traceparent(selection: Selection, model: Model) -> str:
    line = exchange_of(selection, model)
    return traceparent_of(line) if isinstance(line, AccessLine) and line.trace_id and line.span_id else ""


def _requests_of_route(selection: Selection, model: Model) -> str:
    return requests_query("sightline_http_requests_total", "code, source", {"route": selection.name}, model.window_s)


def _p99_of_route(selection: Selection, model: Model) -> str:
    return p99_query("sightline_http_request_duration_seconds", {"route": selection.name}, model.window_s)


def _requests_of_upstream(selection: Selection, model: Model) -> str:
    labels = {"upstream": selection.upstream or selection.name}
    labels |= {"endpoint": selection.endpoint} if selection.endpoint else {}
    return requests_query("sightline_upstream_requests_total", "class, reason", labels, model.window_s)


def _p99_of_upstream(selection: Selection, model: Model) -> str:
    return p99_query("sightline_upstream_request_duration_seconds", {"upstream": selection.name}, model.window_s)


def _full_name(selection: Selection, _model: Model) -> str:
    """As `:drain` takes it."""
    return f"{selection.upstream}/{selection.name}" if selection.upstream else ""


def _difference(detail: RevisionDetailView) -> str:
    return difference_text(detail.changes) if detail.changes is not None else ""


def _twin_of_revision(selection: Selection, model: Model) -> str:
    detail = revision_detail_of(selection, model)
    if detail is None or detail.previous is None:
        return "sightline changes"
    return f"sightline diff {detail.previous.sequence} {selection.name}"


def _sentence(incident: IncidentView) -> str:
    return f"{incident.at} {plain(incident.text)}"


def _burn(sli: Sli) -> _Tell:
    def text(selection: Selection, model: Model) -> str:
        found = next((each for each in objectives_of(selection, model) if each.sli == sli), None)
        return burn_query(found, model.window_s) if found is not None else ""

    return text


def _said(record: LogRecordView) -> str:
    """As people write it: time, level, event and its facts."""
    facts = "".join(f" {name}={msgspec.json.encode(value).decode()}" for name, value in record.fields.items())
    return plain(f"{record.at} {record.level} {record.event}{facts}")


def _explained(selection: Selection, _model: Model) -> str:
    url = selection.name.replace("*", "1")
    return f"sightline explain GET '{url}'" if url.isprintable() and "'" not in url else ""


_JSON: Final = _Form("j", "json", _json)
_FILTER: Final = _Form("f", "filter", lambda selection, _: selection.filter)
_TWIN: Final = _Form("y", "cli", _twin, is_command=True)
_TRACE: Final = _Form("r", "trace", lambda selection, _: selection.trace_id)
_FORMS: Final[dict[SelectionKind, tuple[_Form, ...]]] = {
    "route": (
        _Form("i", "name", _name),
        _Form("c", "curl", _sent_to(route_of, curl_to)),
        _Form("q", "promql", _requests_of_route),
        _Form("p", "p99", _p99_of_route),
        _JSON, _FILTER, _TWIN,
    ),
    "upstream": (
        _Form("i", "name", _name),
        _Form("q", "promql", _requests_of_upstream),
        _Form("p", "p99", _p99_of_upstream),
        _JSON, _FILTER, _TWIN,
    ),
    "endpoint": (
        _Form("i", "address", _name),
        _Form("n", "full", _full_name),
        _Form("q", "promql", _requests_of_upstream),
        _JSON, _FILTER,
        _Form("y", "cli", lambda selection, _: f"sightline upstreams {selection.upstream}".rstrip(), is_command=True),
    ),
    "exchange": (
        _Form("i", "id", _name),
        _Form("c", "curl", _curl_of_exchange),
        _Form("t", "traceparent", _traceparent),
        _TRACE, _JSON, _TWIN,
    ),
    "revision": (
        _Form("i", "revision", _known(revision_of, lambda revision: revision.revision)),
        _Form("n", "number", _name),
        _Form("d", "diff", _known(revision_detail_of, _difference)),
        _JSON,
        _Form("y", "cli", _twin_of_revision, is_command=True),
    ),
    "incident": (_Form("i", "sentence", _known(incident_of, _sentence)), _Form("n", "number", _name), _JSON, _TWIN),
    "node": (
        _Form("i", "name", _name), _Form("v", "revision", _known(status_of, lambda status: status.revision)), _JSON, _TWIN,
    ),
    "worker": (
        _Form("i", "name", _name), _Form("p", "pid", _known(worker_of, lambda worker: str(worker.pid or ""))), _JSON, _TWIN,
    ),
    "objective": (
        _Form("i", "route", _name),
        _Form("u", "rule", lambda selection, model: rule_text(objectives_of(selection, model))),
        _Form("q", "burn query", _burn("availability")),
        _Form("p", "of latency", _burn("latency")),
        _JSON, _TWIN,
    ),
    "alert": (
        _Form("i", "name", _name),
        _Form("m", "matchers", _known(alert_of, lambda alert: matchers({"alertname": alert.name} | alert.labels))),
        _Form("t", "summary", _known(alert_of, lambda alert: plain(alert.summary))),
        _Form("b", "runbook", _known(alert_of, lambda alert: plain(alert.runbook))),
        _JSON,
    ),
    "log": (
        _Form("i", "line", _known(record_of, _said)),
        _JSON, _TRACE,
        _Form("q", "request id", lambda selection, _: selection.request_id),
        _TWIN,
    ),
    "unmatched": (
        _Form("i", "url", _name),
        _Form(
            "c", "curl",
            _sent_to(unmatched_of, lambda row, addresses: curl_like(f"http://{row.host}{row.path}", row.last_method, addresses)),
        ),
        _JSON,
        _Form("y", "cli", _explained, is_command=True),
    ),
}  # fmt: skip
