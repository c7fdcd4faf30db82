"""What the Overview shows besides what needs attention: the four figures, the slowest routes, what changed last."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal, TypeAlias

import msgspec

from console.state import reading
from console.state.health.attention import needed_for_attention
from console.state.health.endpoint_page import course
from console.state.health.looking import routes_seen, status_seen
from console.state.model import Model
from console.state.reading import AnyReading, Reading
from gateway.wire.changes import ComparisonView, RevisionView
from gateway.wire.history import HistoryView, RecentView, SparksView
from gateway.wire.slo import ObjectiveStateView
from gateway.wire.views import RouteView

WORST: Final = 5
CHANGES: Final = 3
_CALM: Final = reading.history("gateway", "", window="6h", step="60s", every_s=30.0)

TileName: TypeAlias = Literal["rps", "err", "p99", "budget"]


class Tile(msgspec.Struct, frozen=True):
    """`course`: at most 60 values, oldest first; None for a step in which there was nothing to take it of."""

    name: TileName
    value: float | None
    before: float | None = None
    course: tuple[float | None, ...] = ()
    about: str = ""
    """The route it is of, where it is of one."""
    left_s: float | None = None
    """How long it lasts, for a budget that is being spent."""


class ChangeRow(msgspec.Struct, frozen=True):
    """A revision and what came of it; ratios are None where there was no traffic."""

    revision: RevisionView
    at_s: float
    before: float | None
    after: float | None
    is_known: bool


def needed_for_overview(model: Model) -> list[AnyReading]:
    """All it shows; the courses of what needs attention come on top."""
    look = model.window_s, model.at_s
    wanted = [
        *needed_for_attention(model),
        reading.status(*look),
        reading.routes(*look),
        reading.REVISIONS,
        _CALM,
        course_reading(model),
    ]
    wanted += [reading.OBJECTIVES] if model.at_s is None else []
    wanted += [reading.revision(str(each.sequence)) for each in _newest(model)]
    return list(dict.fromkeys(wanted))


def course_reading(model: Model) -> Reading[HistoryView]:
    """The gateway over the chosen window: the axis on which the changes stand."""
    return course(model, "gateway", "")


def tiles(model: Model) -> list[Tile]:
    """Rate, errors and p99 over the chosen window, and the budget of the objective that has least of it left."""
    status = status_seen(model)
    recent, before = (status.recent, status.previous) if status is not None else (RecentView(), None)
    sparks = status.sparks if status is not None else SparksView()
    known = before if before is not None else RecentView()
    rate = recent.rate if status is not None else None
    rate_before = known.rate if before is not None else None
    figures = [
        Tile("rps", rate, rate_before, tuple(sparks.rate)),
        Tile("err", recent.error_ratio, known.error_ratio, tuple(sparks.error_ratio)),
        Tile("p99", recent.p99_ms, known.p99_ms, tuple(sparks.p99_ms)),
    ]
    least = least_budget(model)
    if least is not None:
        figures.append(Tile("budget", least.budget_left, about=least.route, left_s=least.empty_in_s))
    return figures


def least_budget(model: Model) -> ObjectiveStateView | None:
    """The objective that has least of its budget left; None where there is none, or nothing was judged."""
    view = model.view(reading.OBJECTIVES)
    known = [each for each in (view.objectives if view is not None else ()) if each.budget_left is not None]
    return min(known, key=lambda each: each.budget_left or 0.0, default=None)


def worst_routes(model: Model) -> list[RouteView]:
    """By p99 over the chosen window."""
    view = routes_seen(model)
    routes = [route for route in (view.routes if view is not None else ()) if route.recent.p99_ms is not None]
    return sorted(routes, key=lambda route: -(route.recent.p99_ms or 0.0))[:WORST]


def last_changes(model: Model) -> list[ChangeRow]:
    """The newest first."""
    rows = []
    for revision in _newest(model):
        detail = model.view(reading.revision(str(revision.sequence)))
        figures = _of_gateway(detail.figures) if detail is not None else None
        before = figures.before.error_ratio if figures is not None and figures.before is not None else None
        after = figures.after.error_ratio if figures is not None and figures.after is not None else None
        at_s = datetime.fromisoformat(revision.applied_at).timestamp()
        rows.append(ChangeRow(revision, at_s, before, after, figures is not None))
    return rows


def is_spotless(model: Model) -> bool:
    """Whether no error is remembered: nobody knows before the history has come, which is asked for less often than the figures."""
    view, status = model.view(_CALM), status_seen(model)
    return (
        view is not None
        and not any(point.errors for point in view.points)
        and not (status and status.recent.error_ratio)
    )


def calm_for_s(model: Model) -> float | None:
    """How long ago the last error was, to the minute; None where none is remembered."""
    view = model.view(_CALM)
    if view is None:
        return None
    failed = [point for point in view.points if point.errors]
    if not failed:
        return None
    until_s = datetime.fromisoformat(failed[-1].at).timestamp() + failed[-1].seconds
    return max(0.0, model.now_s - until_s)


def _newest(model: Model) -> Sequence[RevisionView]:
    view = model.view(reading.REVISIONS)
    return view.revisions[:CHANGES] if view is not None else ()


def _of_gateway(figures: Sequence[ComparisonView]) -> ComparisonView | None:
    return next((each for each in figures if each.kind == "gateway"), None)
