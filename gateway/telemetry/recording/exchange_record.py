"""A kept exchange as it travels to the supervisor: the facts of the record that its spans are made of."""

from gateway.model.exchange import Attempt, Exchange
from gateway.model.phase import Phase
from gateway.model.route import Route
from gateway.telemetry.labels import UNMATCHED, http_route
from gateway.telemetry.timing import Timing
from gateway.wire.report import AttemptRecord, ExchangeRecord

_PHASES = tuple(phase.value for phase in Phase)


def build_record(exchange: Exchange, timing: Timing, rule: str, redacted_query: str | None) -> ExchangeRecord:
    """`rule` is why it is kept: sampled, error, slow or retried."""
    route = exchange.route
    return ExchangeRecord(
        rule=rule,
        trace_id=exchange.trace_id,
        span_id=exchange.span_id,
        parent_span_id=exchange.parent_span_id,
        trace_state=exchange.trace_state,
        sampled=exchange.sampled,
        request_id=exchange.request_id,
        revision=exchange.revision,
        started_at_ns=exchange.started_at_ns,
        duration_ns=timing[0],
        overhead_ns=timing[1],
        method=exchange.method,
        host=exchange.host,
        path=exchange.path,
        query=redacted_query,
        protocol=exchange.protocol,
        user_agent=exchange.user_agent,
        client_address=exchange.client_address,
        peer_address=exchange.peer_address,
        listener=exchange.listener,
        route=route.name if route else UNMATCHED,
        http_route=http_route(route),
        upstream=exchange.upstream,
        status=exchange.status,
        source=exchange.source.value,
        reason=exchange.reason.value,
        detail=exchange.detail,
        bytes_in=exchange.bytes_in,
        bytes_out=exchange.bytes_out,
        upgraded=exchange.upgraded,
        phases={phase: spent for phase, spent in zip(_PHASES, timing[2:], strict=True) if spent},
        attempts=[_attempt_record(attempt, exchange) for attempt in exchange.attempts],
        trace_random=exchange.trace_random,
        forwarded_path=exchange.forwarded_path or (None if _rewrites_path(route) else exchange.path),
        link=exchange.link,
        fault=exchange.fault,
        fault_ns=exchange.fault_ns,
    )


def _rewrites_path(route: Route | None) -> bool:
    rewrite = route.rewrite if route else None
    return rewrite is not None and (rewrite.path is not None or rewrite.path_prefix is not None)


def _attempt_record(attempt: Attempt, exchange: Exchange) -> AttemptRecord:
    origin = exchange.started_ns
    return AttemptRecord(
        upstream=attempt.upstream,
        endpoint=attempt.endpoint,
        span_id=attempt.span_id,
        status=attempt.status,
        reason=attempt.reason.value,
        reused=attempt.reused,
        started_ns=attempt.started_ns - origin,
        connecting_ns=_since(attempt.connecting_ns, origin),
        connected_ns=_since(attempt.connected_ns, origin),
        leased_ns=_since(attempt.leased_ns, origin),
        sent_ns=_since(attempt.sent_ns, origin),
        first_byte_ns=_since(attempt.first_byte_ns, origin),
        ended_ns=(attempt.ended_ns or exchange.ended_ns) - origin,
    )


def _since(stamp_ns: int, origin_ns: int) -> int:
    return stamp_ns - origin_ns if stamp_ns else -1
