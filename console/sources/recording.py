"""The format of a recording: lines of JSON, the first about the recording, each other a message of a source and its time.

A name that ends in `.gz` is compressed. Answers of the admin API hold no secret, and a token is no part of a message.
"""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Final, Literal, NamedTuple, TypeAlias
from urllib.parse import urlencode

import msgspec

from console.client.problems import WrongUsage
from console.state.messages import Answered, Event, Failed, Linked, LinkState, Message, Request, TailFailed
from console.state.reading import AnyReading
from gateway.wire.explain import ExplainRequest

FORMAT: Final = 1
MOST_BYTES: Final = 64 * 1024 * 1024
"""Of a recording, before it is compressed."""
_MOST_READ: Final = 4 * MOST_BYTES
_LONGEST_LINE: Final = 33 * 1024 * 1024
_NOTHING: Final = msgspec.Raw(b"null")

LineKind: TypeAlias = Literal["event", "answer", "failed", "link", "tail_failed"]


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """The first line. `gateway` is the version of what was recorded, where it was known."""

    sightline_recording: int
    console: str
    gateway: str = ""
    service: str = ""
    started_at: str
    started_s: float
    """Unix seconds; the times of the lines count from here."""


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One message. `of` is the event's name, or what was asked: path and query. `data` is what came, as it came."""

    t: float
    kind: LineKind
    of: str = ""
    data: msgspec.Raw = _NOTHING
    status: int = 0
    problem: str = ""
    state: LinkState = "connecting"
    retry_s: float = 0.0


class Recording(NamedTuple):
    """All of it. Lines are in the order of their times, which are seconds since the start."""

    header: Header
    lines: list[Line]

    @property
    def ends_s(self) -> float:
        """Seconds from start to the last line."""
        return self.lines[-1].t if self.lines else 0.0


def name_of(reading: AnyReading) -> str:
    """What was asked, in one word: the same for the same path and query."""
    query = urlencode(sorted(reading.query))
    return f"{reading.path}?{query}" if query else reading.path


def name_of_question(request: Request) -> str:
    """What was asked once, with a body; see `is_question`."""
    return f"{request.method} {request.path} {request.body.decode('utf-8', 'replace')}"


def is_question(request: Request) -> bool:
    """Whether it changes nothing although it is a POST, so that its answer can be recorded: a request to be explained."""
    return (request.method, request.path) == ("POST", "explain")


def may_be_kept(question: Request) -> bool:
    """Fields that the operator made up for it may hold a secret, and stand in the question and its answer."""
    try:
        return not msgspec.json.decode(question.body, type=ExplainRequest).headers
    except msgspec.DecodeError:
        return False


def line_of(t: float, message: Message) -> Line | None:
    """None for what is not recorded, or cannot be because it is no JSON."""
    t = round(t, 3)
    match message:
        case Event():
            data = message.data.encode()
            return Line(t=t, kind="event", of=message.name, data=msgspec.Raw(data)) if _is_json_line(data) else None
        case Answered():
            body = message.body or msgspec.json.encode(message.view)
            if b"\n" in body:
                body = msgspec.json.format(body, indent=-1)
            return Line(t=t, kind="answer", of=name_of(message.reading), data=msgspec.Raw(body))
        case Failed():
            of = name_of(message.reading)
            return Line(t=t, kind="failed", of=of, status=message.status, problem=message.problem)
        case TailFailed():
            return Line(t=t, kind="tail_failed", status=message.status, problem=message.problem)
        case Linked():
            return Line(t=t, kind="link", state=message.state, problem=message.problem, retry_s=message.retry_s)
        case _:
            return None


def _is_json_line(data: bytes) -> bool:
    try:
        msgspec.json.decode(data, type=msgspec.Raw)
    except msgspec.DecodeError:
        return False
    return b"\n" not in data


def header_of(started_s: float, console: str, gateway: str, service: str) -> Header:
    started_at = datetime.fromtimestamp(started_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return Header(
        sightline_recording=FORMAT, console=console, gateway=gateway, service=service, started_at=started_at,
        started_s=started_s,
    )  # fmt: skip


def open_to_write(file: str) -> IO[bytes]:
    """Raises OSError; what is there already is not written over."""
    return gzip.open(file, "xb", compresslevel=6) if file.endswith(".gz") else Path(file).open("xb")  # type: ignore[return-value] # what gzip gives writes bytes too


def read_recording(file: str) -> Recording:
    """Raises WrongUsage with the line and what was expected there."""
    try:
        with gzip.open(file) if file.endswith(".gz") else Path(file).open("rb") as opened:
            return _read(file, _lines(file, opened))  # type: ignore[arg-type] # the same
    except (OSError, zlib.error) as error:
        raise WrongUsage(
            f"{file} cannot be read as a recording: {getattr(error, 'strerror', None) or error}"
        ) from error


def _lines(file: str, opened: IO[bytes]) -> Iterator[bytes]:
    """Whole ones: where a recorder was killed, what it wrote last ends anywhere."""
    size = 0
    with suppress(EOFError):
        while (line := opened.readline(_LONGEST_LINE)).endswith(b"\n"):
            size += len(line)
            if size > _MOST_READ:
                raise WrongUsage(f"{file} is larger than {_MOST_READ >> 20} MiB, more than a recording has")
            yield line


def _read(file: str, lines: Iterator[bytes]) -> Recording:
    first = next(lines, b"")
    try:
        header = msgspec.json.decode(first, type=Header)
    except msgspec.DecodeError as error:
        expected = "the header of a recording, as `sightline console --record` writes it"
        raise WrongUsage(f"{file}:1: expected {expected}; {_unlike(error)}") from error
    if header.sightline_recording != FORMAT:
        raise WrongUsage(
            f"{file}:1: expected a recording of format {FORMAT}, this is one of {header.sightline_recording}"
        )
    known, decoder = list[Line](), msgspec.json.Decoder(Line)
    for number, text in enumerate(lines, 2):
        try:
            line = decoder.decode(text)
        except msgspec.DecodeError as error:
            raise WrongUsage(f"{file}:{number}: expected a message and its time; {_unlike(error)}") from error
        if line.t < 0 or (known and line.t < known[-1].t):
            raise WrongUsage(f"{file}:{number}: expected a time after {known[-1].t if known else 0:g}, got {line.t:g}")
        known.append(line)
    return Recording(header, known)


def _unlike(error: Exception) -> str:
    return str(error)[:200]
