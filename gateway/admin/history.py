"""The call about the recent past: rates, failures and percentiles of one series, step by step."""

from datetime import datetime
from typing import Final, get_args

from aiohttp import web

from gateway.admin import examples
from gateway.admin.operations import Answer, Call, Operation, Parameter, json_response
from gateway.admin.problem import Problem, ProblemReason
from gateway.config.configuration import Role
from gateway.config.forms.scalars import parse_duration
from gateway.model.clock import SECOND_NS
from gateway.telemetry.history.look import NOW
from gateway.wire.history import FailureView, HistoryPointView, HistoryView, SeriesKind
from gateway.wire.views import ProblemView

_KEYS: Final = frozenset({"kind", "name", "window", "step", "end"})
_KINDS: Final[dict[str, SeriesKind]] = {kind: kind for kind in get_args(SeriesKind)}
_LONGEST_S: Final = 6 * 3600
_HOUR_S: Final = 3600
_MOST_POINTS: Final = 1000
_INTERNAL: Final = frozenset({"_unmatched", "_overflow"})


async def history(call: Call) -> web.StreamResponse:
    query = call.request.query
    if set(query) - _KEYS:
        raise _refused(f"a query parameter is not known; there are: {', '.join(sorted(_KEYS))}")
    kind = _KINDS.get(query.get("kind", "gateway"))
    if kind is None:
        raise _refused(f"kind must be one of {', '.join(_KINDS)}")
    name = query.get("name", "")
    if not await _exists(call, kind, name):
        raise Problem(
            ProblemReason.NOT_FOUND,
            f"there is no {kind} of this name with figures of its own, and there was none lately",
        )
    window_s = _seconds("window", query.get("window", "5m"))
    if window_s > _LONGEST_S:
        raise _refused("window must be at most 6h")
    step = query.get("step")
    step_s = _seconds("step", step) if step is not None else 10 if window_s <= _HOUR_S else 60
    if window_s // step_s > _MOST_POINTS:
        raise _refused(f"window and step must come to at most {_MOST_POINTS} points")
    end = query.get("end")
    past = call.state.history
    end_s = past.now_s if end is None else min(_time(end), past.now_s)
    try:
        return json_response(past.read((kind, name), end_s - window_s, end_s, step_s))
    except ValueError as refusal:
        raise _refused(str(refusal)) from refusal


async def _exists(call: Call, kind: SeriesKind, name: str) -> bool:
    if kind == "gateway":
        return not name
    if call.state.history.find((kind, name)) is not None:
        return True
    if kind == "route":
        route = await call.state.route(name, NOW)
        return name in _INTERNAL or (route is not None and route.is_counted)
    upstream, _, address = name.partition("/")
    view = await call.state.upstream(upstream, NOW)
    if view is None or kind == "upstream":
        return view is not None and not address
    return any(endpoint.address == address for endpoint in view.endpoints)


def _seconds(name: str, text: str) -> int:
    try:
        seconds, rest = divmod(parse_duration(text), SECOND_NS)
    except ValueError:
        seconds, rest = 0, 0
    if seconds < 1 or rest:
        raise _refused(f"{name} must be a duration of whole seconds, such as 10s or 5m")
    return seconds


def _time(text: str) -> int:
    """Unix seconds, or RFC 3339."""
    if text.isascii() and text.isdecimal() and len(text) <= 11:
        return int(text)
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is not None:
            return int(at.timestamp())
    except (ValueError, OverflowError):
        pass
    raise _refused("end must be a time such as 2026-01-31T08:00:00Z, or Unix seconds")


def _refused(detail: str) -> Problem:
    return Problem(ProblemReason.BAD_REQUEST, detail)


_POINT: Final = HistoryPointView(
    at="2026-01-31T08:00:00Z",
    seconds=10,
    requests=1200,
    rate=120.0,
    errors=3,
    error_ratio=0.0025,
    failures=[FailureView(source="upstream", reason="connect_refused", count=3)],
    in_flight=4,
    bytes_in=134_400,
    bytes_out=873_600,
    mean_ms=9.8,
    p50_ms=7.9,
    p95_ms=21.4,
    p99_ms=48.2,
    p999_ms=180.1,
    overhead_p99_ms=0.42,
)

EXAMPLE: Final = HistoryView(
    kind="route",
    name="orders",
    start="2026-01-31T08:00:00Z",
    end="2026-01-31T08:00:10Z",
    step_s=10,
    resolution_s=10,
    complete_since="2026-01-31T07:12:03Z",
    is_complete=True,
    total=_POINT,
    points=[_POINT],
)

OPERATIONS: Final = (
    Operation(
        "GET",
        "/api/v1/history",
        "history",
        "Rate, failures and percentiles of the gateway, a route, an upstream or an endpoint, in steps and as a whole.",
        history,
        Role.VIEWER,
        (
            Answer(200, "The series, exact over all workers.", HistoryView, EXAMPLE),
            Answer(404, "No object has this name.", ProblemView, examples.NOT_FOUND, "application/problem+json"),
        ),
        (
            Parameter(
                "kind",
                "query",
                "What the series is of.",
                {"type": "string", "enum": list(_KINDS), "default": "gateway"},
                "route",
            ),
            Parameter(
                "name",
                "query",
                "Name in the configuration, or `_unmatched`; an endpoint's is `upstream/address`. None for the gateway.",
                {"type": "string"},
                "orders",
            ),
            Parameter("window", "query", "How far back, at most 6h.", {"type": "string", "default": "5m"}, "5m"),
            Parameter(
                "step",
                "query",
                "Seconds are kept for 5 minutes, multiples of 10s for an hour, multiples of 60s for 6 hours.",
                {"type": "string"},
                "10s",
            ),
            Parameter("end", "query", "RFC 3339 or Unix seconds; now if absent.", {"type": "string"}, "1769846400"),
        ),
    ),
)
