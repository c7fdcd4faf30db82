"""One endpoint: its state in a sentence, its figures, its course and what happened to it."""

from datetime import datetime
from typing import Final

from console.render.amounts import count, milliseconds, percent, rate
from console.render.cells import Cell, glyph
from console.render.grid import Grid, GridColumn, GridRow
from console.render.health.circuit import circuit_cell, circuit_line, panic_line
from console.render.health.plot import Course, plot
from console.render.health.sentences import when
from console.render.health.upstream_grid import checked_how, reason
from console.state.health.endpoint_page import EndpointPage
from gateway.wire.upstream_views import EndpointView, UpstreamView

_INCIDENTS: Final = (
    GridColumn("TIME", 12),
    GridColumn("WHAT", 18, 1),
    GridColumn("TOLD", 30, grows=True, is_prose=True),
    GridColumn("BY", 10, 2),
)
_STATES: Final = {"errors": "has errors", "unknown": "has no traffic"}
"""Of states that are no adjectives."""
_LEAST_PLOT: Final = 2
_PLOTS: Final = 3


def endpoint_sentence(page: EndpointPage, now_s: float) -> str:
    """`10.0.1.7:9001 of orders is failing: connect_refused x12, since 14:02:10`."""
    health = page.health
    why = reason(health, page.endpoint)
    begins = "began" if health.until_s is not None else "since before" if health.is_earlier else "since"
    since = f", {begins} {when(health.since_s, now_s)}" if health.since_s is not None else ""
    state = _STATES.get(health.word, f"is {health.word}") if health.until_s is None else "had errors"
    return f"{health.address} of {health.upstream} {state}{f': {why}' if why else ''}{since}"


def endpoint_lines(page: EndpointPage, now_s: float, *, ascii_only: bool) -> list[list[Cell]]:
    """The sentence and the figures."""
    endpoint, recent = page.endpoint, page.endpoint.recent
    severity = page.health.severity
    weight = f"weight {endpoint.weight}"
    if endpoint.weight != endpoint.configured_weight:
        weight += f" (configured {endpoint.configured_weight})"
    figures = (
        f" {rate(recent.rate)}/s, {percent(recent.error_ratio)} errors, p50 {milliseconds(recent.p50_ms)}, "
        f"p95 {milliseconds(recent.p95_ms)}, p99 {milliseconds(recent.p99_ms)}"
    )
    standing = (
        f" {weight}, {count(endpoint.in_flight)} running, {count(endpoint.pending)} waiting, connections "
        f"{count(endpoint.connections_active)} busy + {count(endpoint.connections_idle)} idle{_placed(endpoint)}"
    )
    return [
        [
            glyph(severity, ascii_only=ascii_only),
            Cell(f" {endpoint_sentence(page, now_s)}", severity if severity != "ok" else "strong"),
        ],
        [Cell(figures)],
        [Cell(standing)],
        [Cell(f" {checked_how(page.endpoint, now_s)}", "dim")],
        *guard_lines(page.upstream),
    ]


def guard_lines(upstream: UpstreamView) -> list[list[Cell]]:
    """What holds for all endpoints of its upstream: panic, and the circuit where there is one."""
    lines = [[Cell(f" {panic_line(upstream)}", "crit")]] if upstream.panic else []
    if upstream.circuit is not None:
        lines.append([Cell(f" {circuit_line(upstream.circuit)}", circuit_cell(upstream).severity)])
    return lines


def _placed(endpoint: EndpointView) -> str:
    """`; zone eu-1a, group 1, version=2`; empty where nothing of it is configured."""
    labels = [f"{name}={value}" for name, value in endpoint.labels.items()]
    group = f"group {endpoint.priority}" if endpoint.priority else ""
    told = [f"zone {endpoint.zone}" if endpoint.zone else "", group, *labels]
    return f"; {', '.join(filter(None, told))}" if any(told) else ""


def endpoint_plots(page: EndpointPage, width: int, height: int, *, ascii_only: bool) -> list[list[Cell]]:
    """As many of rate, errors and p99 as there is room for, errors first."""
    if page.course is None:
        return [[Cell(" waiting for its course", "dim")]]
    points = page.course.points
    courses: list[Course] = [
        ("errors", [point.error_ratio for point in points], percent),
        ("p99", [point.p99_ms for point in points], milliseconds),
        ("tries/s", [point.rate for point in points], rate),
    ]  # fmt: skip
    number = max(1, min(_PLOTS, height // (_LEAST_PLOT + 1)))
    each = max(1, height // number - 1)
    lines = []
    for title, values, told in courses[:number]:
        lines += plot(
            title, values, width, each, told, severity="crit" if title == "errors" else "accent", ascii_only=ascii_only
        )
    return lines


def incident_grid(page: EndpointPage, now_s: float) -> Grid:
    """Newest first."""
    rows = [
        GridRow(
            str(incident.id),
            (Cell(when(datetime.fromisoformat(incident.at).timestamp(), now_s)), Cell(incident.kind.replace("_", " ")),
             Cell(incident.text), Cell(incident.actor, "dim")),
        )
        for incident in page.incidents
    ]  # fmt: skip
    return Grid(
        _INCIDENTS,
        rows,
        "nothing has happened to it that is remembered: no ejection, no drain, no change of its addresses",
    )
