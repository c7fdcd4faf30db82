"""What came of a revision: rate, errors and latency before and after, of the gateway and of the routes it changed."""

from collections.abc import Callable
from typing import Final

from console.render.amounts import UNKNOWN, age, clock, milliseconds, percent, rate
from console.render.cells import Cell
from console.render.table import plain
from gateway.wire.changes import ComparisonView, FiguresView, IncidentView, RevisionDetailView

_NAME: Final = 24


def comparison_lines(detail: RevisionDetailView) -> list[list[Cell]]:
    """A line for each that has figures; nothing was measured where there are none."""
    if not detail.figures:
        return [[Cell("no figures of before and after yet", "dim")]]
    lines = [[Cell(f"{age(detail.window_s)} before -> {age(detail.window_s)} after", "dim")]]
    lines += [_line(each) for each in detail.figures]
    if detail.routes_left_out:
        lines.append([Cell(f"{detail.routes_left_out} more routes were changed", "dim")])
    return lines


def incident_lines(incident: IncidentView) -> list[list[Cell]]:
    """All there is to one incident."""
    facts = {
        "when": clock(incident.at), "what": incident.kind.replace("_", " "), "subject": incident.subject,
        "by": incident.actor or UNKNOWN, "revision": incident.revision,
        **{name: str(value) for name, value in incident.detail.items()},
    }  # fmt: skip
    lines = [[Cell(plain(incident.text), "strong")], []]
    return [*lines, *([Cell(f"{plain(name):<12}", "dim"), Cell(plain(value))] for name, value in facts.items())]


_TOLD: Final[tuple[tuple[str, Callable[[FiguresView], str]], ...]] = (
    ("err", lambda figures: percent(figures.error_ratio)),
    ("p50", lambda figures: milliseconds(figures.p50_ms)),
    ("p99", lambda figures: milliseconds(figures.p99_ms)),
    ("rate", lambda figures: f"{rate(figures.rate)}/s"),
)


def _line(each: ComparisonView) -> list[Cell]:
    texts = []
    for title, tell in _TOLD:
        before, after = (UNKNOWN if figures is None else tell(figures) for figures in (each.before, each.after))
        texts.append(f"{title} {before} -> {after}")
    name = plain(each.name) or "all routes"
    return [Cell(f"{name:<{_NAME}}", "strong"), Cell("  ".join(f"{text:<20}" for text in texts).rstrip())]
