"""An OTLP collector over HTTP or gRPC that reads with the official messages, and refuses, hangs or takes a part when told."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from typing import Any, Final

import grpc  # type: ignore[import-untyped]
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import (
    TraceServiceServicer,
    add_TraceServiceServicer_to_server,
)

OK: Final = 200
HTTP: Final = "http/protobuf"
GRPC: Final = "grpc"
_HANGS_AT_MOST_S: Final = 30.0
_GRPC_CODES: Final = {
    400: grpc.StatusCode.INVALID_ARGUMENT,
    429: grpc.StatusCode.RESOURCE_EXHAUSTED,
    503: grpc.StatusCode.UNAVAILABLE,
}


class Collector:
    """`received` has every request it answered 200, with the fields of its header and its `:path`.

    statuses: what the next requests are answered, before they are answered 200. rejected: how many spans of each request it
    takes it without. gate: while it is not set, requests hang.
    """

    def __init__(self) -> None:
        self.received: Queue[tuple[ExportTraceServiceRequest, dict[str, str]]] = Queue()
        self.statuses: list[int] = []
        self.rejected = 0
        self.body = b""
        """What is answered over HTTP in place of a message."""
        self.gate = threading.Event()
        self.gate.set()
        self.calls = 0
        """Requests that came in, answered or not."""
        self.endpoint = ""

    def answer(self, request: ExportTraceServiceRequest, headers: dict[str, str]) -> tuple[int, Any]:
        self.calls += 1
        self.gate.wait(_HANGS_AT_MOST_S)
        status = self.statuses.pop(0) if self.statuses else OK
        answer = ExportTraceServiceResponse()
        if status == OK:
            self.received.put((request, headers))
            if self.rejected:
                answer.partial_success.rejected_spans = self.rejected
                answer.partial_success.error_message = "too old"
        return status, answer

    def take(self) -> list[tuple[ExportTraceServiceRequest, dict[str, str]]]:
        """What has been received and not taken yet."""
        return [self.received.get() for _ in range(self.received.qsize())]

    def spans(self) -> list[Any]:
        """All spans received and not taken yet."""
        spans: list[Any] = []
        for request, _ in self.take():
            for of_resource in request.resource_spans:
                for of_scope in of_resource.scope_spans:
                    spans += of_scope.spans
        return spans


@contextmanager
def collecting(protocol: str = HTTP) -> Iterator[Collector]:
    """A collector that listens on a free port of the loopback address."""
    collector = Collector()
    serve: Callable[[Collector], Any] = _serve_grpc if protocol == GRPC else _serve_http
    with serve(collector):
        try:
            yield collector
        finally:
            collector.gate.set()


@contextmanager
def _serve_http(collector: Collector) -> Iterator[None]:
    class Sink(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()} | {":path": self.path}
            status, answer = collector.answer(ExportTraceServiceRequest.FromString(body), headers)
            encoded = collector.body or answer.SerializeToString()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", str(len(encoded)))
            if status != OK:
                self.send_header("Retry-After", "0")
            self.end_headers()
            self.wfile.write(encoded)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the library's
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            """A client that gave up waiting is no error of ours."""

    server = Server(("127.0.0.1", 0), Sink)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    collector.endpoint = f"http://127.0.0.1:{server.server_port}"
    try:
        yield
    finally:
        collector.gate.set()
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def _serve_grpc(collector: Collector) -> Iterator[None]:
    class Sink(TraceServiceServicer):
        def Export(self, request: ExportTraceServiceRequest, context: grpc.ServicerContext) -> Any:  # noqa: N802
            headers = {key: str(value) for key, value in context.invocation_metadata()}
            status, answer = collector.answer(request, headers)
            if status != OK:
                context.abort(_GRPC_CODES[status], "refused")
            return answer

    with ThreadPoolExecutor(4) as pool:
        server = grpc.server(pool)
        add_TraceServiceServicer_to_server(Sink(), server)  # type: ignore[no-untyped-call]
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        collector.endpoint = f"http://127.0.0.1:{port}"
        try:
            yield
        finally:
            collector.gate.set()
            server.stop(0).wait()
