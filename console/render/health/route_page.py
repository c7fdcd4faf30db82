"""The page of one route: verdict, bars, figures, endpoints, course, configuration, comparison."""

from typing import Final

from console.render.amounts import UNKNOWN, age, count, milliseconds, percent, rate
from console.render.cells import Cell, Severity, glyph
from console.render.grid import Grid, GridColumn, GridRow
from console.render.health.overview_grids import versus
from console.render.health.plot import Course, plot
from console.render.health.upstream_grid import reason
from console.render.health.verdicts import severity_of, split_line, status_line, verdict_sentence
from console.render.policies import policies_line
from console.render.routes import leads_to, match_in_words
from console.state.health.route_page import Place, RoutePage
from gateway.wire.changes import FiguresView
from gateway.wire.history import RecentView

HEAD: Final = 6
_ENDPOINTS: Final = (
    GridColumn("", 1),
    GridColumn("ENDPOINT", 21),
    GridColumn("STATE", 8),
    GridColumn("RPS", 6, 2, is_number=True),
    GridColumn("ERR", 6, is_number=True),
    GridColumn("P99", 7, is_number=True),
    GridColumn("VS PREV", 7, 3, is_number=True),
    GridColumn("REASON", 14, 1, grows=True, is_prose=True),
)
_SETTINGS: Final = (GridColumn("EFFECTIVE CONFIGURATION", 24), GridColumn("", 12, grows=True, is_prose=True))
_COMPARISON: Final = (
    GridColumn("COMPARE", 7, is_prose=True, grows=True),
    GridColumn("NOW", 7, is_number=True),
    GridColumn("BEFORE", 7, is_number=True),
    GridColumn("CHANGE", 6, is_number=True),
    GridColumn("REV BEFORE", 8, 1, is_number=True),
    GridColumn("REV AFTER", 8, 1, is_number=True),
    GridColumn("CHANGE", 6, 2, is_number=True),
)
COMPARED_IN: Final = 58
"""Columns that all of a comparison takes."""
_LEAST_PLOT: Final = 3


def head_lines(page: RoutePage, width: int, now_s: float, *, ascii_only: bool) -> list[list[Cell]]:
    """The verdict in up to two lines, what the route is, its figures, where time and answers went, and, where it does more than
    to forward, that: HEAD lines, or one more."""
    route, recent, found = page.route, page.route.recent, page.verdict
    sentence = verdict_sentence(found, now_s) if found is not None else "waiting for its figures"
    severity = severity_of(found) if found is not None else "dim"
    first, second = _wrapped(sentence, width - 3)
    shown = "strong" if severity == "ok" else severity
    what = f" {route.name} ({route.place.file.rpartition('/')[2]}:{route.place.line})  {match_in_words(route)}  -> {leads_to(route)}"
    lines = [
        [glyph(severity, ascii_only=ascii_only), Cell(f" {first}", shown)],
        *([[Cell(f"  {second}", shown)]] if second else []),
        [Cell(what, "dim")],
        _figures(recent, route.previous),
        split_line(found, width, ascii_only=ascii_only) if found is not None else [],
        status_line(recent, width, ascii_only=ascii_only),
    ]
    policies = policies_line(route)
    lines += [policies] if policies else []
    return lines if len(lines) >= HEAD else [*lines, []]


def _wrapped(text: str, width: int) -> tuple[str, str]:
    """Two lines, broken at a space."""
    if len(text) <= width:
        return text, ""
    place = text.rfind(" ", 0, width + 1)
    return (text[:place], text[place + 1 :]) if place > 0 else (text[:width], text[width:])


def _figures(recent: RecentView, before: RecentView | None) -> list[Cell]:
    cells = [
        Cell(f" {rate(recent.rate)}/s  p50 {milliseconds(recent.p50_ms)}  p95 {milliseconds(recent.p95_ms)}  "),
        Cell(f"p99 {milliseconds(recent.p99_ms)}", "strong"),
    ]
    if before is not None and before.p99_ms is not None:
        cells += [Cell(" ("), versus(before.p99_ms, recent.p99_ms), Cell(" before)")]
    own = f"  p99.9 {milliseconds(recent.p999_ms)}  gateway's own p99 {milliseconds(recent.overhead_p99_ms)}"
    return [*cells, Cell(own, "dim")]


def endpoint_grid(page: RoutePage, *, ascii_only: bool) -> Grid:
    rows = [_endpoint_row(place, ascii_only=ascii_only) for place in page.places]
    return Grid(_ENDPOINTS, rows, "it has no upstream: the gateway answers by itself")


def _endpoint_row(place: Place, *, ascii_only: bool) -> GridRow:
    endpoint, health, recent = place.endpoint, place.health, place.endpoint.recent
    severity = health.severity
    before = endpoint.previous.p99_ms if endpoint.previous is not None else None
    return GridRow(
        f"{place.upstream.name}/{endpoint.address}",
        (
            glyph(severity, ascii_only=ascii_only),
            Cell(endpoint.address),
            Cell(health.word, severity if severity != "ok" else "plain"),
            Cell(rate(recent.rate)),
            Cell(percent(recent.error_ratio)),
            Cell(milliseconds(recent.p99_ms), "warn" if health.word == "slow" else "plain"),
            versus(before, recent.p99_ms),
            Cell(reason(health, endpoint), "plain" if health.is_troubled else "dim"),
        ),
    )


def settings_grid(page: RoutePage) -> Grid:
    """Every key in force; the object is defined at one place of the file, which the head tells."""
    rows = [GridRow(each.key, (Cell(each.key), Cell(each.value))) for each in page.settings]
    return Grid(_SETTINGS, rows, "waiting for the configuration")


def comparison_grid(page: RoutePage) -> Grid:
    """Now against the window before, and before against after the revision that runs."""
    now, before = page.route.recent, page.route.previous
    compared = page.comparison
    old = compared.before if compared is not None else None
    new = compared.after if compared is not None else None
    number = page.sequence
    titles = (f"ALL <{number}", f"ALL {number}") if _is_of_all(page) else (f"<REV {number}", f"REV {number}")
    rows = [
        _compared("rps", (now.rate, before.rate if before else None), (old, new), "rate"),
        _compared("5xx", (now.error_ratio, before.error_ratio if before else None), (old, new), "error_ratio"),
        _compared("p50", (now.p50_ms, before.p50_ms if before else None), (old, new), "p50_ms"),
        _compared("p99", (now.p99_ms, before.p99_ms if before else None), (old, new), "p99_ms"),
    ]
    titled = [
        *_COMPARISON[:4],
        _COMPARISON[4]._replace(title=titles[0]),
        _COMPARISON[5]._replace(title=titles[1]),
        _COMPARISON[6],
    ]
    return Grid(tuple(titled), rows)


def comparison_told(page: RoutePage, window_s: int) -> str:
    """What its columns are."""
    number, window = page.sequence, age(window_s)
    told = f"<REV {number} and REV {number}: before and after it came to run"
    if _is_of_all(page):
        told = f"rev {number} did not change this route, so ALL is the whole gateway before and after it"
    return f"BEFORE: the {window} before these {window}; {told}"


def _is_of_all(page: RoutePage) -> bool:
    return page.comparison is not None and page.comparison.kind != "route"


def _compared(
    name: str,
    window: tuple[float | None, float | None],
    revision: tuple[FiguresView | None, FiguresView | None],
    key: str,
) -> GridRow:
    told = {"rps": rate, "5xx": percent}.get(name, milliseconds)
    old, new = (getattr(each, key) if each is not None else None for each in revision)
    return GridRow(
        name,
        (Cell(name), Cell(told(window[0])), Cell(told(window[1])), versus(window[1], window[0]), Cell(told(old)), Cell(told(new)),
         versus(old, new)),
    )  # fmt: skip


def plots(page: RoutePage, width: int, height: int, *, ascii_only: bool) -> list[list[Cell]]:
    """p99 first, then errors, then rate, as there is room."""
    if page.course is None:
        return [[Cell(" waiting for its course", "dim")]]
    points = page.course.points
    courses: list[Course] = [
        ("p99", [point.p99_ms for point in points], milliseconds),
        ("5xx", [point.error_ratio for point in points], percent),
        ("rps", [point.rate for point in points], rate),
    ]  # fmt: skip
    number = max(1, min(len(courses), height // (_LEAST_PLOT + 1)))
    each = max(1, height // number - 1)
    lines = []
    for title, values, told in courses[:number]:
        severity: Severity = "crit" if title == "5xx" else "accent"
        lines += plot(title, values, width, each, told, severity=severity, ascii_only=ascii_only)
    return lines


def absence(name: str, names: list[str], problem: str) -> str:
    """Why there is no page."""
    if names and name not in names:
        return f"there is no route {name!r}; there are {count(len(names))} others"
    return f"waiting for route {name or UNKNOWN}{f': {problem}' if problem else ''}"
