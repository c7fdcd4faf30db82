"""Traces as this gateway knows them: the exchanges that share an id, and their spans on one axis."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, NamedTuple

import msgspec

from console.state.times import checked
from console.state.traffic.waterfall import Step, steps_of
from gateway.wire.filter import compile_filter, parse_filter
from gateway.wire.live import AccessLine, decode_line, is_fault

KEPT: Final = "err | slow | retried | sampled"
"""What a gateway keeps the spans of, unless it is told otherwise."""

_WHY: Final = tuple((name, compile_filter(parse_filter(name))) for name in KEPT.split(" | "))


class Trace(NamedTuple):
    """Exchanges of one trace, the first to begin first. Milliseconds; `began_s` is Unix time."""

    trace_id: str
    lines: tuple[AccessLine, ...]
    began_s: float
    duration_ms: float

    @property
    def has_failed(self) -> bool:
        return any(is_fault(line) for line in self.lines)

    @property
    def tries(self) -> int:
        """Attempts, of all exchanges."""
        return sum(len(line.attempts) for line in self.lines)

    @property
    def kept_for(self) -> tuple[str, ...]:
        """Words of KEPT."""
        return tuple(name for name, holds in _WHY if any(holds(line) for line in self.lines))


class Span(NamedTuple):
    """`step` counts from the beginning of the trace; its `depth` is the span's in the tree."""

    line: AccessLine
    step: Step


def lines_of(exchanges: Iterable[msgspec.Raw]) -> list[AccessLine]:
    """Those that are understood, as they came."""
    lines = []
    for each in exchanges:
        try:
            lines.append(checked(decode_line(bytes(each))))
        except msgspec.DecodeError:
            continue
    return lines


def traces_of(lines: Iterable[AccessLine]) -> list[Trace]:
    """By trace id, in the order of the lines; an exchange without one is a trace of its own, under its request id."""
    grouped: dict[str, list[AccessLine]] = {}
    for line in lines:
        grouped.setdefault(line.trace_id or line.request_id, []).append(line)
    return [_trace(trace_id, members) for trace_id, members in grouped.items()]


def _trace(trace_id: str, members: Sequence[AccessLine]) -> Trace:
    ordered = sorted(members, key=_began_s)
    began_s = _began_s(ordered[0])
    ended_s = max(_began_s(line) + line.duration_ms / 1000 for line in ordered)
    # The times of lines are cut to milliseconds: alone, an exchange lasts exactly as long as it says.
    duration_ms = ordered[0].duration_ms if len(ordered) == 1 else (ended_s - began_s) * 1000
    return Trace(trace_id, tuple(ordered), began_s, duration_ms)


def _began_s(line: AccessLine) -> float:
    try:
        return datetime.fromisoformat(line.at).timestamp()
    except ValueError:
        return 0.0


def spans_of(trace: Trace) -> list[Span]:
    """The gateway's own, as a tree: each exchange, its attempts under it, the steps of each under that."""
    spans = []
    for line in trace.lines:
        offset_ms = (_began_s(line) - trace.began_s) * 1000
        own = f"{line.method} {line.path}"
        note = f"{line.status or 'no answer'}" + ("" if line.reason == "none" else f" {line.reason}")
        spans.append(Span(line, Step(own, "gateway", offset_ms, line.duration_ms, 0, note, is_fault(line))))
        for step in steps_of(line):
            moved = step._replace(start_ms=step.start_ms + offset_ms, depth=step.depth + 1)
            spans.append(Span(line, moved))
    return spans
