"""A sink as configured to the thing that delivers: the one place that knows every protocol."""

import asyncio
import os
import secrets
import socket
from collections.abc import Callable
from typing import Any, Final, Protocol, assert_never

import msgspec

from gateway.model.snapshot import LogFormat
from gateway.telemetry.formats.clf import clf_text
from gateway.telemetry.formats.ecs import ecs_document
from gateway.telemetry.formats.rewriting import rewriter
from gateway.telemetry.shipping.destinations import LogFile
from gateway.telemetry.shipping.dialects.dialect import Dialect, Entry
from gateway.telemetry.shipping.dialects.elasticsearch import ElasticsearchDialect
from gateway.telemetry.shipping.dialects.logstash import LogstashDialect
from gateway.telemetry.shipping.dialects.loki import LokiDialect
from gateway.telemetry.shipping.dialects.otlp import OtlpDialect
from gateway.telemetry.shipping.dialects.splunk import SplunkDialect
from gateway.telemetry.shipping.line_writer import LineWriter
from gateway.telemetry.shipping.losses import Ledger
from gateway.telemetry.shipping.posting import Poster
from gateway.telemetry.shipping.queue import LineQueue
from gateway.telemetry.shipping.settings import (
    ElasticsearchTarget,
    FileTarget,
    HttpTarget,
    LogSink,
    LogstashTarget,
    LokiTarget,
    OtlpTarget,
    SplunkTarget,
)
from gateway.telemetry.shipping.shipper import Shipper

BOOT: Final = secrets.token_hex(6)
"""Unlike that of any other start of any other gateway: makes numbers of lines unique."""
_encode: Final = msgspec.json.Encoder().encode


class Outlet(Protocol):
    """A sink in force."""

    queue: LineQueue

    def put(self, block: bytes, lines: int) -> None:
        """Queue so many whole lines of ours; never waits."""

    def reopen(self) -> None:
        """What it writes to may have been moved away."""

    async def close(self, deadline_s: float) -> None:
        """Deliver what waits, for at most so many seconds; the rest is dropped and counted."""


class FileOutlet:
    """A file, written by a thread of its own."""

    def __init__(self, sink: LogSink, path: str, service_name: str, ledger: Ledger) -> None:
        self._file = LogFile(path)
        self._writer = LineWriter(ledger, self._file, sink.name, sink.queue)
        self._writer.rewrite = rewriter(sink.format, service_name)
        self.queue = self._writer.queue
        self.put = self._writer.write
        self.reopen = self._file.reopen

    async def close(self, deadline_s: float) -> None:
        await asyncio.to_thread(self._writer.close, deadline_s)


class HttpOutlet(Shipper):
    """A sink that is spoken to over HTTP."""

    def reopen(self) -> None:
        """There is nothing to open."""


def build_outlet(sink: LogSink, service_name: str, ledger: Ledger) -> Outlet:
    """On the event loop that is to deliver; delivery begins."""
    if isinstance(sink.target, FileTarget):
        return FileOutlet(sink, sink.target.path, service_name, ledger)
    dialect = build_dialect(sink.target, sink.format, service_name)
    post = Poster(sink.target.http, dialect.path, dialect.content_type)
    outlet = HttpOutlet(sink, dialect, post, ledger)
    outlet.start()
    return outlet


def build_dialect(target: HttpTarget, form: LogFormat, service_name: str, boot: str = BOOT) -> Dialect:
    in_ecs = service_name if form is LogFormat.ECS else None
    if isinstance(target, ElasticsearchTarget):
        return ElasticsearchDialect(target.index, boot, in_ecs)
    if isinstance(target, LogstashTarget):
        return LogstashDialect(boot, in_ecs)
    if isinstance(target, LokiTarget):
        labels = {"service_name": service_name, "instance": socket.gethostname(), **dict(target.labels)}
        return LokiDialect(labels, _text(form, service_name))
    if isinstance(target, SplunkTarget):
        envelope = {"host": socket.gethostname(), "source": target.source, "sourcetype": target.sourcetype}
        if target.index:
            envelope["index"] = target.index
        return SplunkDialect(envelope, _event(form, service_name))
    if isinstance(target, OtlpTarget):
        return OtlpDialect(
            {
                "service.name": service_name,
                "service.instance.id": f"{socket.gethostname()}:{os.getpid()}",
                "host.name": socket.gethostname(),
            }
        )
    assert_never(target)


def _text(form: LogFormat, service_name: str) -> Callable[[Entry], str]:
    if form is LogFormat.JSON:
        return lambda entry: entry.raw.decode()
    if form is LogFormat.CLF:
        return lambda entry: clf_text(entry.line)
    return lambda entry: _encode(ecs_document(entry.line, service_name)).decode()


def _event(form: LogFormat, service_name: str) -> Callable[[Entry], Any]:
    if form is LogFormat.JSON:
        return lambda entry: msgspec.Raw(entry.raw)
    if form is LogFormat.CLF:
        return lambda entry: clf_text(entry.line)
    return lambda entry: ecs_document(entry.line, service_name)
