"""Choosing among recent access lines that are already encoded, decoding no more of each than the filter looks at."""

from collections.abc import Iterable

import msgspec

from gateway.wire.views import ExchangeFilter


class _LineFacts(msgspec.Struct, frozen=True):
    """The keys of an access line that can be filtered on."""

    route: str | None = None
    status: int = msgspec.field(name="http.response.status_code", default=0)
    reason: str = ""
    duration_ms: float = 0.0


_decoder = msgspec.json.Decoder(_LineFacts)


def select_lines(newest_first: Iterable[bytes], wanted: ExchangeFilter) -> list[bytes]:
    """The first `wanted.limit` lines that satisfy every field of the filter."""
    unfiltered = (wanted.route, wanted.status, wanted.reason, wanted.min_duration_ms) == (None, None, None, None)
    chosen: list[bytes] = []
    for line in newest_first:
        if len(chosen) >= wanted.limit:
            break
        if unfiltered or _is_wanted(_decoder.decode(line), wanted):
            chosen.append(line)
    return chosen


def _is_wanted(facts: _LineFacts, wanted: ExchangeFilter) -> bool:
    return (
        (wanted.route is None or facts.route == wanted.route)
        and (wanted.status is None or _has_status(facts.status, wanted.status))
        and (wanted.reason is None or facts.reason == wanted.reason)
        and (wanted.min_duration_ms is None or facts.duration_ms >= wanted.min_duration_ms)
    )


def _has_status(status: int, wanted: str) -> bool:
    text = str(status)
    return text == wanted or (wanted.endswith("xx") and text[:1] == wanted[:1])
