"""An access line in the combined log format that every log analyser reads, with our own facts behind it.

`client - - [time] "request" status bytes "referer" "user agent" key=value …`: the referer is not recorded, and the bytes
are all that was sent, heads included. Exchanges that are still open have no line here, since nothing would tell it from
the line of a finished one.
"""

import re
from functools import lru_cache
from typing import Final

from gateway.telemetry.formats.line import AccessLine, read_line

_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_UNSAFE: Final = re.compile(r'[\x00-\x1f"\\\x7f-\x9f\u2028\u2029]')
_UNSAFE_BARE: Final = re.compile(r'[\x00-\x20"\\\x7f-\x9f\u2028\u2029]')


def clf_line(line: bytes) -> bytes:
    """A line of text with its end, from one of ours; empty for an exchange that is still open. Raises msgspec.DecodeError."""
    read = read_line(line)
    return b"" if read.event else (clf_text(read) + "\n").encode("utf-8", "replace")


def clf_text(line: AccessLine) -> str:
    """The line without its end."""
    target = line.path if line.query is None else f"{line.path}?{line.query}"
    request = f"{line.method} {_quotable(target)} HTTP/{line.protocol}" if line.path else "-"
    agent = "-" if line.user_agent is None else _quotable(line.user_agent)
    time = _clf_time(line.timestamp[:19])
    fields = [
        f'{_bare(line.client_address)} - - [{time}] "{request}" {line.status:03d} {line.bytes_out} "-" "{agent}"',
        f"host={_bare(line.server_address)} route={_bare(line.route)} source={line.source} reason={line.reason}",
        f"duration_ms={line.duration_ms} overhead_ms={line.overhead_ms} bytes_in={line.bytes_in}",
        f"request_id={_bare(line.request_id)} revision={_bare(line.config_revision)}",
    ]
    if line.upstream:
        fields.append(f"upstream={_bare(line.upstream)} endpoint={_bare(line.endpoint)} attempts={len(line.attempts)}")
    if line.trace_id:
        fields.append(f"trace_id={line.trace_id}")
    if line.event:
        fields.append(f"event={line.event} open_ms={line.open_ms}")
    if line.sample_rate != 1.0:
        fields.append(f"sample_rate={line.sample_rate}")
    return " ".join(fields)


@lru_cache(16)
def _clf_time(timestamp: str) -> str:
    """`2026-11-21T02:53:56` as 21/Nov/2026:02:53:56 +0000."""
    year, month, day = timestamp[:4], int(timestamp[5:7]), timestamp[8:10]
    return f"{day}/{_MONTHS[month - 1]}/{year}:{timestamp[11:]} +0000"


def _quotable(text: str) -> str:
    """Fit to stand between quotes, as Apache and nginx write what is not."""
    return _UNSAFE.sub(_escape, text)


def _bare(text: str) -> str:
    """Fit to stand without quotes."""
    return _UNSAFE_BARE.sub(_escape, text) or "-"


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
