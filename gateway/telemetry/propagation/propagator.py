"""The ids of an exchange and its head decision, fixed before anything is forwarded; and what each attempt is told of them.

Whether spans are kept is decided at the end. One propagator serves all exchanges for which the same is configured.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from gateway.model.exchange import Attempt, Exchange
from gateway.model.tracing import TraceFormat, TrustIncoming
from gateway.telemetry.propagation.b3 import b3_line, b3_multi_lines, read_b3, read_b3_multi
from gateway.telemetry.propagation.caller import CallerContext
from gateway.telemetry.propagation.ids import random_digits, ratio_bound
from gateway.telemetry.propagation.jaeger import jaeger_line, read_jaeger
from gateway.telemetry.propagation.w3c import read_w3c

Values: TypeAlias = Sequence[bytes]

_FLAGS: Final = ("00", "01", "02", "03")
_NOTHING: Final[Values] = ()
_WRITERS: Final[dict[TraceFormat, Callable[[Exchange, str], str]]] = {
    TraceFormat.B3: b3_line,
    TraceFormat.B3_MULTI: b3_multi_lines,
    TraceFormat.JAEGER: jaeger_line,
}


@dataclass(slots=True)
class OtherFields:
    """Values of a request's fields of other forms than W3C's, in the order they came, without white space around them."""

    b3: Values = _NOTHING
    b3_trace_ids: Values = _NOTHING
    b3_span_ids: Values = _NOTHING
    b3_sampled: Values = _NOTHING
    b3_flags: Values = _NOTHING
    jaeger: Values = _NOTHING

    def read(self) -> CallerContext | None:
        """The first form that is there decides: B3 as one field, B3 as several, Jaeger. None if it is not valid."""
        if self.b3:
            return read_b3(self.b3)
        if self.b3_trace_ids or self.b3_span_ids or self.b3_sampled or self.b3_flags:
            return read_b3_multi(self.b3_trace_ids, self.b3_span_ids, self.b3_sampled, self.b3_flags)
        return read_jaeger(self.jaeger) if self.jaeger else None


class Propagator:
    """Trace context in and out. The head decision follows the parent where there is one; a new trace is sampled by ratio.

    formats: what is sent besides W3C's fields.
    """

    __slots__ = ("_bound", "_trust", "accepts", "formats")

    def __init__(
        self,
        sample_ratio: float,
        trust: TrustIncoming = TrustIncoming.ACCEPT,
        formats: tuple[TraceFormat, ...] = (),
    ) -> None:
        self._bound = ratio_bound(sample_ratio)
        self._trust = trust
        self.formats = frozenset(formats)
        self.accepts = trust is TrustIncoming.ACCEPT
        """Whether what the request brings is believed, so that it may also be passed on."""

    def start(self, exchange: Exchange) -> None:
        """Begin a new trace."""
        trace_id = exchange.trace_id = random_digits(32)
        exchange.span_id = random_digits(16)
        exchange.trace_random = True
        exchange.sampled = trace_id[16:] < self._bound

    def begin(self, exchange: Exchange, traceparents: Values, tracestates: Values) -> None:
        """Fill in the exchange's ids, trace state and head decision from what its request brings in W3C's form.

        Where that is there it decides, even if it is not valid: then a new trace begins.
        """
        caller = read_w3c(traceparents, tracestates)
        if caller is None or not self.accepts:
            self._follow(exchange, caller)
            return
        # Most requests that bring anything bring this, so it is written out.
        exchange.trace_id, exchange.parent_span_id, sampled, exchange.trace_state, exchange.trace_random, _ = caller
        exchange.sampled = sampled is True
        exchange.span_id = random_digits(16)

    def begin_other(self, exchange: Exchange, fields: OtherFields) -> None:
        """The same, for a request without `traceparent`."""
        self._follow(exchange, fields.read())

    def _follow(self, exchange: Exchange, caller: CallerContext | None) -> None:
        if caller is None or not self.accepts:
            self.start(exchange)
            if caller is not None and self._trust is TrustIncoming.LINK and caller[0]:
                exchange.link = (caller[0], caller[1], bool(caller[2]), caller[3])
            return
        trace_id, span_id, sampled, trace_state, trace_random, debug = caller
        if trace_id:
            exchange.trace_id = trace_id
            exchange.parent_span_id = span_id
            exchange.span_id = random_digits(16)
            exchange.trace_state = trace_state
            exchange.trace_random = trace_random
        else:
            self.start(exchange)
        if debug:
            exchange.trace_debug = True
        exchange.sampled = exchange.trace_id[16:] < self._bound if sampled is None else sampled

    def lines(self, exchange: Exchange, attempt: Attempt) -> bytes:
        """The header lines for one attempt, each with its line end; gives the attempt its span id."""
        span_id = attempt.span_id = random_digits(16)
        flags = _FLAGS[exchange.sampled + 2 * exchange.trace_random]
        if exchange.trace_state:
            return f"traceparent: 00-{exchange.trace_id}-{span_id}-{flags}\r\ntracestate: {exchange.trace_state}\r\n".encode()
        return f"traceparent: 00-{exchange.trace_id}-{span_id}-{flags}\r\n".encode()


class LegacyPropagator(Propagator):
    """Sends the same context in other forms as well."""

    __slots__ = ("_writers",)

    def __init__(self, sample_ratio: float, trust: TrustIncoming, formats: tuple[TraceFormat, ...]) -> None:
        super().__init__(sample_ratio, trust, formats)
        self._writers = [_WRITERS[form] for form in formats]

    def lines(self, exchange: Exchange, attempt: Attempt) -> bytes:
        ours = Propagator.lines(self, exchange, attempt)
        return ours + "".join([write(exchange, attempt.span_id) for write in self._writers]).encode()


def new_request_id(exchange: Exchange) -> str:
    """32 hex digits, unique per exchange even within one trace; call when the trace has begun."""
    if exchange.span_id:
        return exchange.trace_id[16:] + exchange.span_id
    return random_digits(32)
