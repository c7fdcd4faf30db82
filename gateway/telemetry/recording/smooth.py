"""The exchange that most exchanges are, counted and written down at a fraction of the usual cost.

Smooth is an exchange with one attempt, on a pooled connection, whose request and answer each came in one read and which
neither failed nor was slow: all its phases but the wait for the upstream are zero, so what the general way
(`recording.tally`, `access_line`) would find out for each is known beforehand. Both ways give the same counts and the
same line; a test holds one against the other.
"""

from typing import Final

import orjson

from gateway.model.exchange import Attempt, Exchange
from gateway.telemetry.access_line import escape_controls, milliseconds
from gateway.telemetry.recording.route_view import Ending, RouteView
from gateway.telemetry.recording.series import AttemptSeries, UpstreamSeries

_MILLISECONDS: Final = tuple(milliseconds(microseconds * 1000) for microseconds in range(8192))
_TABLE_NS: Final = len(_MILLISECONDS) * 1000
_AGENTS_KEPT: Final = 1024


class Smooth:
    """Smooth exchanges of one route that ended alike at one endpoint: counted here, folded into the series per report."""

    __slots__ = (
        "_attempts",
        "_ending",
        "_upstream",
        "_view",
        "attempt_buckets",
        "buckets",
        "bytes_in",
        "bytes_out",
        "count",
        "ending",
        "is_fault",
        "line_end",
        "line_middle",
        "overhead_buckets",
        "total_ns",
        "ttfb_ns",
    )

    def __init__(
        self,
        view: RouteView,
        ending: Ending,
        upstream: UpstreamSeries,
        attempts: AttemptSeries,
        sample: tuple[Exchange, Attempt],
    ) -> None:
        exchange, attempt = sample
        self._view = view
        self._upstream = upstream
        self._attempts = attempts
        self.ending = ending
        self.is_fault = ending.fault
        self.buckets = ending.duration.buckets
        self.overhead_buckets = view.series.overhead.buckets
        self.attempt_buckets = attempts.smooth
        self.count = self.total_ns = self.ttfb_ns = self.bytes_in = self.bytes_out = 0
        name, endpoint = _text(exchange.upstream), _text(attempt.endpoint)
        self.line_middle = (
            f'"config_revision":{_text(exchange.revision)},"upstream":{name},"endpoint":{endpoint},'
            f'"attempts":[{{"endpoint":{endpoint},"status":{attempt.status},"reason":{_text(attempt.reason.value)},"ttfb_ms":'
        )
        self.line_end = f'}}],"source":{bytes(orjson.dumps(ending.line)).decode()}}}\n'

    def fold(self) -> None:
        """Bring everything that was only counted here to where it belongs."""
        count = self.count
        if not count:
            return
        series, upstream, attempts = self._view.series, self._upstream, self._attempts
        series.moved = upstream.moved = True
        series.bytes_in += self.bytes_in
        series.bytes_out += self.bytes_out
        self.ending.cell[0] += count
        self.ending.duration.sum_ns += self.total_ns
        series.overhead.sum_ns += self.total_ns - self.ttfb_ns
        for instant in (upstream.read_head, upstream.pool_wait, upstream.send, upstream.transfer, upstream.write):
            instant.buckets[0] += count
        upstream.ttfb.sum_ns += self.ttfb_ns
        if attempts.smooth:
            upstream.ttfb.add_counts(attempts.smooth)
            attempts.duration.add_counts(attempts.smooth)
            attempts.smooth.clear()
        attempts.count[0] += count
        attempts.duration.sum_ns += self.ttfb_ns
        self.count = self.total_ns = self.ttfb_ns = self.bytes_in = self.bytes_out = 0


class SmoothLines:
    """Access lines of smooth exchanges, composed from parts that need no escaping.

    A routed path is percent-encoded, a host and a request id have been validated, ids and addresses are made by us; the
    user agent is the one text that is anything, and it is encoded once for as long as it is remembered.
    """

    __slots__ = ("_agents",)

    def __init__(self) -> None:
        self._agents: dict[str, str] = {}

    def compose(self, exchange: Exchange, smooth: Smooth, timestamp: str, total_ns: int, ttfb_ns: int) -> str:
        """The whole line with its line end."""
        overhead_ns = total_ns - ttfb_ns
        ttfb = _MILLISECONDS[ttfb_ns // 1000] if ttfb_ns < _TABLE_NS else milliseconds(ttfb_ns)
        total = _MILLISECONDS[total_ns // 1000] if total_ns < _TABLE_NS else milliseconds(total_ns)
        overhead = _MILLISECONDS[overhead_ns // 1000] if overhead_ns < _TABLE_NS else milliseconds(overhead_ns)
        agent = exchange.user_agent
        more = "" if agent is None else self._agents.get(agent) or self._encode_agent(agent)
        if exchange.trace_id:
            more = (
                f'"trace_id":"{exchange.trace_id}","span_id":"{exchange.span_id}",'
                f'"sampled":{"true" if exchange.sampled else "false"},{more}'
            )
        return (
            f'{{"@timestamp":"{timestamp}","request_id":"{exchange.request_id}",'
            f'"client.address":"{exchange.client_address}","server.address":"{exchange.host}",'
            f'"url.path":"{exchange.path}","network.protocol.version":"{exchange.protocol}",'
            f'"duration_ms":{total},"overhead_ms":{overhead},"phases":{{"ttfb_ms":{ttfb}}},'
            f'"bytes_in":{exchange.bytes_in},"bytes_out":{exchange.bytes_out},"in_flight":{exchange.in_flight},'
            f'{more}{smooth.line_middle}{ttfb},"ms":{ttfb}{smooth.line_end}'
        )

    def _encode_agent(self, agent: str) -> str:
        if len(self._agents) >= _AGENTS_KEPT:
            self._agents.clear()
        text = self._agents[agent] = f'"user_agent.original":{_text(agent)},'
        return text


def _text(value: str) -> str:
    """A JSON string, quotes included, safe to print."""
    encoded = orjson.dumps(value)
    return (encoded if encoded.isascii() else escape_controls(encoded)).decode()
