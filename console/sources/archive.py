"""What a recording can be asked: each answer as it was at a moment, and exchanges by any filter, out of those that were seen."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from typing import Final, NamedTuple
from urllib.parse import parse_qsl, unquote, urlencode

import msgspec

from console.sources.recording import Line, Recording
from gateway.wire.live import AccessLine
from gateway.wire.views import ExchangeListView

_EXCHANGES: Final = "exchanges"
_USUAL_LIMIT: Final = 100


class Seen(NamedTuple):
    """An exchange of the recording. `t` is when it was told of, in seconds since the start."""

    t: float
    line: AccessLine
    raw: bytes
    weight: float


class Found(NamedTuple):
    """An answer of the recording, or why there is none."""

    t: float
    status: int
    body: bytes
    problem: str = ""


class _Exchange(msgspec.Struct):
    exchange: msgspec.Raw
    weight: float = 1.0


class _Exchanges(msgspec.Struct):
    exchanges: list[msgspec.Raw] = []


class Archive:
    """A recording, found through."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self._answers: dict[str, list[Line]] = defaultdict(list)
        for line in recording.lines:
            if line.kind in {"answer", "failed"}:
                self._answers[line.of].append(line)
        self.exchanges = list(_exchanges_of(recording))
        """In the order they were told of, each once."""

    def at(self, path: str, query: dict[str, str], t: float) -> Found:
        """The newest answer up to that moment."""
        wanted = urlencode(sorted(query.items()))
        lines = self._answers.get(f"{path}?{wanted}" if wanted else path, [])
        position = bisect_right(lines, t, key=lambda line: line.t)
        if position:
            line = lines[position - 1]
            return Found(line.t, 200 if line.kind == "answer" else line.status, bytes(line.data), line.problem)
        family, _, wanted_id = path.partition("/")
        if family == _EXCHANGES:
            return self._one(unquote(wanted_id), t) if wanted_id else self._some(query, t)
        if lines:
            return Found(0.0, 404, b"", f"not in the recording before {lines[0].t:.1f} s")
        return Found(0.0, 404, b"", "not in the recording")

    def answer_to(self, name: str, t: float) -> Found:
        """To a question that was asked once (console.sources.recording.name_of_question), by then."""
        lines = self._answers.get(name, [])
        position = bisect_right(lines, t, key=lambda line: line.t)
        if not position:
            return Found(0.0, 404, b"", "nobody asked that while this was recorded")
        return Found(lines[position - 1].t, 200, bytes(lines[position - 1].data))

    def seen_at(self, t: float) -> int:
        """How many exchanges had been seen by then."""
        return bisect_right(self.exchanges, t, key=lambda seen: seen.t)

    def names(self) -> list[str]:
        """All that was asked."""
        return sorted(self._answers)

    def matching(self, expression: str, t: float) -> Iterator[Seen]:
        """Exchanges up to that moment that a filter takes, newest first. Raises ValueError for what is no filter."""
        # Imported here: the parser takes as long to load as all the rest.
        from gateway.wire.filter import compile_filter, parse_filter  # noqa: PLC0415

        takes = compile_filter(parse_filter(expression))
        return (seen for seen in reversed(self.exchanges[: self.seen_at(t)]) if takes(seen.line))

    def _some(self, query: dict[str, str], t: float) -> Found:
        limit = query.get("limit", "")
        expression = query.get("filter", "")
        scanned = self.seen_at(t)
        told = self.exchanges[scanned - 1].t if scanned else 0.0
        try:
            found = list(self.matching(expression, t))
        except ValueError as error:
            return Found(told, 400, b"", str(error))
        newest = sorted(found, key=lambda seen: seen.line.at, reverse=True)
        raw = [msgspec.Raw(seen.raw) for seen in newest[: int(limit) if limit.isdecimal() else _USUAL_LIMIT]]
        return Found(
            told, 200, msgspec.json.encode(ExchangeListView(exchanges=raw, filter=expression, scanned=scanned))
        )

    def _one(self, wanted_id: str, t: float) -> Found:
        scanned = self.seen_at(t)
        found = [seen for seen in self.exchanges[:scanned] if wanted_id in {seen.line.request_id, seen.line.trace_id}]
        if not found:
            return Found(0.0, 404, b"", "no exchange of this id is in the recording up to here")
        view = ExchangeListView(exchanges=[msgspec.Raw(seen.raw) for seen in found], scanned=scanned)
        return Found(found[-1].t, 200, msgspec.json.encode(view))


def _exchanges_of(recording: Recording) -> Iterator[Seen]:
    known = set[tuple[str, str]]()
    decode = msgspec.json.Decoder(AccessLine).decode
    for line in recording.lines:
        for told in _told_in(line):
            try:
                exchange = decode(told.exchange)
            except msgspec.DecodeError:  # Of a newer gateway, or of none; a model passes over it as well.
                continue
            identity = exchange.request_id, exchange.at
            if identity not in known:
                known.add(identity)
                yield Seen(line.t, exchange, bytes(told.exchange), told.weight)


def _told_in(line: Line) -> list[_Exchange]:
    """An answer lists newest first; told is oldest first."""
    with suppress(msgspec.DecodeError):
        if line.kind == "event" and line.of == "exchange":
            return [msgspec.json.decode(line.data, type=_Exchange)]
        if line.kind == "answer" and line.of.partition("?")[0].partition("/")[0] == _EXCHANGES:
            return [_Exchange(each) for each in reversed(msgspec.json.decode(line.data, type=_Exchanges).exchanges)]
    return []


def split_name(name: str) -> tuple[str, dict[str, str]]:
    """Path and query of what was asked."""
    path, _, query = name.partition("?")
    return path, dict(parse_qsl(query))
