"""What a dashboard is made of, as values. Each panel answers one question, and its title is that question."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

Steps: TypeAlias = tuple[tuple[float, str], ...]
"""From which value on which colour; below the first it is green."""

ERRORS: Final[Steps] = ((0.001, "yellow"), (0.01, "red"))
"""Shares of something that should not happen."""
FILLING: Final[Steps] = ((0.8, "yellow"), (0.9, "red"))
"""Shares of a limit."""
ANY_IS_BAD: Final[Steps] = ((0.000001, "red"),)
ALL_OR_NOTHING: Final[Steps] = ((0, "red"), (1, "green"))


class Kind(StrEnum):
    """The panel types of Grafana that are used here."""

    TIMESERIES = "timeseries"
    STAT = "stat"
    TABLE = "table"
    HEATMAP = "heatmap"
    BARGAUGE = "bargauge"


class Link(StrEnum):
    """Where a value leads: to a dashboard about its object, or to the lines of its exchanges."""

    ROUTE = "route"
    UPSTREAM = "upstream"
    LOGS = "logs"


@dataclass(frozen=True, slots=True)
class Query:
    """`expr` without prefix and without the matchers of the dashboard's variables; `source.promql.scoped` adds them.

    `legend` is a text with `{{label}}`, in a table the heading of the column; `unit` and `steps` are those of the column.
    """

    expr: str
    legend: str
    unit: str = ""
    steps: Steps = ()


@dataclass(frozen=True, slots=True)
class Panel:
    """Width in 24ths of the page, height in Grafana's rows. A table has a row for each set of labels of its queries."""

    title: str
    text: str
    kind: Kind
    unit: str
    queries: tuple[Query, ...]
    width: int = 12
    height: int = 8
    steps: Steps = ()
    links: tuple[Link, ...] = ()
    is_stacked: bool = False
    has_exemplars: bool = False
    minimum: float | None = 0
    maximum: float | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """Panels under a heading, which is a question as well."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True)
class Dashboard:
    """`slug` names the file and, with `sightline-` before it, is the uid, which is never changed: alerts link to it."""

    slug: str
    title: str
    text: str
    rows: tuple[Row, ...]
    since: str = "now-1h"

    @property
    def uid(self) -> str:
        return f"sightline-{self.slug}"


def stat(title: str, text: str, unit: str, expr: str, *, steps: Steps = (), width: int = 4) -> Panel:
    """One number with its recent course."""
    return Panel(title, text, Kind.STAT, unit, (Query(expr, "now"),), width, 4, steps)
