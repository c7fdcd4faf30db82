"""The verdict about a route in a sentence, and the bars that prove it."""

from typing import Final

from console.render.amounts import age, counted, milliseconds, percent, rate
from console.render.cells import Cell, Severity, glyph
from console.render.health.sentences import PHASES, after, failure, slowness, when
from console.state.health.evidence import Shares
from console.state.health.verdict import Verdict
from gateway.wire.history import RecentView

_SHORT: Final = {
    "read_head": "head", "pool_wait": "queue", "connect": "connect", "send": "send", "ttfb": "first byte", "transfer": "body",
    "write": "client", "retries": "retries",
}  # fmt: skip
_FILLS: Final = "░▒▓█▚▞▤▥"
_ASCII_FILLS: Final = ".:%#xo+="
_SEEN: Final = 0.005
_WORDS: Final = {"errors": "failing at times"}
"""Of endpoints, in a sentence, where their column says it otherwise."""


def verdict_sentence(verdict: Verdict, now_s: float) -> str:
    """`p99 812ms: 93% upstream first byte, endpoint 10.0.1.7 only, since 14:02:10, 40s after rev 412`."""
    trouble, recent = verdict.trouble, verdict.route.recent
    if trouble is None:
        return _well(verdict, recent)
    if trouble.kind == "failing":
        head, cause = f"5xx {percent(trouble.error_ratio)}", failure(trouble.cause)[0]
    else:
        head, cause = f"p99 {milliseconds(trouble.p99_ms)}", slowness(trouble.cause)[0]
    parts = [f"{head}: {cause}" if cause else head]
    if trouble.since_s is not None:
        parts.append(f"since {'before ' if trouble.is_earlier else ''}{when(trouble.since_s, now_s)}")
    if trouble.after is not None and trouble.since_s is not None:
        parts.append(after(trouble.after, trouble.since_s))
    return ", ".join(parts) + (" (it is over)" if trouble.trend == "down" else "")


def severity_of(verdict: Verdict) -> Severity:
    if verdict.trouble is not None:
        return verdict.trouble.severity
    return "ok" if verdict.route.recent.rate else "unknown"


def _well(verdict: Verdict, recent: RecentView) -> str:
    if not verdict.route.is_counted:
        return "it has no figures of its own: it is beyond metrics.max_routes, or metrics are off"
    if not recent.rate:
        return "no request in the last minute"
    troubled = verdict.endpoint
    head = "nothing is wrong"
    if recent.error_ratio or troubled is not None:  # Not nothing, but no more than is allowed.
        head = "within its objective" if verdict.route.slo is not None else "within the usual objective"
    figures = f"{rate(recent.rate)}/s, {percent(recent.error_ratio)} errors, p99 {milliseconds(recent.p99_ms)}"
    told = f"{head}: {figures} in the last {age(recent.seconds)}"
    if verdict.split is not None:
        phase, share = verdict.split.largest
        told = f"{told}, {round(share * 100)}% of it {PHASES[phase]}"
    return (
        told
        if troubled is None
        else f"{told}; endpoint {troubled.address} is {_WORDS.get(troubled.word, troubled.word)}"
    )


def split_line(verdict: Verdict, width: int, *, ascii_only: bool) -> list[Cell]:
    """Where the time went: a bar with a piece for each phase, and what they are."""
    split = verdict.split
    if split is None:
        return [Cell(" time   ", "dim"), Cell("no exchange is kept that would tell", "dim")]
    told = _pieces(split)
    legend = [f" {name} {percent(share)}" for name, share, _ in told]
    of = "mean of all" if verdict.is_average else f"mean of {counted(split.number, 'slow request')}"
    tail = f"  {milliseconds(split.total)} {of}"
    room = max(10, width - 9 - sum(len(text) + 2 for text in legend) - len(tail))
    cells = [Cell(" time   ", "dim")]
    fills = _ASCII_FILLS if ascii_only else _FILLS
    for position, (_, share, severity) in enumerate(told):
        cells.append(Cell(fills[position % len(fills)] * max(1, round(share * room)), severity))
    for position, text in enumerate(legend):
        cells += [Cell(f" {fills[position % len(fills)]}", told[position][2]), Cell(text)]
    return [*cells, Cell(tail, "dim")]


def _pieces(split: Shares) -> list[tuple[str, float, Severity]]:
    told = {**split.parts, "retries": split.retries}
    total = max(split.total, sum(told.values()))
    shares = [(name, value / total) for name, value in told.items() if value / total >= _SEEN]
    rest = 1.0 - sum(value for value in told.values()) / total
    if rest >= _SEEN:
        shares.append(("gateway", rest))
    largest = max((share for _, share in shares), default=0.0)
    return [(_SHORT.get(name, name), share, "strong" if share == largest else "accent") for name, share in shares]


def status_line(recent: RecentView, width: int, *, ascii_only: bool) -> list[Cell]:
    """What was answered: good, 4xx, 5xx."""
    errors, client = recent.error_ratio, recent.client_error_ratio or 0.0
    if errors is None:
        return [Cell(" status ", "dim"), Cell("no request", "dim")]
    good = max(0.0, 1.0 - errors - client)
    told: list[tuple[str, float, Severity]] = [("ok", good, "ok"), ("4xx", client, "warn"), ("5xx", errors, "crit")]
    legend = sum(len(f"   {name} {percent(share)}") + 3 for name, share, _ in told)
    room = max(10, width - 9 - legend)
    fills = "=~#" if ascii_only else "█▒▓"
    cells = [Cell(" status ", "dim")]
    for (_, share, severity), fill in zip(told, fills, strict=True):
        if share > 0:
            cells.append(Cell(fill * max(1, round(share * room)), severity))
    for name, share, severity in told:
        sign = glyph(severity if share > 0 else "plain", ascii_only=ascii_only).text
        cells.append(Cell(f"  {sign} {name} {percent(share)}", severity if share > 0 and name != "ok" else "plain"))
    return cells
