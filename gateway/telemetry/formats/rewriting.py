"""Whole blocks of access lines in another form."""

from collections.abc import Callable
from typing import TypeAlias

import msgspec

from gateway.model.snapshot import LogFormat
from gateway.telemetry.formats.clf import clf_line
from gateway.telemetry.formats.ecs import ecs_line

Rewrite: TypeAlias = Callable[[bytes], bytes]
"""From a block of our lines to the same lines in another form, each with its end."""


def rewriter(form: LogFormat, service_name: str) -> Rewrite | None:
    """None where lines stay as they are. A line that cannot be read stays as it is too, rather than being lost."""
    if form is LogFormat.JSON:
        return None
    if form is LogFormat.CLF:
        return lambda block: b"".join([_kept(clf_line, line) for line in block.splitlines(keepends=True)])

    def in_ecs(line: bytes) -> bytes:
        return ecs_line(line, service_name)

    return lambda block: b"".join([_kept(in_ecs, line) for line in block.splitlines(keepends=True)])


def _kept(write: Rewrite, line: bytes) -> bytes:
    try:
        return write(line)
    except msgspec.DecodeError:
        return line
