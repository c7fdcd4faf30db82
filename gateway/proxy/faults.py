"""Faults on purpose: which requests of a route are held back or aborted, as its configuration wants for a game day.

Whatever is injected is on the record of the exchange, so that nobody takes it for a failure of something else.
"""

import random
from collections.abc import Callable

from gateway.model.clock import MILLISECOND_NS
from gateway.model.exchange import Exchange
from gateway.model.headers import Fields
from gateway.model.outcome import Reason
from gateway.model.route import Faults, ValueMatch
from gateway.proxy.reply import Reply
from gateway.routing.matchers import HeaderPredicate


class FaultPlan:
    """The faults of one route, ready to be drawn. draw: a number from 0 to below 1."""

    def __init__(self, faults: Faults, draw: Callable[[], float] = random.random) -> None:
        self._delay, self._abort = faults.delay, faults.abort
        self._delayed = () if faults.delay is None else _predicates(faults.delay.headers)
        self._aborted = () if faults.abort is None else _predicates(faults.abort.headers)
        self._draw = draw

    def inject(self, exchange: Exchange, fields: Fields) -> tuple[int, Reply | None]:
        """What befalls this request: nanoseconds to hold it back, and the answer to give it then, if it is aborted.
        Stamps it on the exchange."""
        delay, abort = self._delay, self._abort
        delay_ns, reply, injected, details = 0, None, [], []
        if delay is not None and _hold(self._delayed, fields) and self._draw() < delay.share:
            delay_ns = delay.duration_ns
            injected.append("delay")
            details.append(f"a delay of {delay_ns / MILLISECOND_NS:g} ms")
        if abort is not None and _hold(self._aborted, fields) and self._draw() < abort.share:
            injected.append("abort")
            details.append(f"an abort with {abort.status}")
        if injected:
            exchange.fault = ",".join(injected)
            exchange.detail = f"injected by the route: {' and '.join(details)}"
        if abort is not None and "abort" in injected:
            reply = Reply(abort.status, Reason.FAULT_INJECTED, exchange.detail)
        return delay_ns, reply


def _predicates(headers: tuple[ValueMatch, ...]) -> tuple[HeaderPredicate, ...]:
    return tuple(HeaderPredicate(wanted) for wanted in headers)


def _hold(predicates: tuple[HeaderPredicate, ...], fields: Fields) -> bool:
    return all(predicate.holds("", None, fields, "") for predicate in predicates)
