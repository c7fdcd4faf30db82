"""The end of an exchange: its outcome is put on the record, and the record is handed over exactly once."""

from gateway.http1.refusal import RequestRefused
from gateway.model.clock import monotonic_ns
from gateway.model.exchange import Exchange
from gateway.model.outcome import Reason, cause_of
from gateway.proxy.context import Context


def conclude(exchange: Exchange, reason: Reason, detail: str = "") -> None:
    """Stamp why it ended as it did."""
    exchange.reason = reason
    exchange.detail = detail
    exchange.source = cause_of(reason)


def hand_over(exchange: Exchange, context: Context) -> None:
    exchange.ended_ns = monotonic_ns()
    exchange.in_flight = context.in_flight
    context.in_flight -= 1
    context.recorder.exchange_finished(exchange)


def record_refusal(context: Context, exchange: Exchange, refused: RequestRefused, bytes_out: int) -> None:
    """A request that was refused before it had a head: counted like every other."""
    context.in_flight += 1
    exchange.status = refused.status
    exchange.bytes_out = bytes_out
    conclude(exchange, refused.reason, refused.detail)
    context.recorder.exchange_started(exchange)
    hand_over(exchange, context)


def begin_exchange(context: Context, listener: str, client: str, peer: str, started_ns: int, now_ns: int) -> Exchange:
    """A record that starts at started_ns (monotonic); now_ns is when its head was complete."""
    exchange = Exchange(listener, context.config.revision, client, started_ns, started_ns + context.wall_offset_ns)
    exchange.peer_address = peer
    exchange.head_ns = now_ns
    return exchange
