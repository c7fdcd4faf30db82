"""The endpoints of all upstreams as rows, the unhealthy first."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from console.render.amounts import UNKNOWN, age, count, counted, milliseconds, percent, rate, window
from console.render.cells import Cell, Severity, glyph, spark
from console.render.grid import Grid, GridColumn, GridRow
from console.render.health.circuit import circuit_cell, shut_out
from console.render.health.sentences import since, verb, when
from console.render.health.tiles import squeezed
from console.state import reading
from console.state.health.endpoints import EndpointHealth, health_of_endpoints
from console.state.health.looking import upstreams_seen
from console.state.model import Model
from gateway.wire.upstream_views import EndpointView, UpstreamListView, UpstreamView

_SPARK: Final = 12
_COLUMNS: Final = (
    GridColumn("", 1),
    GridColumn("UPSTREAM", 12, 2, grows=True, most=32),
    GridColumn("ENDPOINT", 16),
    GridColumn("STATE", 8),
    GridColumn("CIRCUIT", 9, 6),
    GridColumn("REASON", 20, 1, grows=True, is_prose=True),
    GridColumn("SINCE", 9, 3, is_number=True),
    GridColumn("CHECKED", 7, 10, is_number=True),
    GridColumn("ZONE", 6, 11),
    GridColumn("WEIGHT", 6, 6, is_number=True),
    GridColumn("BUSY", 4, 7, is_number=True),
    GridColumn("RPS", 6, 4, is_number=True),
    GridColumn("", _SPARK, 9),
    GridColumn("ERR", 6, is_number=True),
    GridColumn("P99", 6, 5, is_number=True),
    GridColumn("POOL", 8, 8, is_number=True),
    GridColumn("EJECTED", 7, 12, is_number=True),
)
_WHERE_THERE_IS_ONE: Final[dict[str, Callable[[UpstreamView], bool]]] = {
    "CIRCUIT": lambda upstream: upstream.circuit is not None,
    "CHECKED": lambda upstream: any("active" in endpoint.checks for endpoint in upstream.endpoints),
    "ZONE": lambda upstream: any(endpoint.zone for endpoint in upstream.endpoints),
    "EJECTED": lambda upstream: any(endpoint.ejections for endpoint in upstream.endpoints),
}
"""Columns that nobody needs who has configured nothing of it."""
NO_CHECKS: Final = "No health check configured: state from live traffic only"


def upstream_grid(model: Model, wanted: str, *, ascii_only: bool) -> Grid:
    """wanted: part of the name of an upstream or of an address; empty for all."""
    view = upstreams_seen(model)
    if view is None:
        problem = model.get(reading.upstreams(model.window_s, model.at_s)).problem
        return Grid(_COLUMNS, (), f"waiting for the gateway's upstreams{f': {problem}' if problem else ''}")
    objects = {(each.name, of.address): (each, of) for each in view.upstreams for of in each.endpoints}
    if not objects:
        return Grid(_COLUMNS, (), "the configuration has no upstream: all routes answer by themselves")
    found = sorted(health_of_endpoints(model, view.upstreams), key=lambda each: each.rank)
    shown = [each for each in found if wanted in f"{each.upstream}/{each.address}"]
    places = [
        place
        for place, column in enumerate(_COLUMNS)
        if column.title not in _WHERE_THERE_IS_ONE or any(map(_WHERE_THERE_IS_ONE[column.title], view.upstreams))
    ]
    cells = [_cells(each, *objects[each.upstream, each.address], model.now_s, ascii_only=ascii_only) for each in shown]
    rows = [
        GridRow(f"{each.upstream}/{each.address}", tuple(row[place] for place in places))
        for each, row in zip(shown, cells, strict=True)
    ]
    columns = tuple(_COLUMNS[place] for place in places)
    return Grid(columns, rows, f"No endpoint matches {wanted!r}. {len(found)} hidden by filter", headline(found, view))


def headline(found: list[EndpointHealth], view: UpstreamListView) -> str:
    """How many there are, how many of them are not well, and how that is known."""
    words: dict[str, int] = {}
    for each in sorted(found, key=lambda each: each.rank):
        words[each.word] = words.get(each.word, 0) + 1
    told = ", ".join(f"{number} {'with errors' if word == 'errors' else word}" for word, number in words.items())
    there_are = f"{counted(len(view.upstreams), 'upstream')}, {counted(len(found), 'endpoint')}"
    return f"{there_are}: {told}; {window(view.window_s, view.at)}\n{_known_by(view)}"


def _known_by(view: UpstreamListView) -> str:
    """Of how many endpoints the health is checked, and which upstreams use whatever they have."""
    endpoints = [endpoint for upstream in view.upstreams for endpoint in upstream.endpoints]
    checked = sum(bool(endpoint.checks) for endpoint in endpoints)
    if not checked:
        return NO_CHECKS
    panic = [upstream.name for upstream in view.upstreams if upstream.panic]
    told = (
        f"Health is checked of {'all' if checked == len(endpoints) else f'{count(checked)} of {count(len(endpoints))}'}"
    )
    return f"{told}; PANIC, all endpoints are used: {', '.join(panic)}" if panic else told


def checked_how(endpoint: EndpointView, now_s: float) -> str:
    """`active health checks, last 200 in 3 ms 4s ago, ejected 2 times`; what is configured where nothing is to be said yet."""
    if not endpoint.checks:
        return NO_CHECKS
    told = [f"{' and '.join(endpoint.checks)} health checks"]
    if endpoint.last_check is not None:
        last = endpoint.last_check
        told.append(f"last {last.evidence or last.result} {age(_ago_s(last.at, now_s))} ago")
    elif "active" in endpoint.checks:
        told.append("not checked yet")
    if endpoint.ejections:
        told.append(f"ejected {counted(endpoint.ejections, 'time')}")
    return ", ".join([*told, *_starting(endpoint)])


def _starting(endpoint: EndpointView) -> list[str]:
    share = endpoint.slow_start_share
    return [f"starts slowly, at {percent(share)} of its share"] if share is not None else []


def _ago_s(moment: str, now_s: float) -> float:
    return max(0.0, now_s - datetime.fromisoformat(moment).timestamp())


def reason(health: EndpointHealth, endpoint: EndpointView) -> str:
    """Why it is in its state, in words; of one that is ejected also until when."""
    back = endpoint.ejected_until if health.word == "ejected" else None
    if back is None:
        return _why(health, endpoint)
    back_s = datetime.fromisoformat(back).timestamp()
    return f"{_why(health, endpoint)}, until {when(back_s, back_s)}"


def _why(health: EndpointHealth, endpoint: EndpointView) -> str:
    who = f" by {endpoint.actor}" if endpoint.actor else ""
    note = f": {endpoint.note}" if endpoint.note else ""
    told = ", ".join(f"{each.reason} x{count(each.count)}" for each in health.failures)
    match health.word:
        case "draining":
            return f"drained{who}{note}"
        case "down" | "ejected":
            return f"{endpoint.reason or health.word}{who}{note}"
        case "slow":
            return f"p99 {milliseconds(health.p99_ms)}, peer {milliseconds(health.others_p99_ms)}"
        case "failing" | "errors":
            is_over = f" until {when(health.until_s, health.until_s)}, it is over" if health.until_s is not None else ""
            return f"{told or verb('')}{is_over}"
        case "unknown":
            return "not checked yet, no traffic" if endpoint.checks else "no traffic, no health check"
        case "up":
            return f"{told} in the last minute" if told else _standing(endpoint)


def _standing(endpoint: EndpointView) -> str:
    """What an operator has set on one that is well, and whether it gets all of its share."""
    weighed = [
        f"weight {endpoint.configured_weight} -> {endpoint.weight} by {each.actor}"
        for each in endpoint.overrides
        if each.kind == "weight"
    ]
    return ", ".join([*weighed, *_starting(endpoint)])


def _cells(
    health: EndpointHealth, upstream: UpstreamView, endpoint: EndpointView, now_s: float, *, ascii_only: bool
) -> tuple[Cell, ...]:
    """One for each column there can be."""
    severity: Severity = health.severity
    shut = "" if health.word in ("down", "ejected", "draining") else shut_out(upstream)
    recent = endpoint.recent
    pool = f"{count(endpoint.connections_active)}+{count(endpoint.connections_idle)}"
    return (
        glyph(severity, ascii_only=ascii_only),
        Cell(upstream.name, "strong" if severity == "crit" else "plain"),
        Cell(endpoint.address),
        Cell(health.word, severity if severity != "ok" else "plain"),
        circuit_cell(upstream),
        Cell(shut or reason(health, endpoint), "plain" if shut or health.is_troubled else "dim"),
        Cell(since(health, now_s), "dim"),
        _checked(endpoint, now_s),
        Cell(endpoint.zone, "dim"),
        Cell(count(endpoint.weight), "warn" if endpoint.weight != endpoint.configured_weight else "plain"),
        Cell(count(endpoint.in_flight)),
        Cell(rate(recent.rate) if health.word != "unknown" else UNKNOWN),
        Cell(spark(squeezed(endpoint.spark, _SPARK), _SPARK, ascii_only=ascii_only), "accent"),
        Cell(percent(recent.error_ratio), severity if health.word in ("failing", "errors") else "plain"),
        Cell(milliseconds(recent.p99_ms), "warn" if health.word == "slow" else "plain"),
        Cell(pool, "dim"),
        Cell(f"{count(endpoint.ejections)}x" if endpoint.ejections else UNKNOWN, "dim"),
    )


def _checked(endpoint: EndpointView, now_s: float) -> Cell:
    """How long ago; what was found where that was not well."""
    last = endpoint.last_check
    if last is None:
        return Cell(UNKNOWN if "active" in endpoint.checks else "", "dim")
    return Cell(age(_ago_s(last.at, now_s)), "dim" if last.result == "ok" else "warn")
