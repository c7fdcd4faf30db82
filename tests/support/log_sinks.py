"""Strict fakes of those who take access lines: each checks its protocol as the real one does, keeps what it accepted, and
can throttle, refuse, fail in part or hang when told."""

import asyncio
import json
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from typing import Any, Final, Self

from aiohttp import web
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse

OK: Final = "ok"
THROTTLE: Final = "throttle"
"""429 with Retry-After: 7."""
BROKEN: Final = "broken"
"""503."""
PARTIAL: Final = "partial"
"""As the protocol has it: the second of a batch is refused for good; of Elasticsearch the third is throttled."""
HANG: Final = "hang"
"""Never an answer."""
LOST: Final = "lost"
"""Everything is taken, and the connection breaks before the answer."""
REFUSE: Final = "refuse"
"""400 for the whole batch."""
TOO_LARGE: Final = "too_large"
"""413 for more than two documents at once."""


_ANSWERS: Final = {THROTTLE: 429, BROKEN: 503, HANG: 503, REFUSE: 400}


class FakeSink(ABC):
    """Listens on loopback between `async with`. `taken` are the documents accepted, in order."""

    path: str
    content_type: str

    def __init__(self, authorization: str | None = None) -> None:
        self.authorization = authorization
        self.moods: deque[str] = deque()
        """What to do with each request to come; OK when there is nothing left."""
        self.taken: list[Any] = []
        self.requests = 0
        self.problems: list[str] = []
        """What the sender did wrong."""
        self.raw: list[bytes] = []
        """Every body that came."""
        self.encodings: list[str] = []
        self.url = ""
        self._runner: web.AppRunner | None = None
        self._released = asyncio.Event()

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_route("*", "/{rest:.*}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._released.set()
        assert self._runner is not None
        await self._runner.cleanup()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.requests += 1
        self.raw.append(body)
        self.encodings.append(request.headers.get("Content-Encoding", ""))
        refusal = self._refuse(request)
        if refusal is not None:
            return refusal
        mood = self.moods.popleft() if self.moods else OK
        if mood == HANG:
            await self._released.wait()
        if mood in _ANSWERS:
            return web.Response(status=_ANSWERS[mood], headers={"Retry-After": "7"} if mood == THROTTLE else None)
        try:
            documents = self.parse(request, body)
        except (ValueError, KeyError, AssertionError) as error:
            self.problems.append(repr(error))
            return web.Response(status=400, text=repr(error))
        if mood == TOO_LARGE:
            self.moods.appendleft(TOO_LARGE)
            if len(documents) > 2:
                return web.Response(status=413)
        answer = self.answer(documents, is_partial=mood == PARTIAL)
        if mood == LOST:
            assert request.transport is not None
            request.transport.abort()
        return answer

    def _refuse(self, request: web.Request) -> web.Response | None:
        problems = self._envelope_problems(request)
        self.problems += problems
        if problems:
            return web.Response(status=400, text=problems[0])
        if self.authorization is not None and request.headers.get("Authorization") != self.authorization:
            return web.Response(status=401, text="not you")
        return None

    def _envelope_problems(self, request: web.Request) -> list[str]:
        found = []
        if request.method != "POST":
            found.append(f"method {request.method}")
        if request.path != self.path:
            found.append(f"path {request.path}")
        if request.headers.get("Content-Type") != self.content_type:
            found.append(f"content type {request.headers.get('Content-Type')}")
        return found

    @abstractmethod
    def parse(self, request: web.Request, body: bytes) -> list[Any]:
        """The documents of a request; raises if anything about it is not as the protocol wants it."""

    @abstractmethod
    def answer(self, documents: list[Any], *, is_partial: bool) -> web.Response:
        """Take the documents and say so."""


class FakeElasticsearch(FakeSink):
    """`taken` are (id, document); a document whose id is there already is a conflict and is not taken again."""

    content_type = "application/x-ndjson"

    def __init__(self, index: str = "logs-sightline.access-default", authorization: str | None = None) -> None:
        super().__init__(authorization)
        self.path = f"/{index}/_bulk"
        self.conflicts = 0

    def parse(self, request: web.Request, body: bytes) -> list[Any]:
        assert body.endswith(b"\n"), "the bulk request must be terminated by a newline"
        lines = body[:-1].split(b"\n")
        assert len(lines) % 2 == 0, "an action without a document"
        documents = []
        for action, source in zip(lines[::2], lines[1::2], strict=True):
            (operation, meta) = next(iter(json.loads(action).items()))
            assert operation == "create", "a data stream takes create alone"
            document = json.loads(source)
            assert isinstance(document["@timestamp"], str)
            documents.append((meta["_id"], document))
        return documents

    def answer(self, documents: list[Any], *, is_partial: bool) -> web.Response:
        items = [{"create": self._item(number, pair, is_partial)} for number, pair in enumerate(documents)]
        errors = any("error" in item["create"] for item in items)
        return web.json_response({"errors": errors, "items": items} if errors else {"errors": False})

    def _item(self, number: int, pair: tuple[str, Any], is_partial: bool) -> dict[str, Any]:
        if is_partial and number == 1:
            return {"status": 400, "error": {"type": "document_parsing_exception"}}
        if is_partial and number == 2:
            return {"status": 429, "error": {"type": "es_rejected_execution_exception"}}
        if pair[0] in {identity for identity, _ in self.taken}:
            self.conflicts += 1
            return {"status": 409, "error": {"type": "version_conflict_engine_exception"}}
        self.taken.append(pair)
        return {"status": 201}


class FakeLoki(FakeSink):
    """`taken` are (labels, nanoseconds, line, metadata); what is there already, with time and text, is kept once."""

    path = "/loki/api/v1/push"
    content_type = "application/json"

    def parse(self, request: web.Request, body: bytes) -> list[Any]:
        (root,) = json.loads(body).items()
        assert root[0] == "streams"
        entries = []
        for stream in root[1]:
            assert sorted(stream) == ["stream", "values"]
            labels = stream["stream"]
            assert labels
            assert len(labels) <= 15
            assert all(isinstance(value, str) for value in labels.values())
            for time, line, metadata in stream["values"]:
                assert isinstance(time, str)
                assert time.isdigit()
                assert len(time) == 19, "nanoseconds"
                assert isinstance(line, str)
                assert all(isinstance(value, str) for value in metadata.values())
                entries.append((labels, int(time), line, metadata))
        return entries

    def answer(self, documents: list[Any], *, is_partial: bool) -> web.Response:
        for number, entry in enumerate(documents):
            if not (is_partial and number == 1) and entry not in self.taken:
                self.taken.append(entry)
        if is_partial:
            reason = "entry with timestamp ... ignored, reason: 'entry too far behind',\nuser 'fake', "
            return web.Response(status=400, text=f"{reason}total ignored: 1 out of {len(documents)} for stream: {{}}")
        return web.Response(status=204)


class FakeSplunk(FakeSink):
    """`taken` are envelopes."""

    path = "/services/collector/event"
    content_type = "application/json"
    keys = frozenset({"time", "host", "source", "sourcetype", "index", "fields", "event"})

    def __init__(self, token: str = "a-collector-token") -> None:
        super().__init__(f"Splunk {token}")

    def parse(self, request: web.Request, body: bytes) -> list[Any]:
        decoder, text, at = json.JSONDecoder(), body.decode(), 0
        envelopes = []
        while at < len(text):
            envelope, at = decoder.raw_decode(text, at)
            assert self.keys.issuperset(envelope), sorted(envelope)
            assert envelope["event"], "code 12: event field is required"
            assert float(envelope["time"]) > 1e9, "seconds since the epoch"
            assert all(isinstance(value, str) for value in envelope.get("fields", {}).values())
            envelopes.append(envelope)
        assert envelopes, "code 5: no data"
        return envelopes

    def answer(self, documents: list[Any], *, is_partial: bool) -> web.Response:
        if is_partial:
            self.taken += documents[:1]
            body = {"text": "Invalid data format", "code": 6, "invalid-event-number": 1}
            return web.json_response(body, status=400)
        self.taken += documents
        return web.json_response({"text": "Success", "code": 0})


class FakeLogstash(FakeSink):
    """`taken` are events. Its http input takes a request whole: in part it cannot fail, so it throttles instead."""

    path = "/"
    content_type = "application/json"

    def parse(self, request: web.Request, body: bytes) -> list[Any]:
        events: list[Any] = json.loads(body)
        assert isinstance(events, list)
        assert all(isinstance(event, dict) for event in events)
        return events

    def answer(self, documents: list[Any], *, is_partial: bool) -> web.Response:
        if is_partial:
            return web.Response(status=429)
        self.taken += documents
        return web.Response(text="ok")


class FakeOtlp(FakeSink):
    """`taken` are log records, decoded by the official definitions."""

    path = "/v1/logs"
    content_type = "application/x-protobuf"

    def __init__(self) -> None:
        super().__init__()
        self.resources: list[Any] = []

    def parse(self, request: web.Request, body: bytes) -> list[Any]:
        decoded = ExportLogsServiceRequest.FromString(body)
        records = []
        for resource in decoded.resource_logs:
            self.resources.append(resource.resource)
            for scope in resource.scope_logs:
                records += scope.log_records
        assert records, "an export of nothing"
        for record in records:
            assert record.time_unix_nano > 10**18
            assert len(record.trace_id) in {0, 16}
            assert len(record.span_id) in {0, 8}
            assert len({pair.key for pair in record.attributes}) == len(record.attributes)
        return records

    def answer(self, documents: list[Any], *, is_partial: bool) -> web.Response:
        response = ExportLogsServiceResponse()
        if is_partial:
            response.partial_success.rejected_log_records = 1
            response.partial_success.error_message = "one is not wanted"
        self.taken += [record for number, record in enumerate(documents) if not (is_partial and number == 1)]
        return web.Response(body=response.SerializeToString(), content_type=self.content_type)


FAKES: Final[dict[str, Callable[[], FakeSink]]] = {
    "elasticsearch": FakeElasticsearch,
    "loki": FakeLoki,
    "splunk": FakeSplunk,
    "logstash": FakeLogstash,
    "otlp": FakeOtlp,
}
"""By the key that the kind of sink has in the configuration."""
