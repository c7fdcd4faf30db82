"""Which exposition format a scraper gets: the one it prefers of those there are (RFC 9110 section 12.5.1)."""

from collections.abc import Iterator
from enum import Enum
from typing import Final


class Format(Enum):
    """The values are the content types."""

    TEXT = "text/plain; version=0.0.4; charset=utf-8"
    OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
    PROTOBUF = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"


_TEXT_RANGES: Final = frozenset({"*/*", "text/*", "text/plain"})
_ACCEPT_BYTES: Final = 4096
"""What is longer says nothing we could not find in its beginning."""


def choose_format(accept: str, *, with_protobuf: bool) -> Format:
    """The one of the highest quality, the first named among equals; text where nothing that is asked for can be had."""
    best, best_quality = Format.TEXT, 0.0
    for name, parameters in _ranges(accept[:_ACCEPT_BYTES]):
        found = _format_of(name, parameters)
        if found is None or (found is Format.PROTOBUF and not with_protobuf):
            continue
        quality = _quality(parameters.get("q", "1"))
        if quality > best_quality:
            best, best_quality = found, quality
    return best


def _ranges(accept: str) -> Iterator[tuple[str, dict[str, str]]]:
    for part in accept.split(","):
        name, *pairs = (piece.strip() for piece in part.split(";"))
        parameters = {}
        for pair in pairs:
            key, _, value = pair.partition("=")
            parameters[key.strip().lower()] = value.strip().strip('"')
        yield name.lower(), parameters


def _format_of(name: str, parameters: dict[str, str]) -> Format | None:
    if name == "application/vnd.google.protobuf":
        is_ours = parameters.get("proto") == "io.prometheus.client.MetricFamily"
        return Format.PROTOBUF if is_ours and parameters.get("encoding") == "delimited" else None
    if name == "application/openmetrics-text":
        return Format.OPENMETRICS if parameters.get("version", "1.0.0") == "1.0.0" else None
    return Format.TEXT if name in _TEXT_RANGES else None


def _quality(text: str) -> float:
    """A weight that is no number counts as none at all."""
    try:
        quality = float(text)
    except ValueError:
        return 0.0
    return quality if 0.0 <= quality <= 1.0 else 0.0
