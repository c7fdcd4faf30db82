"""What is written of an exchange besides counts: a line for the access log, for the admin API or for who looks; a record."""

from random import random
from typing import Final

from mypy_extensions import mypyc_attr
from orjson import Fragment

from gateway.model.exchange import Exchange
from gateway.telemetry.access_line import LineEncoder, line_ending
from gateway.telemetry.labels import METHODS, OTHER_METHOD
from gateway.telemetry.recording.exchange_record import build_record
from gateway.telemetry.recording.outbox import LineRoom, Outbox
from gateway.telemetry.recording.route_view import Ending
from gateway.telemetry.timing import Timing, measure

_SAMPLED: Final = "sampled"


@mypyc_attr(allow_interpreted_subclasses=True)
class Writing:
    """The part of a recorder that chooses and writes lines and records."""

    __slots__ = ("_encoder", "_export", "_keep", "_log", "_outbox", "_tap")

    _log: bool
    _export: bool
    _keep: frozenset[str]
    _encoder: LineEncoder

    def __init__(self, room: LineRoom | None = None) -> None:
        self._outbox = Outbox(room)
        self._tap = 0.0
        """Share of plain exchanges to write a line of although there is no access log."""

    def _write_line(self, exchange: Exchange, ending: Ending, sample_rate: float, rule: str, timing: Timing) -> None:
        """The line of an exchange of any kind, if it is to have one."""
        if self._log and sample_rate >= 1.0:
            line = self._encoder.encode(exchange, timing, ending.line)
            self._outbox.add_line(line)
            if rule:
                self._outbox.add_kept_copy(line)
        else:
            self._choose_line(exchange, ending, rule, timing)
        if exchange.route is None:
            self._outbox.note_unmatched()

    def _choose_line(self, exchange: Exchange, ending: Ending, rule: str, timing: Timing | None = None) -> None:
        """Without a line for every exchange: failures always have one, plain successes by chance or not at all."""
        is_kept = bool(rule) or exchange.route is None
        if self._log:
            share = ending.sample_rate if ending.plain and not rule else 1.0
        else:
            share = 1.0 if is_kept else self._tap
        if share < 1.0 and random() >= share:
            return
        outbox, fixed = self._outbox, ending.line
        if share < 1.0:
            fixed = _ending_of(exchange, ending, share)
            outbox.note_sampled()
        line = self._encoder.encode(exchange, timing or measure(exchange), fixed)
        if self._log:
            outbox.add_line(line)
            if rule:
                outbox.add_kept_copy(line)
        elif rule:
            outbox.add_kept_line(line)
        elif is_kept:
            outbox.add_unmatched_line(line)
        else:
            outbox.add_tapped_line(line)

    def _keep_record(self, exchange: Exchange, timing: Timing, rule: str) -> None:
        """The head decision comes first, then the rules that the configuration names."""
        if not exchange.trace_id or not (exchange.sampled or rule in self._keep):
            return
        query = exchange.query
        redacted = self._encoder.redact(query) if query is not None else None
        self._outbox.add_record(build_record(exchange, timing, _SAMPLED if exchange.sampled else rule, redacted))


def _ending_of(exchange: Exchange, ending: Ending, share: float) -> Fragment:
    """The ending of a line that stands for others; the share that is tapped changes too often for it to be kept."""
    if share == ending.sample_rate:
        return ending.sampled_line
    method = METHODS.get(exchange.method, OTHER_METHOD)
    return line_ending(exchange.route, method, exchange.status, exchange.source, exchange.reason, share)
