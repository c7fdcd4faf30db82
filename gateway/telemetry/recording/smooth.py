"""The exchange that most exchanges are, counted and written down at a fraction of the usual cost.

Smooth is an exchange with one attempt, on a pooled connection, whose request and answer each came in one read and which
neither failed nor was slow: all its phases but the wait for the upstream are zero, so what the general way
(`recording.tally`, `access_line`) would find out for each is known beforehand. Both ways give the same counts and the
same line; a test holds one against the other.
"""

from bisect import bisect_left
from typing import Final

import orjson

from gateway.model.exchange import Attempt, Exchange
from gateway.telemetry.access_line import escape_controls, milliseconds
from gateway.telemetry.histogram import CELL_SHIFT, CELLS, CELLS_NS, FINE_EDGES_NS
from gateway.telemetry.recording.route_view import Ending, RouteView
from gateway.telemetry.recording.series import AttemptSeries, UpstreamSeries

_MILLISECONDS: Final = tuple(milliseconds(microseconds * 1000) for microseconds in range(8192))
_TABLE_NS: Final = len(_MILLISECONDS) * 1000
_AGENTS_KEPT: Final = 1024
_OF_NO_TRACE: Final = ("", "", "")
_OF_SAMPLED: Final = ('"trace_id":"', '","span_id":"', '","sampled":true,')
_OF_OTHERS: Final = ('"trace_id":"', '","span_id":"', '","sampled":false,')
"""What stands before, between and after the two ids of a trace, which are empty where there is none."""
_BUCKET_BITS: Final = 10
_BUCKET_MASK: Final = (1 << _BUCKET_BITS) - 1


class Smooth:
    """Smooth exchanges of one route that ended alike at one endpoint: gathered here, counted some thousands at a time.

    With many routes their series are not in the processor's caches; so an exchange touches this alone, and each series is
    fetched once for all that it has to count.
    """

    __slots__ = (
        "_attempt_buckets",
        "_attempts",
        "_bytes_in",
        "_bytes_out",
        "_endpoint",
        "_method",
        "_reason",
        "_status",
        "_total_ns",
        "_ttfb_ns",
        "_upstream",
        "_upstream_name",
        "_view",
        "ending",
        "is_fault",
        "line_end",
        "line_middle",
        "observed",
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
        self._method = exchange.method
        self._status = exchange.status
        self._reason = exchange.reason
        self._upstream_name = attempt.upstream
        self._endpoint = attempt.endpoint
        self.is_fault = ending.fault
        self.observed: list[int] = []
        """A number each: the bucket of the overhead, and in the lower _BUCKET_BITS that of the whole duration."""
        self._attempt_buckets = attempts.smooth
        self._total_ns = self._ttfb_ns = self._bytes_in = self._bytes_out = 0
        self.ending = ending
        self._view = view
        self._upstream = upstream
        self._attempts = attempts
        name, endpoint = _text(exchange.upstream), _text(attempt.endpoint)
        self.line_middle = (
            f'"config_revision":{_text(exchange.revision)},"upstream":{name},"endpoint":{endpoint},'
            f'"attempts":[{{"endpoint":{endpoint},"status":{attempt.status},"reason":{_text(attempt.reason.value)},"ttfb_ms":'
        )
        self.line_end = f'}}],"source":{bytes(orjson.dumps(ending.line)).decode()}}}\n'

    def is_for(self, exchange: Exchange, attempt: Attempt) -> bool:
        """Whether the exchange, of the same route, belongs here."""
        return (
            self._status == exchange.status
            and self._reason is exchange.reason
            and self._method == exchange.method
            and self._endpoint == attempt.endpoint
            and self._upstream_name == attempt.upstream
        )

    def gather(self, exchange: Exchange, total_ns: int, ttfb_ns: int) -> None:
        """Take the exchange in. ttfb_ns: all of its duration but the overhead."""
        self._total_ns += total_ns
        self._ttfb_ns += ttfb_ns
        self._bytes_in += exchange.bytes_in
        self._bytes_out += exchange.bytes_out
        own_ns = total_ns - ttfb_ns
        overhead = (CELLS[own_ns >> CELL_SHIFT] if own_ns < CELLS_NS else 0) or bisect_left(FINE_EDGES_NS, own_ns)
        whole = (CELLS[total_ns >> CELL_SHIFT] if total_ns < CELLS_NS else 0) or bisect_left(FINE_EDGES_NS, total_ns)
        self.observed.append(overhead << _BUCKET_BITS | whole)
        bucket = (CELLS[ttfb_ns >> CELL_SHIFT] if ttfb_ns < CELLS_NS else 0) or bisect_left(FINE_EDGES_NS, ttfb_ns)
        self._attempt_buckets[bucket] += 1

    def fold(self) -> None:
        """Count everything that was only gathered here where it belongs."""
        observed = self.observed
        count = len(observed)
        if not count:
            return
        series, upstream, attempts = self._view.series, self._upstream, self._attempts
        series.moved = upstream.moved = True
        series.bytes_in += self._bytes_in
        series.bytes_out += self._bytes_out
        buckets, overhead_buckets = self.ending.duration.buckets, series.overhead.buckets
        for pair in observed:
            buckets[pair & _BUCKET_MASK] += 1
            overhead_buckets[pair >> _BUCKET_BITS] += 1
        observed.clear()
        self.ending.cell[0] += count
        self.ending.duration.sum_ns += self._total_ns
        series.overhead.sum_ns += self._total_ns - self._ttfb_ns
        for instant in (upstream.read_head, upstream.pool_wait, upstream.send, upstream.transfer, upstream.write):
            instant.buckets[0] += count
        upstream.ttfb.sum_ns += self._ttfb_ns
        if attempts.smooth:
            upstream.ttfb.add_counts(attempts.smooth)
            attempts.duration.add_counts(attempts.smooth)
            attempts.smooth.clear()
        attempts.count[0] += count
        attempts.duration.sum_ns += self._ttfb_ns
        self._total_ns = self._ttfb_ns = self._bytes_in = self._bytes_out = 0


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
        agent_field = "" if agent is None else self._agents.get(agent) or self._encode_agent(agent)
        trace_key, span_key, sampled = _OF_NO_TRACE
        if exchange.trace_id:
            trace_key, span_key, sampled = _OF_SAMPLED if exchange.sampled else _OF_OTHERS
        return (
            f'{{"@timestamp":"{timestamp}","request_id":"{exchange.request_id}",'
            f'"client.address":"{exchange.client_address}","server.address":"{exchange.host}",'
            f'"url.path":"{exchange.path}","network.protocol.version":"{exchange.protocol}",'
            f'"duration_ms":{total},"overhead_ms":{overhead},"phases":{{"ttfb_ms":{ttfb}}},'
            f'"bytes_in":{exchange.bytes_in},"bytes_out":{exchange.bytes_out},"in_flight":{exchange.in_flight},'
            f"{trace_key}{exchange.trace_id}{span_key}{exchange.span_id}{sampled}{agent_field}{smooth.line_middle}"
            f'{ttfb},"ms":{ttfb}{smooth.line_end}'
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
