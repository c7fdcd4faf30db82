"""Routes and what they carry, as a table and one by one."""

from collections.abc import Callable, Sequence
from typing import Final

from console.render.amounts import UNKNOWN, count, milliseconds, named, percent, rate, window
from console.render.policies import faults_in_words, retries_in_words
from console.render.table import Column, render_table
from gateway.wire.history import RecentView
from gateway.wire.views import PredicateView, RouteListView, RouteView

SORTS: Final[dict[str, Callable[[RouteView], tuple[float | int, ...]]]] = {
    "order": lambda route: (route.index,),
    "rate": lambda route: (-(route.recent.rate or 0), route.index),
    "errors": lambda route: (-(route.recent.error_ratio or 0), -(route.recent.rate or 0), route.index),
    "p99": lambda route: (-(route.recent.p99_ms or 0), route.index),
    "requests": lambda route: (-route.traffic.requests, route.index),
}
"""What routes can be sorted by: their order in the configuration, or the worst first."""


def render_routes(view: RouteListView, routes: Sequence[RouteView]) -> str:
    """A table of those routes; the figures are of the window, the counts since the gateway started."""
    if not routes:
        return f"no route is shown; the configuration has {count(len(view.routes))}"
    note = "" if len(routes) == len(view.routes) else f"{count(len(routes))} of {count(len(view.routes))} routes, "
    return f"{render_table(_COLUMNS, routes)}\n\n{note}{window(view.window_s, view.at)}, revision {view.revision}"


def render_route(route: RouteView, span: str = "last 60 s") -> str:
    """All that is known of one route. span: what its figures are of, in words."""
    recent, traffic = route.recent, route.traffic
    lines = [
        f"{route.name}  ({route.place.file}:{route.place.line}, number {route.index + 1}, priority {route.priority})",
        f"matches      {match_in_words(route)}",
        f"leads to     {leads_to(route)}",
        f"changed in   revision {changed_in(route)}",
        f"policies     {policies_of(route)}",
        f"timeouts     {_timeouts(route)}",
        *([f"retries      {retries_in_words(route.retries)}"] if route.retries is not None else []),
        *([f"on purpose   {faults_in_words(route.faults)}"] if route.faults else []),
        f"objectives   {_objectives(route)}",
        f"{span:<12} {_figures(recent)}",
        f"before       {_figures(route.previous) if route.previous else 'nothing is known'}",
        f"gateway      p99 of its own part {milliseconds(recent.overhead_p99_ms)}",
        f"running      {count(traffic.in_flight)}",
        f"since start  {count(traffic.requests)} requests, {count(traffic.failures)} failures",
    ]
    if route.phases:
        also = f" (also of {named(route.shared_with)})" if route.shared_with else ""
        phases = ", ".join(f"{phase} {milliseconds(mean)}" for phase, mean in route.phases.items())
        lines.append(f"time went    {phases}{also}")
    lines += [
        f"endpoint     {each.upstream} {each.address} {each.state}: {_figures(each.recent)}" for each in route.endpoints
    ]
    if not route.is_counted:
        lines[lines.index(f"objectives   {_objectives(route)}") + 1 :] = [
            "figures      none of its own: it is beyond metrics.max_routes, or metrics are off"
        ]
    return "\n".join(lines)


def _known(route: RouteView, figure: float) -> float | None:
    return figure if route.is_counted else None


def leads_to(route: RouteView) -> str:
    """The upstreams with their shares, or the answer the gateway gives by itself."""
    if route.action == "redirect":
        return f"redirect {route.redirect_status}"
    if route.action == "respond":
        return f"answer {route.respond_status}"
    if len(route.upstreams) == 1:
        return route.upstreams[0].upstream
    return named([f"{share.upstream} {share.weight}" for share in route.upstreams])


def policies_of(route: RouteView) -> str:
    """`retries 3, rewrite`; a dash where it only forwards."""
    told = [
        f"retries {route.retries.attempts}" if each == "retries" and route.retries else each for each in route.policies
    ]
    return ", ".join(told) or UNKNOWN


def changed_in(route: RouteView) -> str:
    """The number of the revision that made it as it is."""
    return str(route.changed_in) if route.changed_in else UNKNOWN


def match_in_words(route: RouteView) -> str:
    """`GET,PUT api.example.com /v1/orders/{id} x-tenant=blue`."""
    match = route.match
    parts = [",".join(match.methods), ",".join(match.hosts), _path(match.path_kind, match.path)]
    parts += [_predicate(each) for each in match.headers]
    parts += [f"?{_predicate(each)}" for each in match.query]
    parts += [f"from {named(match.clients)}" if match.clients else ""]
    parts += [f"at {named(match.listeners)}" if match.listeners else ""]
    return " ".join(part for part in parts if part)


def _path(kind: str, path: str) -> str:
    if kind == "any":
        return "any path"
    if kind == "prefix":
        return f"{path.rstrip('/')}/*"
    return f"~{path}" if kind == "regex" else path


def _predicate(predicate: PredicateView) -> str:
    if predicate.kind == "present":
        return predicate.name
    return f"{predicate.name}{'~' if predicate.kind == 'regex' else '='}{predicate.value}"


def _timeouts(route: RouteView) -> str:
    return (
        f"request {_timeout(route.request_timeout_ms)}, first byte {_timeout(route.first_byte_timeout_ms)}, "
        f"upstream idle {_timeout(route.upstream_idle_timeout_ms)}"
    )


def _figures(recent: RecentView) -> str:
    client = f", {percent(recent.client_error_ratio)} answers 4xx" if recent.client_error_ratio else ""
    return f"{rate(recent.rate)}/s, {percent(recent.error_ratio)} errors{client}, {_percentiles(recent)}"


def _objectives(route: RouteView) -> str:
    slo, told = route.slo, []
    if slo is not None and slo.availability is not None:
        told.append(f"{slo.availability * 100:g}% available")
    if slo is not None and slo.latency_target is not None:
        told.append(f"{slo.latency_target * 100:g}% under {milliseconds(slo.latency_under_ms)}")
    return ", ".join(told) or "none"


def _percentiles(recent: RecentView) -> str:
    figures = {"p50": recent.p50_ms, "p95": recent.p95_ms, "p99": recent.p99_ms, "p99.9": recent.p999_ms}
    return ", ".join(f"{name} {milliseconds(value)}" for name, value in figures.items())


def _timeout(value_ms: float | None) -> str:
    return "none" if value_ms is None else milliseconds(value_ms)


_COLUMNS: Final = (
    Column[RouteView]("ROUTE", lambda route: route.name),
    Column[RouteView]("RATE/S", lambda route: rate(_known(route, route.recent.rate)), is_number=True),
    Column[RouteView]("ERRORS", lambda route: percent(route.recent.error_ratio), is_number=True),
    Column[RouteView]("P50", lambda route: milliseconds(route.recent.p50_ms), is_number=True),
    Column[RouteView]("P95", lambda route: milliseconds(route.recent.p95_ms), is_number=True),
    Column[RouteView]("P99", lambda route: milliseconds(route.recent.p99_ms), is_number=True),
    Column[RouteView]("RUNNING", lambda route: count(_known(route, route.traffic.in_flight)), is_number=True),
    Column[RouteView]("REQUESTS", lambda route: count(_known(route, route.traffic.requests)), is_number=True),
    Column[RouteView]("FAILURES", lambda route: count(_known(route, route.traffic.failures)), is_number=True),
    Column[RouteView]("LEADS TO", leads_to),
    Column[RouteView]("REV", changed_in, is_number=True),
    Column[RouteView]("POLICIES", policies_of),
    Column[RouteView]("MATCHES", match_in_words),
)
