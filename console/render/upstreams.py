"""Upstreams and their endpoints, the troubled ones first."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from console.render.amounts import clock, count, milliseconds, named, percent, rate, window
from console.render.health.circuit import circuit_line, limits_line, panic_line
from console.render.table import Column, render_table
from gateway.wire.upstream_views import EndpointView, UpstreamListView, UpstreamView

_WELL: Final = ("healthy", "unknown")


@dataclass(frozen=True, slots=True)
class _Row:
    upstream: UpstreamView
    endpoint: EndpointView


_COLUMNS: Final = (
    Column[_Row]("UPSTREAM", lambda row: row.upstream.name),
    Column[_Row]("ENDPOINT", lambda row: row.endpoint.address),
    Column[_Row]("STATE", lambda row: row.endpoint.state),
    Column[_Row]("WEIGHT", lambda row: count(row.endpoint.weight), is_number=True),
    Column[_Row]("RATE/S", lambda row: rate(row.endpoint.recent.rate), is_number=True),
    Column[_Row]("ERRORS", lambda row: percent(row.endpoint.recent.error_ratio), is_number=True),
    Column[_Row]("P50", lambda row: milliseconds(row.endpoint.recent.p50_ms), is_number=True),
    Column[_Row]("P99", lambda row: milliseconds(row.endpoint.recent.p99_ms), is_number=True),
    Column[_Row]("RUNNING", lambda row: count(row.endpoint.in_flight), is_number=True),
    Column[_Row]("WAITING", lambda row: count(row.endpoint.pending), is_number=True),
    Column[_Row](
        "CONNECTIONS",
        lambda row: f"{count(row.endpoint.connections_active)}+{count(row.endpoint.connections_idle)}",
        is_number=True,
    ),
    Column[_Row]("ATTEMPTS", lambda row: count(row.endpoint.requests), is_number=True),
    Column[_Row]("FAILURES", lambda row: count(row.endpoint.failures), is_number=True),
)


def render_upstreams(view: UpstreamListView) -> str:
    """A line for each endpoint; connections are in use + idle, figures of the window, counts since the start."""
    rows = sorted((row for upstream in view.upstreams for row in _rows(upstream)), key=_trouble)
    if not rows:
        return "the configuration has no upstream"
    return f"{render_table(_COLUMNS, rows)}\n\n{window(view.window_s, view.at)}, revision {view.revision}"


def render_upstream(upstream: UpstreamView) -> str:
    """All that is known of one upstream."""
    hashed = f" on {upstream.hash_on}" if upstream.hash_on else ""
    lines = [
        f"{upstream.name}  {upstream.balance.replace('_', ' ')}{hashed}",
        f"per endpoint and worker at most {count(upstream.max_connections)} connections, {count(upstream.max_pending)} waiting",
        *([limits_line(upstream.limits)] if upstream.limits else []),
        *([panic_line(upstream)] if upstream.panic else []),
        *([circuit_line(upstream.circuit)] if upstream.circuit is not None else []),
        "",
        render_table(_COLUMNS, sorted(_rows(upstream), key=_trouble)),
    ]
    addresses = [
        f"{endpoint.address} is {named(endpoint.resolved)}"
        for endpoint in upstream.endpoints
        if endpoint.resolved and endpoint.resolved != [endpoint.address.rpartition(":")[0]]
    ]
    told = [*filter(None, map(_told, upstream.endpoints)), *addresses]
    return "\n".join([*lines, "", *told] if told else lines)


def _told(endpoint: EndpointView) -> str:
    """`10.0.1.7:9001 ejected, passive, 5 failures in a row, until 14:03:10; last check 200 in 3 ms`; empty where all is well."""
    last = endpoint.last_check
    because = [endpoint.reason, endpoint.note]
    if endpoint.state in _WELL and endpoint.reason and not endpoint.actor:  # What it overcame.
        because = [f"was {endpoint.reason}{f'; {endpoint.note}' if endpoint.note else ''}"]
    if endpoint.actor and endpoint.reason == "admin":  # Who did it is said with it.
        because = [endpoint.note, "given back" if endpoint.state in _WELL else ""]
    parts = [endpoint.state, *because, f"by {endpoint.actor}" if endpoint.actor else ""]
    parts += [f"since {clock(endpoint.since)}" if endpoint.since else ""]
    parts += [f"until {clock(endpoint.ejected_until)}" if endpoint.ejected_until else ""]
    checked = f"; last check {last.evidence or last.result} at {clock(last.at)}" if last is not None else ""
    if endpoint.state == "healthy" and not checked:
        return ""
    return f"{endpoint.address} {', '.join(filter(None, parts))}{checked}"


def _rows(upstream: UpstreamView) -> Iterator[_Row]:
    return (_Row(upstream, endpoint) for endpoint in upstream.endpoints)


def _trouble(row: _Row) -> tuple[bool, float]:
    """Those that are not well first, then by their share of failures; what is alike stays in the file's order."""
    return row.endpoint.state in _WELL, -(row.endpoint.recent.error_ratio or 0)
