"""Where the time of one exchange went, as steps on one axis: what the record says of phases and attempts, laid out."""

from typing import Literal, NamedTuple, TypeAlias

from gateway.wire.live import AccessLine, LineAttempt

By: TypeAlias = Literal["client", "gateway", "upstream", "attempt"]
"""Whose time it is; an attempt's own line is the sum of its steps."""

_SUPERSEDED = "superseded"
_SHOWN_MS = 0.05
"""Shorter steps would read 0.0ms."""


class Step(NamedTuple):
    """Milliseconds from the beginning of the exchange. `depth` 1 are the steps of the attempt above them."""

    label: str
    by: By
    start_ms: float
    length_ms: float
    depth: int = 0
    note: str = ""
    is_failed: bool = False


def steps_of(line: AccessLine, tries: int | None = None) -> tuple[Step, ...]:
    """In the order in which they happened. tries: as many as the route allows, where that is known.

    The record holds lengths, and moments only where there were several attempts. What neither the attempts nor the client took lies
    before the first of them: the gateway found the route, looked at policies, held the request back where the route injects that, and
    waited for the request's body; between two of them it backed off. Two may be under way at once. Of an exchange without an attempt all of it is the gateway's.
    """
    phases, at_ms = line.phases, 0.0
    steps = [_step("read head", "client", at_ms, phases.read_head_ms)]
    at_ms += phases.read_head_ms
    attempts = sorted(line.attempts, key=_began)  # The one that the exchange ended with is the last of the record.
    is_placed = any(attempt.at_ms for attempt in attempts)
    steps.append(
        _step("held back", "gateway", at_ms, line.fault_ms, "on purpose, by the route" if line.fault_ms else "")
    )
    at_ms += line.fault_ms
    own_ms = line.duration_ms - at_ms - sum(attempt.ms for attempt in attempts) - phases.write_ms
    own_ms = max(0.0, attempts[0].at_ms - at_ms if is_placed else own_ms)
    steps.append(_step("gateway", "gateway", at_ms, own_ms, "" if attempts else _answer(line)))
    at_ms += own_ms
    for number, attempt in enumerate(attempts, 1):
        if is_placed and number > 1:
            steps.append(_step("backs off", "gateway", at_ms, attempt.at_ms - at_ms))
        began_ms = attempt.at_ms if is_placed else at_ms
        goes_on = _goes_on(attempt, number, tries, is_last=attempt is line.attempts[-1])
        steps += _attempt_steps(line, attempt, number, began_ms, goes_on)
        at_ms = max(at_ms, began_ms + attempt.ms)
    steps.append(_step("client reads", "client", at_ms, phases.write_ms))
    return tuple(step for step in steps if step.length_ms >= _SHOWN_MS or step.by == "attempt" or step.note)


def _began(attempt: LineAttempt) -> float:
    return attempt.at_ms


def _goes_on(attempt: LineAttempt, number: int, tries: int | None, *, is_last: bool) -> str:
    """` -> retry (1 of 3 tries used)`: as many as the route allows; empty where no other followed because of it."""
    if is_last or attempt.reason == _SUPERSEDED:
        return ""
    return " -> retry" if tries is None else f" -> retry ({number} of {tries} tries used)"


def _attempt_steps(line: AccessLine, attempt: LineAttempt, number: int, at_ms: float, goes_on: str) -> list[Step]:
    is_failed = attempt.reason not in {"none", _SUPERSEDED}
    is_last = attempt is line.attempts[-1]
    note = f"{attempt.status or attempt.reason}{goes_on}"
    steps = [Step(f"try {number} {attempt.endpoint}", "attempt", at_ms, attempt.ms, 0, note, is_failed)]
    for label, length_ms in _parts(line, attempt, is_last=is_last):
        steps.append(_step(label, "gateway" if label == "waits for a place" else "upstream", at_ms, length_ms, depth=1))
        at_ms += length_ms
    return [step for step in steps if step.depth == 0 or step.length_ms >= _SHOWN_MS]


def _parts(line: AccessLine, attempt: LineAttempt, *, is_last: bool) -> list[tuple[str, float]]:
    """Names and milliseconds. Phases of the record are sums over the attempts: of one alone they are its own."""
    phases = line.phases
    known_ms = attempt.connect_ms + attempt.ttfb_ms
    rest_ms = max(0.0, attempt.ms - known_ms)
    transfer_ms = min(phases.transfer_ms, rest_ms) if is_last else 0.0
    send_ms = min(phases.send_ms, rest_ms - transfer_ms) if len(line.attempts) == 1 else 0.0
    return [
        ("waits for a place", rest_ms - transfer_ms - send_ms),
        ("connects", attempt.connect_ms),
        ("sends", send_ms),
        ("first byte", attempt.ttfb_ms),
        ("transfers", transfer_ms),
    ]


def _step(label: str, by: By, start_ms: float, length_ms: float, note: str = "", depth: int = 0) -> Step:
    return Step(label, by, start_ms, length_ms, depth, note)


def _answer(line: AccessLine) -> str:
    return f"{line.status or 'no answer'}" + ("" if line.reason == "none" else f" {line.reason}")


def span_of(start_ms: float, length_ms: float, total_ms: float, width: int) -> tuple[int, int]:
    """Offset and length in cells of a bar on an axis so wide: at least one cell, and never beyond the end."""
    if total_ms <= 0 or width <= 0:
        return 0, max(0, min(1, width))
    offset = min(int(start_ms / total_ms * width), width - 1)
    end = round((start_ms + length_ms) / total_ms * width)
    return offset, max(1, min(end, width) - offset)
