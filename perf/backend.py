"""The origin for what nginx cannot play: bodies of any size both ways, a reader that stalls, and a sink for OTLP.

Run by the comparison beside the load generator; its own cost is not counted. python backend.py PORT

GET /bytes/N answers with N bytes, GET /after/MS (/late/MS, /held/MS) with 100 bytes so many milliseconds
later, /held after early hints. POST answers with the number of
bytes received. POST /stall/S reads nothing for S seconds first. POST /v1/traces takes spans and GET /counts tells how many; below
/refusing, /slow and /hanging are collectors that are not well.
"""

import asyncio
import json
import sys
from typing import cast

import httptools
import uvloop
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

PIECE = b"x" * 262_144
ANSWER = b"a" * 100
_SLOW_S = 2.0


class Counts:
    """What the sink for spans has received."""

    def __init__(self) -> None:
        self.exports = 0
        self.spans = 0
        self.exchanges: dict[str, int] = {}
        """Server spans by `route method code`."""

    def take(self, body: bytes) -> None:
        request = ExportTraceServiceRequest.FromString(body)
        self.exports += 1
        for resource in request.resource_spans:
            for scope in resource.scope_spans:
                self.spans += len(scope.spans)
                for span in scope.spans:
                    if span.kind == Span.SPAN_KIND_SERVER:
                        self._count_exchange(span)

    def _count_exchange(self, span: Span) -> None:
        values = {attribute.key: attribute.value for attribute in span.attributes}
        code = values["http.response.status_code"].int_value if "http.response.status_code" in values else 0
        ending = f"{values['sightline.route'].string_value} {values['http.request.method'].string_value} {code}"
        self.exchanges[ending] = self.exchanges.get(ending, 0) + 1


class Origin(asyncio.Protocol):
    """One connection. Requests follow each other; the body of a download is written as fast as it is taken."""

    def __init__(self, counts: Counts) -> None:
        self._counts = counts
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None
        self._path = b""
        self._received = 0
        self._spans: list[bytes] = []
        self._left = 0
        self._writable = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_begin(self) -> None:
        self._path = b""
        self._received = 0
        self._spans = []

    def on_url(self, url: bytes) -> None:
        self._path += url

    def on_headers_complete(self) -> None:
        if self._path.startswith(b"/stall/") and self._transport is not None:
            self._transport.pause_reading()
            asyncio.get_running_loop().call_later(int(self._path[7:]), self._resume)

    def on_body(self, body: bytes) -> None:
        self._received += len(body)
        if self._path == b"/v1/traces":
            self._spans.append(body)

    def on_message_complete(self) -> None:
        if self._path.startswith(b"/bytes/"):
            self._left = int(self._path[7:])
            self._write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % self._left)
            self._pump()
        elif self._path.startswith((b"/after/", b"/late/", b"/held/")):
            if self._path.startswith(b"/held/"):
                self._write(b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n")
            later_s = int(self._path.rsplit(b"/", 1)[1]) / 1000
            asyncio.get_running_loop().call_later(later_s, self._answer, b"text/plain", ANSWER)
        elif self._path == b"/v1/traces":
            self._counts.take(b"".join(self._spans))
            self._answer(b"application/x-protobuf", b"")
        elif self._path == b"/refusing/v1/traces":
            self._write(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")
        elif self._path == b"/slow/v1/traces":
            asyncio.get_running_loop().call_later(_SLOW_S, self._answer, b"application/x-protobuf", b"")
        elif self._path == b"/hanging/v1/traces":
            pass
        elif self._path == b"/counts":
            self._answer(b"application/json", json.dumps(vars(self._counts)).encode())
        else:
            self._answer(b"text/plain", b"%d" % self._received)

    def pause_writing(self) -> None:
        self._writable = False

    def resume_writing(self) -> None:
        self._writable = True
        self._pump()

    def _resume(self) -> None:
        if self._transport is not None:
            self._transport.resume_reading()

    def _answer(self, kind: bytes, body: bytes) -> None:
        self._write(b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n%b" % (kind, len(body), body))

    def _pump(self) -> None:
        while self._left and self._writable and self._transport is not None:
            piece = PIECE[: self._left]
            self._left -= len(piece)
            self._write(piece)

    def _write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)


async def serve(port: int) -> None:
    """Serve until the process is ended."""
    counts = Counts()
    await asyncio.get_running_loop().create_server(lambda: Origin(counts), "127.0.0.1", port, backlog=1024)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
