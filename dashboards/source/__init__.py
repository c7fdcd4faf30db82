"""What the six dashboards show, in the order of their links."""

from typing import Final

from dashboards.source.config import CONFIG
from dashboards.source.overview import OVERVIEW
from dashboards.source.parts import Dashboard
from dashboards.source.route import ROUTE
from dashboards.source.runtime import RUNTIME
from dashboards.source.slo import SLO
from dashboards.source.upstream import UPSTREAM

DASHBOARDS: Final[tuple[Dashboard, ...]] = (OVERVIEW, ROUTE, UPSTREAM, RUNTIME, CONFIG, SLO)
