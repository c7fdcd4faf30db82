"""Where requests go that no route takes: the most frequent hosts and paths, in memory that a scanner cannot make grow.

Kept by the space-saving algorithm (Metwally, Agrawal, El Abbadi: Efficient Computation of Frequent and Top-k Elements in
Data Streams, 2005): a newcomer takes the place of the least frequent and inherits its count as its possible error.
"""

import re
from collections import Counter
from collections.abc import Iterator
from heapq import heappop, heappush
from typing import Final

import msgspec

from gateway.model.outcome import Reason
from gateway.telemetry.labels import UNMATCHED
from gateway.wire.live import AccessLine, UnmatchedListView, UnmatchedView, decode_line

CAPACITY: Final = 512
_SEGMENTS: Final = 3
_HOST_CHARACTERS: Final = 100
_LINES_AT_ONCE: Final = 2000
"""Of one report; what is beyond is counted as unseen."""

_MARK: Final = b'"route":"%b"' % UNMATCHED.encode()
"""Cannot come from a request: JSON escapes the quotes of what does."""

_SECRET: Final = re.compile(r"\d+|(?=.*\d)[\w.~%+=-]{16,}|.{33,}", re.DOTALL)
"""A number, or what is long enough for a key: an id or a secret, and in either case not what many have in common."""
_REASONS: Final = frozenset({Reason.NO_ROUTE.value, Reason.METHOD_NOT_ALLOWED.value})
_SLOW: Final = re.compile(rb'"duration_ms":\d{4}')
"""A second and more, from which one without an objective is slow."""
_MARKS: Final = re.compile(b'"reason":"(?:%b)"' % "|".join(sorted(_REASONS)).encode())


class _Entry:
    __slots__ = ("count", "error", "last_at", "method")

    def __init__(self, count: int, error: int) -> None:
        self.count = count
        self.error = error
        self.method = ""
        self.last_at = ""


class UnmatchedPaths:
    """The paths of requests that matched no route, fed with access lines."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._entries: dict[tuple[str, str, str], _Entry] = {}
        self._least: list[tuple[int, tuple[str, str, str]]] = []
        """A heap of counts as they once were: an entry whose count has grown goes back in with it."""
        self.seen = 0
        self.unseen = 0

    def feed(self, lines: bytes, told: int = 0) -> None:
        """Whole lines; only those of unmatched requests are looked at, and most reports have none. told: how many there were,
        of some of which there may have been no room for a line."""
        self.unseen += max(0, told - lines.count(_MARK))
        if _MARK not in lines:
            return
        counts: Counter[tuple[str, str, str]] = Counter()
        latest: dict[tuple[str, str, str], AccessLine] = {}
        for at, line in enumerate(_marked(lines)):
            if at >= _LINES_AT_ONCE:
                self.unseen += lines.count(_MARK) - at
                break
            try:
                exchange = decode_line(line)
            except msgspec.DecodeError:
                continue
            if exchange.reason in _REASONS:
                key = (exchange.host[:_HOST_CHARACTERS], outline(exchange.path), exchange.reason)
                counts[key] += 1
                latest[key] = exchange
        for key, count in counts.items():
            entry = self._count(key, count)
            entry.method, entry.last_at = latest[key].method[:16], latest[key].at

    def view(self, limit: int) -> UnmatchedListView:
        """The most frequent first."""
        ranked = sorted(self._entries.items(), key=lambda item: (-item[1].count, item[0]))
        return UnmatchedListView(
            seen=self.seen,
            unseen=self.unseen,
            distinct=len(self._entries),
            is_exact=len(self._entries) < self._capacity and not self.unseen,
            paths=[
                UnmatchedView(
                    host=host,
                    path=path,
                    reason=reason,
                    count=entry.count,
                    error=entry.error,
                    last_method=entry.method,
                    last_at=entry.last_at,
                )
                for (host, path, reason), entry in ranked[:limit]
            ],
        )

    def _count(self, key: tuple[str, str, str], count: int) -> _Entry:
        self.seen += count
        entry = self._entries.get(key)
        if entry is not None:
            entry.count += count
            return entry
        inherited = self._evict() if len(self._entries) >= self._capacity else 0
        entry = self._entries[key] = _Entry(inherited + count, inherited)
        heappush(self._least, (entry.count, key))
        return entry

    def _evict(self) -> int:
        """Forget the least frequent; its count."""
        while True:
            count, key = heappop(self._least)
            entry = self._entries[key]
            if entry.count == count:
                del self._entries[key]
                return count
            heappush(self._least, (entry.count, key))


def _marked(lines: bytes) -> Iterator[bytes]:
    at = lines.find(_MARK)
    while at >= 0:
        end = lines.find(b"\n", at)
        end = end if end >= 0 else len(lines)
        yield lines[lines.rfind(b"\n", 0, at) + 1 : end]
        at = lines.find(_MARK, end)


def apart(lines: bytes) -> tuple[bytes, int, bytes]:
    """Lines of requests that no route took, their number, and the other lines: those of slow ones are among these."""
    found, rest, done = list[bytes](), list[bytes](), 0
    for mark in _MARKS.finditer(lines):
        start, end = lines.rfind(b"\n", 0, mark.start()) + 1, lines.find(b"\n", mark.end()) + 1
        if end and start >= done and not _SLOW.search(lines, start, end):
            rest.append(lines[done:start])
            found.append(lines[start:end])
            done = end
    return b"".join(found), len(found), b"".join((*rest, lines[done:]))


def outline(path: str) -> str:
    """The first segments of a path, with * for each that is an id or may be a secret, and for the rest."""
    segments = path.split("/")[1:] if path.startswith("/") else [path]
    shown = ["*" if _SECRET.fullmatch(segment) else segment for segment in segments[:_SEGMENTS]]
    if len(segments) > _SEGMENTS:
        shown.append("*")
    return ("/" if path.startswith("/") else "") + "/".join(shown)
